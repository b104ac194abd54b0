"""Several faults at once."""

from __future__ import annotations

import time

from bench.chaos.garbage import spoil
from bench.chaos.world import NODES, World

PAUSE_SECONDS = 14.0


def several(world: World) -> str:
    """A broker dies, a stage hangs, others are killed, connections are cut, records are spoiled; all within 14 s."""
    node = world.chance.randint(1, NODES)
    world.spoiled.update(spoil(world.hurt.cluster, world.chance, 1))
    stages = world.hurt.stages()
    paused = world.chance.choice([name for name in stages if not name.startswith("deliver")])
    world.supervisor.pause(paused)
    world.nodes.kill(node)
    killed = [name for name in (*stages, *world.channels, "peer") if name != paused and world.chance.random() < 0.4]
    until = time.monotonic() + PAUSE_SECONDS
    for name in killed:
        world.supervisor.kill(name)
        world.chance.choice(world.brokers).cut()
        time.sleep(0.3)
    world.launch(node)
    time.sleep(max(0.0, until - time.monotonic()))
    world.supervisor.resume(paused)
    world.over()
    return f"node {node} and {', '.join(killed)} killed, {paused} paused, connections cut, records spoiled"


def everything(world: World) -> str:
    """Every process of ours and two of three brokers at the same moment: a power cut, but for the disks."""
    nodes = world.chance.sample(range(1, NODES + 1), 2)
    for node in nodes:
        world.nodes.kill(node)
    names = [*world.hurt.stages(), *world.channels, "peer"]
    for name in names:
        world.supervisor.kill(name)
    time.sleep(1)
    world.over()
    world.launch(*nodes)
    return f"nodes {' and '.join(map(str, sorted(nodes)))}, and {len(names)} processes"
