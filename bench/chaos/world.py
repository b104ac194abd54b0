"""Everything that a run starts: two Switchboards on the same places, one of which is hurt; the peer; the load."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import httpx

from bench.chaos import peer, tee
from bench.chaos.boards import Board, start
from bench.chaos.clock import Clock
from bench.chaos.disk import Disk, disk
from bench.chaos.links import Link, Links
from bench.chaos.load import Load
from bench.chaos.nodes import Nodes
from bench.chaos.plan import PACE
from bench.chaos.processes import Supervisor
from bench.chaos.sources import Sources
from bench.chaos.tape import PEER_OUTPUT, Tape
from bench.chaos.voices import Voices
from normalizer.cluster import Cluster, TopicSpec
from ops.engine.kafka import Engine
from ops.topics import declare
from tests.servers.postgres import PostgresServer

NODES = 3
START_SECONDS = 300.0
ROOT = Path(__file__).parents[2]

Say = Callable[[str], None]


class World:
    """All of it, for as long as the context. The attributes are what faults take hold of.

    `ended` is when the fault of this round was over (monotonic), None before; `spoiled` counts the garbage by topic; `left` are
    workers that a fault has added and that stay until the next round; `starting` are nodes that it has killed and launched again.
    """

    def __init__(self, folder: Path, seed: int, rate: float, say: Say, channels: Sequence[str] = tuple(PACE)) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.say = say
        self.channels = tuple(channels)
        self.ended: float | None = None
        self.spoiled: Counter[str] = Counter()
        self.left: tuple[str, ...] = ()
        self.starting: tuple[int, ...] = ()
        self._seed, self._rate = seed, rate
        self._stack = ExitStack()

    nodes: Nodes
    brokers: list[Link]
    imap: Link
    postgres: PostgresServer
    database: Link
    supervisor: Supervisor
    hurt: Board
    calm: Board
    load: Load
    tape: Tape
    store_disk: Disk
    blob_disk: Disk
    clock: Clock

    def __enter__(self) -> World:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def begin(self) -> None:
        """A new round, without the workers that the last one had added."""
        self.ended = None
        for name in self.left:
            self.supervisor.remove(name)
        self.left = ()

    def over(self) -> None:
        """The fault is over now; what follows is recovery."""
        self.ended = time.monotonic()

    def launch(self, *nodes: int) -> None:
        """Start killed nodes again. Nobody waits until they are back but the verdict: messages need not either."""
        self.starting += nodes
        for node in nodes:
            self.nodes.launch(node)

    def await_back(self) -> list[str]:
        """Wait until all that were launched are back in the cluster; nothing to complain of."""
        starting, self.starting = self.starting, ()
        for node in starting:
            self.nodes.await_back(node)
        return []

    def _start(self) -> None:
        enter = self._stack.enter_context
        self.say("starting three Kafka nodes, and one for the Switchboard that is left alone")
        links = enter(Links())
        self.brokers = [links.link() for _ in range(NODES)]
        self.nodes = Nodes(self.folder / "nodes", self.brokers)
        enter(self.nodes)
        calm_engine = enter(Engine(self.folder / "calm-node", port=0))
        self.say("starting the mail server and the stand-ins of the vendors")
        sources = enter(Sources(self.folder))
        self.imap = links.link(sources.imap.port)
        self.store_disk = enter(disk(self.folder / "hurt" / "store"))
        self.blob_disk = enter(disk(self.folder / "hurt" / "blobs"))
        cluster = Cluster(brokers=self.nodes.through, replication=NODES, min_insync_replicas=2)
        (self.folder / "postgres").mkdir()
        self.postgres = enter(PostgresServer(self.folder / "postgres"))
        self.database = links.link(self.postgres.port)
        url = self.postgres.url().replace(f":{self.postgres.port}/", f":{self.database.port}/")
        self.hurt = Board(self.folder / "hurt", cluster, self._of(sources.accounts(self.imap.port)), url)
        self.calm = Board(self.folder / "calm", Cluster(brokers=calm_engine.brokers), self._of(sources.accounts()))
        self.clock = Clock(self.folder / "time")
        for board in (self.hurt, self.calm):
            board.declare()
        self.say(f"starting {len(self.channels)} connectors and the stages, each a process; and the others in two")
        self.supervisor = enter(Supervisor(self.folder))
        declare(cluster, (), [TopicSpec(PEER_OUTPUT, 24)])
        self._launch(cluster)
        self.tape = Tape(cluster, self.channels)
        base = self._await_doors()
        door = enter(tee.running({channel: self.hurt.door(channel) for channel in self.channels}, base))
        sources.subscribe(door, self.channels)
        chats = (self.hurt.door("webchat"), base) if "webchat" in self.channels else ()
        voices = Voices(sources, door, chats, f"{self._seed:x}.{time.time_ns():x}")
        self.load = Load({channel: voices.of(channel) for channel in self.channels}, self._seed, self._rate)
        self._stack.callback(self.load.close)
        self._stack.callback(voices.close)

    def _of(self, accounts: dict[str, dict[str, dict[str, object]]]) -> dict[str, dict[str, dict[str, object]]]:
        return {channel: accounts[channel] for channel in self.channels}

    def _launch(self, cluster: Cluster) -> None:
        start(self.supervisor, self.hurt, self.channels)
        self.supervisor.start("calm.stages", self.calm.stage("all"))
        connectors = self.calm.connector("all")
        self.supervisor.start("calm.connectors", connectors)
        arguments = [cluster.brokers, cluster.namespace, str(cluster.replication)]
        self.supervisor.start("peer", [sys.executable, "-m", peer.__name__, *arguments], {"PYTHONPATH": str(ROOT)})

    def _await_doors(self) -> str:
        base = self.calm.door("all")
        self._await([base, *(self.hurt.door(channel) for channel in self.channels)])
        return base

    def _await(self, doors: Sequence[str]) -> None:
        deadline = time.monotonic() + START_SECONDS
        waiting = [
            door for door, channel in zip(doors, ("all", *self.channels), strict=True) if channel not in DOORLESS
        ]
        while waiting := [door for door in waiting if not _healthy(door)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer from {', '.join(waiting)} in {START_SECONDS:.0f} s: see {self.folder}")
            time.sleep(0.2)


DOORLESS = ("mail", "x", "filedrop")
"""The channels that are only polled: their processes listen nowhere."""


def _healthy(door: str) -> bool:
    try:
        return httpx.get(f"{door}/healthz", trust_env=False, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
