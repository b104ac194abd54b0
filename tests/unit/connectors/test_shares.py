"""Who has an account, as Kafka gives and takes it, with a Kafka that says what a test wants."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from connectors._base import Page, Poller
from connectors._blobs import BlobStore
from connectors._board import Board
from connectors._membership import REBALANCE, SESSION, Holder
from connectors._memory import MemoryKafka
from connectors._persist import Pauses
from connectors._shares import Shares, partition_of
from connectors._sources import Sources
from normalizer.cluster import ACCOUNTS, TOPICS
from normalizer.events import Message, RawEvent
from tests.servers.topic import wait

pytestmark = pytest.mark.slow

PARTITIONS = next(spec.partitions for spec in TOPICS if spec.name == ACCOUNTS) or 0
ALL = set(range(PARTITIONS))


class NoSettings(msgspec.Struct, frozen=True):
    """None."""


class Endless(Poller[NoSettings]):
    """Looks again and again; hangs, deaf to everything, while `deaf` is clear."""

    channel = "list"
    settings_type = NoSettings

    def __init__(self, account: str, blobs: BlobStore) -> None:
        super().__init__(account, NoSettings(), blobs)
        self.looks = 0
        self.running = 0
        self.deaf = threading.Event()
        self.deaf.set()
        self.hangs = False

    def sources(self) -> Sequence[str]:
        """One."""
        return ("all",)

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Pages whose position is the number of the look."""
        del source
        at = int(position or 0)
        self.running += 1
        try:
            while not stop.is_set():
                at += 1
                self.looks += 1
                yield Page((), at)
                self.hangs = not self.deaf.is_set()
                self.deaf.wait()
                self.hangs = False
                stop.wait(0.01)
        finally:
            self.running -= 1

    @staticmethod
    def read(_: RawEvent) -> tuple[Message, ...]:
        """Nothing."""
        return ()


class Kafka:
    """The other members, and Kafka, as seen from this one."""

    partitions = PARTITIONS
    problem = ""

    def __init__(self) -> None:
        self.answer: bool | None = True
        self.now = 1000.0
        self.holder: Holder

    def start(self, holder: Holder) -> None:
        """Nothing is given yet."""
        self.holder = holder

    def close(self, seconds: float) -> None:
        """Nothing is left."""

    def confirmed(self, partition: int) -> bool | None:
        """What the test says."""
        del partition
        return self.answer

    def take(self) -> threading.Event:
        """Take everything; set once it has been given up."""
        given_up = threading.Event()
        self.holder.revoked(ALL, given_up.set)
        return given_up


class Scene(msgspec.Struct):
    """One member with one account."""

    kafka: Kafka
    poller: Endless
    memory: MemoryKafka
    board: Board
    shares: Shares
    taken_over: list[int]

    def saves(self) -> bool:
        """Whether positions are still saved."""
        before = self.memory.positions.get("list/main/all")
        threading.Event().wait(0.05)
        return self.memory.positions.get("list/main/all") != before


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """A member to which nothing was given yet."""
    kafka, memory, board = Kafka(), MemoryKafka(), Board("edge-1")
    poller = Endless("main", BlobStore(folder.as_uri()))
    sources = Sources([poller], memory, memory, board, Pauses(first=0.01, longest=0.02, patience=0.02))
    taken_over: list[int] = []
    shares = Shares(kafka, lambda: taken_over.append(1), lambda: kafka.now)
    shares.start(sources)
    try:
        yield Scene(kafka, poller, memory, board, shares, taken_over)
    finally:
        poller.deaf.set()
        sources.close(5)
        shares.close()


def test_an_account_is_read_once_it_was_given_and_kafka_has_confirmed_it(tmp_path: Path) -> None:
    """Not before; and the cursors are read anew first."""
    with scene(tmp_path) as it:
        assert not it.shares.ours("list/main")
        it.kafka.answer = None
        it.kafka.holder.granted(ALL)
        threading.Event().wait(0.15)
        assert it.poller.looks == 0
        it.kafka.answer = True
        it.kafka.now += 2
        wait(lambda: it.poller.looks > 3, 5)
        assert it.taken_over == [1]
        assert [(each.name, each.edge) for each in it.board.health()] == [("list/main/all", "edge-1")]


def test_what_is_taken_is_given_up_after_it_has_finished(tmp_path: Path) -> None:
    """The page in hand is saved; then nobody here reports of it any more."""
    with scene(tmp_path) as it:
        it.kafka.holder.granted(ALL)
        wait(lambda: it.poller.looks > 3, 5)
        it.poller.deaf.clear()
        wait(lambda: it.poller.hangs, 5)
        given_up = it.kafka.take()
        assert not given_up.wait(0.2)
        assert it.shares.ours("list/main")
        it.poller.deaf.set()
        assert given_up.wait(5)
        assert (it.poller.running, it.board.health(), it.shares.ours("list/main")) == (0, [], False)


def test_a_source_that_never_ends_is_given_up_in_time_and_can_do_no_harm(tmp_path: Path) -> None:
    """Before Kafka would take it; what it does later is dropped, and it is not begun a second time beside itself."""
    with scene(tmp_path) as it:
        it.kafka.holder.granted(ALL)
        wait(lambda: it.poller.looks > 3, 5)
        it.poller.deaf.clear()
        wait(lambda: it.poller.hangs, 5)
        given_up = it.kafka.take()
        for _ in range(int(REBALANCE) - 1):  # Kafka confirms all the while that this is a member
            it.kafka.now += 1
            if given_up.wait(0.01):
                break
        assert given_up.wait(5)
        assert not it.shares.ours("list/main")
        it.kafka.holder.granted(ALL)
        threading.Event().wait(0.15)
        assert it.poller.running == 1
        it.poller.deaf.set()
        wait(it.saves, 5)
        assert it.poller.running == 1


@pytest.mark.parametrize("answer", [None, False, True])
def test_a_process_that_was_paused_reads_nothing_until_kafka_has_confirmed_it(
    tmp_path: Path, answer: bool | None
) -> None:
    """It needs nobody to tell it: its lease has run out. Whatever Kafka says then, its sources start anew."""
    with scene(tmp_path) as it:
        it.kafka.holder.granted(ALL)
        wait(lambda: it.poller.looks > 3, 5)
        it.kafka.answer = answer
        it.kafka.now += SESSION
        assert not it.shares.ours("list/main")
        if not answer:
            wait(lambda: it.poller.running == 0, 5)
            assert not it.saves()
        it.kafka.answer = True
        it.kafka.now += 2
        wait(it.saves, 5)
        assert it.taken_over == [1, 1]


def test_what_was_lost_is_somebody_elses(tmp_path: Path) -> None:
    """Kafka has given it away already, so nothing is published or saved from that moment."""
    with scene(tmp_path) as it:
        it.kafka.holder.granted(ALL)
        wait(lambda: it.poller.looks > 3, 5)
        it.kafka.holder.lost()
        assert not it.shares.ours("list/main")
        wait(lambda: it.poller.running == 0 and it.board.health() == [], 5)


def test_why_nothing_is_shared_out_is_a_problem(tmp_path: Path) -> None:
    """For `/healthz`."""
    with scene(tmp_path) as it:
        assert it.shares.problems() == []
        it.kafka.problem = "Kafka is away"
        assert it.shares.problems() == ["Kafka is away"]


@pytest.mark.parametrize("processes", [2, 3, 5])
def test_accounts_spread_evenly(processes: int) -> None:
    """300 accounts, and as many partitions for each process: within a quarter of the even share."""
    counts = Counter(partition_of(f"mail/box-{number}", PARTITIONS) % processes for number in range(300))
    assert all(abs(count - 300 / processes) < 75 / processes for count in counts.values())
    assert len(counts) == processes


def test_an_accounts_partition_never_changes() -> None:
    """Processes of different versions must agree on it."""
    assert [partition_of(name, 48) for name in ("mail/support", "sms/main", "x/shop")] == [10, 13, 20]
