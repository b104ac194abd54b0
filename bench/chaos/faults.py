"""The faults. Each hurts a world, undoes what it did, and says by `World.over` when it was over; then traffic recovers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import zip_longest

import msgspec

from bench.chaos import storms
from bench.chaos.clock import REMEDY
from bench.chaos.disk import Disk
from bench.chaos.garbage import spoil
from bench.chaos.links import Link
from bench.chaos.nodes import leads
from bench.chaos.world import NODES, World
from normalizer.events import Message

PAUSE_SECONDS = 14.0
"""Longer than the session timeouts of stages and of shared accounts (12 s)."""
DISK_SECONDS = 6.0
CUT_SECONDS, CUT_EVERY = 6.0, 0.5
DELAY_SECONDS, DELAY = 8.0, 0.3
JOIN_SECONDS, TAKEN_SECONDS = 5.0, 4.0
TAKEN_OVER = ("normalize", "thread", "route", "ledger")
AWAY_SECONDS = 10.0
CRASH_SECONDS = 4.0
CHANGED_SECONDS = 90.0
JUMP = 90
"""Seconds: within what signatures allow for clocks that differ."""


class NotInjected(Exception):
    """This machine cannot have this fault; the text says why and what is missing."""


class Fault(msgspec.Struct, frozen=True):
    """`inject` hurts the world and returns a detail for the report."""

    name: str
    kind: str
    inject: Callable[[World], str]
    peer: bool = False
    """Whether the peer met the same fault."""


def faults(channels: Iterable[str], stages: Iterable[str]) -> list[Fault]:
    """All of them: one at a time, and several at once."""
    channels, stages = list(channels), list(stages)
    return [
        *(Fault(f"kill stage {name}", "kill", _kill(name), peer=name == "normalize") for name in stages),
        *(Fault(f"kill connector {name}", "kill", _kill(name)) for name in channels),
        *(Fault(f"kill broker {node}", "broker", _kill_broker(node), peer=True) for node in range(1, NODES + 1)),
        Fault("kill the leader of the busiest partition", "broker", _kill_leader, peer=True),
        *(Fault(f"pause stage {name}", "pause", _pause(name), peer=name == "normalize") for name in stages),
        *(Fault(f"pause connector {name}", "pause", _pause(name)) for name in ("mail", "x") if name in channels),
        *(Fault(f"take over from a paused {name}", "pause", _take_over(name)) for name in stages if name in TAKEN_OVER),
        Fault("pause broker", "pause", _pause_broker, peer=True),
        Fault("full disk of the ticket store", "disk", _fill_store),
        Fault("full disk of the blob store", "disk", _fill_blobs),
        Fault("cut connections to Kafka", "link", _cut, peer=True),
        Fault("delay Kafka", "link", _delay, peer=True),
        Fault("no way to Kafka", "link", _away, peer=True),
        *([Fault("cut connections to IMAP", "link", _cut_imap)] if "mail" in channels else []),
        Fault("crash PostgreSQL", "database", _crash_postgres),
        Fault("cut connections to PostgreSQL", "link", _cut_postgres),
        Fault("move the clock", "clock", _move_clock),
        Fault("add and remove workers", "workers", _workers),
        Fault("spoil records", "records", _spoil, peer=True),
        Fault("several at once", "storm", storms.several, peer=True),
        Fault("everything is killed", "storm", storms.everything, peer=True),
    ]


QUICK = ("kill stage normalize", "kill stage route", "kill connector mail", "kill broker 2", "cut connections to Kafka",
         "spoil records")  # fmt: skip


def chosen(every: Iterable[Fault], wanted: Iterable[str]) -> Iterator[Fault]:
    """Those whose name begins with one of these, or all of them when none is given; `kill stage` is four."""
    prefixes = tuple(wanted) or ("",)
    return (fault for fault in every if fault.name.startswith(prefixes))


def by_turns(every: Iterable[Fault]) -> Iterator[Fault]:
    """One of each kind, then the next of each: a run that ends early has had all kinds."""
    kinds: dict[str, list[Fault]] = {}
    for fault in every:
        kinds.setdefault(fault.kind, []).append(fault)
    return (fault for turn in zip_longest(*kinds.values()) for fault in turn if fault is not None)


def _kill(name: str) -> Callable[[World], str]:
    def inject(world: World) -> str:
        world.supervisor.kill(name)
        if name == "normalize":
            world.supervisor.kill("peer")
        world.over()
        return "kill -9"

    return inject


def _pause(name: str) -> Callable[[World], str]:
    def inject(world: World) -> str:
        names = (name, "peer") if name == "normalize" else (name,)
        for each in names:
            world.supervisor.pause(each)
        time.sleep(PAUSE_SECONDS)
        for each in names:
            world.supervisor.resume(each)
        world.over()
        return f"SIGSTOP for {PAUSE_SECONDS:g} s"

    return inject


def _take_over(name: str) -> Callable[[World], str]:
    """The paused one still has a batch in hand when it goes on, and its partitions are another's by then."""

    def inject(world: World) -> str:
        second = f"{name}.2"
        world.supervisor.start(second, world.hurt.stage(name))
        time.sleep(JOIN_SECONDS)
        world.supervisor.pause(name)
        time.sleep(PAUSE_SECONDS + TAKEN_SECONDS)
        world.supervisor.resume(name)
        world.over()
        world.left = (second,)
        return f"SIGSTOP for {PAUSE_SECONDS + TAKEN_SECONDS:g} s, while a second one takes its partitions"

    return inject


def _kill_broker(node: int) -> Callable[[World], str]:
    def inject(world: World) -> str:
        led = _led(world, node)
        world.nodes.kill(node)
        time.sleep(2)
        world.over()
        world.launch(node)
        return f"kill -9, 2 s away; {led}"

    return inject


def _kill_leader(world: World) -> str:
    consumed = world.tape.busiest
    leader = leads(world.hurt.cluster.brokers, world.hurt.cluster.named(Message.topic))[consumed]
    return f"{Message.topic}/{consumed}: node {leader}; " + _kill_broker(leader)(world)


def _led(world: World, node: int) -> str:
    led = leads(world.hurt.cluster.brokers, world.hurt.cluster.named(Message.topic))
    return f"it led {sum(leader == node for leader in led.values())} of {len(led)} partitions of {Message.topic}"


def _pause_broker(world: World) -> str:
    node = world.chance.randint(1, NODES)
    led = _led(world, node)
    world.nodes.pause(node)
    time.sleep(PAUSE_SECONDS)
    world.nodes.resume(node)
    world.over()
    return f"SIGSTOP of node {node} for {PAUSE_SECONDS:g} s; {led}"


def _fill_store(world: World) -> str:
    deliver = [world.supervisor.pid(name) for name in world.supervisor.processes if name.startswith("deliver")]
    with closing(sqlite3.connect(world.hurt.store)) as connection:  # what it has reserved would take in some more
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return _filling(world, world.store_disk, deliver)


def _fill_blobs(world: World) -> str:
    writers = [world.supervisor.pid(name) for name in ("normalize", *world.channels)]
    return _filling(world, world.blob_disk, writers)


def _filling(world: World, disk: Disk, writers: Sequence[int]) -> str:
    disk.fill(writers)
    time.sleep(DISK_SECONDS)
    disk.free(writers)
    world.over()
    return f"{disk.how} for {DISK_SECONDS:g} s"


def _cut(world: World) -> str:
    return _cutting(world, world.brokers)


def _cut_imap(world: World) -> str:
    return _cutting(world, [world.imap])


def _cut_postgres(world: World) -> str:
    return _cutting(world, [world.database])


def _cutting(world: World, links: Sequence[Link]) -> str:
    before = sum(link.cuts for link in links)
    until = time.monotonic() + CUT_SECONDS
    while time.monotonic() < until:
        world.chance.choice(links).cut()
        time.sleep(CUT_EVERY)
    world.over()
    return f"{sum(link.cuts for link in links) - before} connections within {CUT_SECONDS:g} s"


def _crash_postgres(world: World) -> str:
    world.postgres.stop(at_once=True)
    time.sleep(CRASH_SECONDS)
    world.over()
    world.postgres.start()
    return f"ended at once, {CRASH_SECONDS:g} s away"


def _delay(world: World) -> str:
    for link in world.brokers:
        link.delay = DELAY
    time.sleep(DELAY_SECONDS)
    for link in world.brokers:
        link.delay = 0.0
    world.over()
    return f"{1000 * DELAY:.0f} ms more each way for {DELAY_SECONDS:g} s"


def _away(world: World) -> str:
    for link in world.brokers:
        link.refuses = True
        link.cut()
    time.sleep(AWAY_SECONDS)
    for link in world.brokers:
        link.refuses = False
    world.over()
    return f"all connections cut, new ones refused, for {AWAY_SECONDS:g} s"


def _move_clock(world: World) -> str:
    if world.clock.library is None:
        raise NotInjected(REMEDY)
    names = [name for name in ("sms", "webform", "webhook", "mail") if name in world.channels] + world.hurt.stages()
    starts = {name: world.supervisor.starts(name) for name in names}
    for name in names:
        world.supervisor.change(name, world.clock.environment)
    until = time.monotonic() + CHANGED_SECONDS
    while any(world.supervisor.starts(name) == starts[name] for name in names):
        if time.monotonic() > until:
            raise TimeoutError(f"not all of {', '.join(names)} run again in {CHANGED_SECONDS:g} s")
        time.sleep(0.2)
    for seconds in (JUMP, -JUMP, 0):
        world.clock.move(seconds)
        time.sleep(4)
    world.over()
    for name in names:
        world.supervisor.change(name, {})
    return f"{JUMP} s forth, {2 * JUMP} s back and {JUMP} s forth, for {len(names)} processes"


def _workers(world: World) -> str:
    stages = [name for name in world.hurt.stages() if not name.startswith("deliver")]
    for name in stages:
        world.supervisor.start(f"{name}.2", world.hurt.stage(name))
    polled = [name for name in ("mail", "x") if name in world.channels]
    for name in polled:
        world.supervisor.start(f"{name}.2", world.hurt.connector(name))
    time.sleep(5)
    world.supervisor.kill(stages[0])
    time.sleep(1)
    world.left = tuple(f"{name}.2" for name in (*stages, *polled))
    for name in world.left:
        world.supervisor.remove(name)
    world.left = ()
    world.over()
    return f"{', '.join((*stages, *polled))}: one more joined, {stages[0]} was killed while they did, they left"


def _spoil(world: World) -> str:
    found = spoil(world.hurt.cluster, world.chance, 3)
    world.spoiled.update(found)
    world.over()
    return f"{found.total()} records on {len(found)} topics"
