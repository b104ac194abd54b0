"""Three processes share 300 polled accounts; one is killed and one is paused while items flow."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from kafka.future import Future  # type: ignore[import-untyped]  # it ships no types

from connectors._blobs import BlobStore
from connectors._edge import Edge, edge_on
from connectors._membership import SESSION, Membership
from normalizer.cluster import ACCOUNTS as TOPIC
from normalizer.cluster import Cluster
from normalizer.events import Cursor
from normalizer.wire import decode, header
from tests.e2e.shares_process import GROUP, Counted, Settings
from tests.servers.topic import records, wait

pytestmark = pytest.mark.engine

ACCOUNTS = 300
PROCESSES = 3
Topics = Callable[..., list[str]]


class Look(NamedTuple):
    """A look at an account by a process, until its page was saved; `end` is infinite for one that never was."""

    account: str
    begin: float
    end: float
    process: int


def test_processes_share_accounts_and_take_over(cluster: Cluster, topics: Topics, tmp_path: Path) -> None:
    """Each account has one owner at a time, whatever happens to the processes; nothing is lost.

    One process is killed with -9 and one paused for longer than its session: the third has all 300 within 30 s. The
    paused one goes on, finds that it owns nothing, reads nothing, and gets a share anew.
    """
    topics("counted")
    for number in range(ACCOUNTS):
        item(tmp_path, number)
    with processes(cluster, tmp_path) as (killed, paused, third), flowing(tmp_path) as stop:
        wait(lambda: all(60 <= len(owned(tmp_path, each.pid)) <= 140 for each in (killed, paused, third)), 60)
        paused.send_signal(signal.SIGSTOP)
        killed.kill()
        died = time.monotonic()
        wait(lambda: len(owned(tmp_path, third.pid)) == ACCOUNTS, SESSION + 18)
        paused.send_signal(signal.SIGCONT)
        resumed = time.monotonic()
        wait(lambda: len(owned(tmp_path, paused.pid, resumed + 3)) > 100, 30)
        stop()
        for number in range(ACCOUNTS):
            # A position that was on its way when its process was paused arrives behind those of the next owner, which saves
            # its own with the next item only.
            item(tmp_path, number)
        wait(lambda: places(cluster) == sizes(tmp_path), 30)
    arrived = Counter(
        f"{header(each.headers, 'ce_source')} {header(each.headers, 'ce_subject')}"
        for each in records(cluster, "raw.counted")
    )
    expected = {f"/counted/{name} {item}" for name, size in sizes(tmp_path).items() for item in range(1, size + 1)}
    assert set(arrived) == expected
    assert arrived.total() - len(expected) <= 20  # pages in hand when their process was killed or paused
    found = looks(tmp_path, {killed.pid: died})
    caught = [each for each in found if each.process == paused.pid and each.begin < died and each.end > resumed]
    assert len(caught) < 20
    assert overlaps([each for each in found if each not in caught]) == []


def test_a_process_that_is_asked_to_stop_hands_over_at_once(cluster: Cluster, topics: Topics, tmp_path: Path) -> None:
    """Nobody waits until its session has ended; and one that joins takes its share only, the rest is not disturbed."""
    topics("counted")
    with edges(cluster, tmp_path) as (first, second):
        first.start()
        wait(lambda: running(first) == 40, 30)
        began = {each.name for each in first.health()}
        second.start()
        wait(lambda: running(second) > 5 and running(first) + running(second) == 40, 30)
        assert all(each.received == 0 and each.errors == 0 for each in first.health() + second.health())
        assert {each.name for each in first.health()} < began
        asked = time.monotonic()
        assert first.stop()
        wait(lambda: running(second) == 40, 30)
        assert time.monotonic() - asked < SESSION
        assert second.stop()


def test_what_cannot_be_shared_out_is_told(cluster: Cluster, tmp_path: Path) -> None:
    """With the remedy, for `/healthz`; and nothing is polled."""
    nowhere = msgspec.structs.replace(cluster, brokers="127.0.0.1:9")
    with edges(cluster, tmp_path) as (undeclared, _), edges(nowhere, tmp_path) as (lost, _):
        undeclared.start()
        lost.start()
        wait(lambda: bool(undeclared.problems() and lost.problems()), 60)
        assert undeclared.problems() == [
            f"the topic {cluster.named(TOPIC)} is not declared: run `switchboard topics declare`"
        ]
        assert "cannot be shared out: " in lost.problems()[0]
        assert "check that Kafka is up; this is tried again" in lost.problems()[0]
        assert undeclared.health() == lost.health() == []
        assert undeclared.stop()
        assert lost.stop()


class _Noting:
    """Notes what it has, and how often it lost all."""

    def __init__(self) -> None:
        self.has: set[int] = set()
        self.losses = 0

    def granted(self, partitions: Set[int]) -> None:
        self.has |= partitions

    def revoked(self, partitions: Set[int], done: Callable[[], None]) -> None:
        self.has -= partitions
        done()

    def lost(self) -> None:
        self.has.clear()
        self.losses += 1


class _Impatient(Membership):
    unheard_seconds = 4.0


def test_a_client_that_waits_for_an_answer_for_ever_is_thrown_away(cluster: Cluster, topics: Topics) -> None:
    """As kafka-python was seen to do behind a connection that broke: no heartbeat and no commit came back any more."""
    topics("counted")
    holder, member = _Noting(), _Impatient(cluster, "deaf", TOPIC)
    member.start(holder)
    wait(lambda: bool(holder.has), 30)
    assert member._consumer is not None
    coordinator, whole = member._consumer._coordinator, set(holder.has)

    async def never(*_: object) -> None:
        await Future()

    coordinator._send_heartbeat_request = coordinator._send_offset_commit_request = never
    wait(lambda: holder.losses == 1 and holder.has == whole, 30)
    wait(lambda: member.confirmed(0) is True, 30)
    member.close(SESSION)


@contextmanager
def edges(cluster: Cluster, folder: Path) -> Iterator[list[Edge]]:
    """Two edges in this process that share 40 accounts."""
    notes = os.open(folder / "looks.0", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    blobs = BlobStore((folder / "blobs").as_uri())
    for number in range(40):
        (folder / f"a{number}").touch()
    accounts = [Counted(f"a{number}", Settings(str(folder), notes), blobs) for number in range(40)]
    made = [edge_on(cluster, accounts, GROUP) for _ in range(2)]
    try:
        yield [edge for edge, _ in made]
    finally:
        for _, publisher in made:
            publisher.close()
        os.close(notes)


def running(edge: Edge) -> int:
    """How many accounts an edge has looked at."""
    return sum(each.looked_at is not None for each in edge.health())


@contextmanager
def processes(cluster: Cluster, folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Edge processes on the accounts in a folder."""
    script = str(Path(__file__).with_name("shares_process.py"))
    command = [sys.executable, script, cluster.brokers, cluster.namespace, str(folder), str(ACCOUNTS)]
    started = [subprocess.Popen(command) for _ in range(PROCESSES)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


@contextmanager
def flowing(folder: Path) -> Iterator[Callable[[], None]]:
    """Items that come to any account all the time, until the call that this gives."""
    done, chance = threading.Event(), random.Random(11)

    def flow() -> None:
        while not done.wait(0.02):
            item(folder, chance.randrange(ACCOUNTS))

    thread = threading.Thread(target=flow)
    thread.start()

    def stop() -> None:
        done.set()
        thread.join()

    try:
        yield stop
    finally:
        stop()


def item(folder: Path, number: int) -> None:
    """One more in an account."""
    with (folder / f"a{number}").open("ab") as account:
        account.write(b"x")


def sizes(folder: Path) -> dict[str, int]:
    """How many items each account has."""
    return {f"a{number}": (folder / f"a{number}").stat().st_size for number in range(ACCOUNTS)}


def places(cluster: Cluster) -> dict[str, int]:
    """How many items of each account have been read."""
    cursors = [decode(Cursor, each.value, each.headers) for each in records(cluster, Cursor.topic)]
    return {cursor.account: msgspec.json.decode(cursor.position)["items"] for cursor in cursors}


def looks(folder: Path, died: dict[int, float]) -> list[Look]:
    """Every look that was noted, in the order of their beginnings."""
    found: list[Look] = []
    for notes in folder.glob("looks.*"):
        process = int(notes.suffix[1:])
        begun: dict[str, float] = {}
        for what, account, at in (line.split() for line in notes.read_text().splitlines()):
            if what == "begin":
                # A page that was never saved: the process stopped there, at its death or when it found that it is not its owner.
                begun[account] = float(at)
            else:
                found.append(Look(account, begun.pop(account), float(at), process))
        found += [Look(account, at, died.get(process, at), process) for account, at in begun.items()]
    return sorted(found, key=lambda look: look.begin)


def owned(folder: Path, process: int, since: float = 0.0) -> set[str]:
    """The accounts that a process has looked at within the last five seconds."""
    since = max(since, time.monotonic() - 5)
    notes = folder / f"looks.{process}"
    lines = notes.read_text().splitlines() if notes.exists() else []
    return {account for what, account, at in map(str.split, lines) if what == "end" and float(at) > since}


def overlaps(found: list[Look]) -> list[tuple[Look, Look]]:
    """Looks at the same account by two processes at the same time."""
    last: dict[str, Look] = {}
    pairs: list[tuple[Look, Look]] = []
    for look in found:
        before = last.get(look.account)
        if before and before.process != look.process and look.begin < before.end:
            pairs.append((before, look))
        if before is None or look.end >= before.end:
            last[look.account] = look
    return pairs
