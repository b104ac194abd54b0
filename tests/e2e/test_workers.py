"""Processes that come, go and die while records flow: nothing is lost, and every count is right to the end.

The stage counts the records of each key. So a record that was lost, counted twice or counted with a memory that is
not the right one shows in the set of outputs, which must be the one and only right one. Repeats of equal outputs
are allowed after a crash.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import KafkaProducer  # type: ignore[import-untyped]  # no types

from normalizer.cluster import Cluster
from ops.engine.kafka import Engine
from streams._memory import Position
from streams._stage import state_topic, topics_of
from streams._state import END
from streams._waiting import ROUND_RECORDS
from tests.e2e.stage_process import Count
from tests.e2e.stage_topics import INPUT, OUTPUT, Topics, committed
from tests.servers.topic import records, wait

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
KEYS = 100
Spawn = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def spawn(cluster: Cluster, topics: Topics) -> Iterator[Spawn]:
    """Starts a worker process and returns when it has its partitions; all are gone after the test."""
    topics(extra=topics_of(Count()))
    started: list[subprocess.Popen[str]] = []

    def spawn(milliseconds: float, *folder: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.e2e.stage_process", cluster.brokers, cluster.namespace]
        process = subprocess.Popen([*command, str(milliseconds), *folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield spawn
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _produce(cluster: Cluster, count: int, after: int = 0) -> set[bytes]:
    """Send records and give the outputs that must come of them."""
    producer = KafkaProducer(bootstrap_servers=cluster.brokers, linger_ms=20)
    numbers = range(after, after + count)
    for number in numbers:
        producer.send(cluster.named(INPUT), key=b"k%d" % (number % KEYS), value=b"%d" % number)
    producer.flush()
    producer.close()
    return {b"k%d %d %d" % (number % KEYS, number, number // KEYS + 1) for number in numbers}


def _repeats(cluster: Cluster, expected: set[bytes]) -> int:
    found = Counter(record.value for record in records(cluster, OUTPUT))
    assert set(found) == expected
    return found.total() - len(expected)


def test_nothing_is_lost_when_a_worker_is_killed(cluster: Cluster, spawn: Spawn) -> None:
    """``kill -9`` in the middle, and another one goes on: every record is counted once, few are given again."""
    expected = _produce(cluster, 5_000)
    first = spawn(1)
    wait(lambda: committed(cluster, "count") > 500)
    first.kill()
    spawn(0.1)
    wait(lambda: committed(cluster, "count") == 5_000)
    assert _repeats(cluster, expected) <= ROUND_RECORDS


def test_a_worker_that_is_asked_to_leave_gives_nothing_twice(cluster: Cluster, spawn: Spawn) -> None:
    """SIGTERM in the middle: the batch in hand is finished and committed, the exit status is 0, no repeats."""
    expected = _produce(cluster, 5_000)
    first = spawn(1)
    wait(lambda: committed(cluster, "count") > 500)
    began = time.monotonic()
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    assert time.monotonic() - began < 10
    assert 500 < committed(cluster, "count") < 5_000
    spawn(0.1)
    wait(lambda: committed(cluster, "count") == 5_000)
    assert _repeats(cluster, expected) == 0


def test_workers_come_and_go(cluster: Cluster, spawn: Spawn, tmp_path: Path) -> None:
    """40,000 records, of which some must be left at each step, while a second worker joins, leaves, joins again and the first is killed.

    The partitions go there and back, and their memory with them, which all workers have in the same folder. Without
    the kill nothing is given twice.
    """
    expected, folder = _produce(cluster, 40_000), str(tmp_path)
    first = spawn(1, folder)
    wait(lambda: committed(cluster, "count") > 1_000)
    second = spawn(1, folder)
    joined = committed(cluster, "count")
    wait(lambda: committed(cluster, "count") > joined + 2_000)
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0
    left = committed(cluster, "count")
    wait(lambda: committed(cluster, "count") > left + 2_000)
    assert Counter(record.value for record in records(cluster, OUTPUT)).most_common(1)[0][1] == 1
    spawn(1, folder)
    joined = committed(cluster, "count")
    wait(lambda: committed(cluster, "count") > joined + 1_000)
    first.kill()
    wait(lambda: committed(cluster, "count") == 40_000)
    repeats = _repeats(cluster, expected)
    print(f"{repeats} of 40,000 outputs were given twice")
    assert repeats <= ROUND_RECORDS


def test_a_worker_that_was_paused_in_a_batch_changes_nothing(cluster: Cluster, spawn: Spawn) -> None:
    """It is stopped for longer than its session, another one goes on, and then it wakes with the batch still in hand.

    What it remembers of that batch is old by then. Had it written it, the next one to read the changelog would count wrong.
    """
    expected = _produce(cluster, 5_000)
    paused = spawn(10)  # a batch takes five seconds
    wait(lambda: committed(cluster, "count") > 0)
    paused.send_signal(signal.SIGSTOP)
    second = spawn(0.1)
    wait(lambda: committed(cluster, "count") == 5_000)
    paused.send_signal(signal.SIGCONT)
    paused.send_signal(signal.SIGTERM)
    assert paused.wait(60) == 0
    second.kill()
    spawn(0.1)
    expected |= _produce(cluster, 1_000, after=5_000)
    wait(lambda: committed(cluster, "count") == 6_000)
    assert _repeats(cluster, expected) <= ROUND_RECORDS


def test_a_worker_that_was_paused_with_nothing_in_hand_changes_nothing(cluster: Cluster, spawn: Spawn) -> None:
    """Records come while it stands still, so they are the first that it sees when it wakes; they are another's by then."""
    expected = _produce(cluster, 1_000)
    paused = spawn(0.1)
    wait(lambda: committed(cluster, "count") == 1_000)
    paused.send_signal(signal.SIGSTOP)
    expected |= _produce(cluster, 500, after=1_000)
    second = spawn(0.1)
    wait(lambda: committed(cluster, "count") == 1_500)
    paused.send_signal(signal.SIGCONT)
    expected |= _produce(cluster, 1_000, after=1_500)
    wait(lambda: committed(cluster, "count") == 2_500)
    assert paused.poll() is None
    second.send_signal(signal.SIGTERM)
    assert second.wait(20) == 0
    expected |= _produce(cluster, 500, after=2_500)
    wait(lambda: committed(cluster, "count") == 3_000)
    assert _repeats(cluster, expected) == 0


def test_what_a_worker_writes_that_lost_its_partition_is_left_out(cluster: Cluster, spawn: Spawn) -> None:
    """It was stopped within the write itself: its old values land behind those of its successor.

    Neither the successor that is at work nor the one after it may count on from them.
    """
    expected = _produce(cluster, 2_000)
    first = spawn(0.1)
    wait(lambda: committed(cluster, "count") == 2_000)
    first.kill()
    late = records(cluster, state_topic(Count()))
    second = spawn(0.1)
    expected |= _produce(cluster, 1_000, after=2_000)
    wait(lambda: committed(cluster, "count") == 3_000)
    _write(cluster, late)
    expected |= _produce(cluster, 1_000, after=3_000)
    wait(lambda: committed(cluster, "count") == 4_000)
    _write(cluster, late)
    second.kill()
    spawn(0.1)
    expected |= _produce(cluster, 1_000, after=4_000)
    wait(lambda: committed(cluster, "count") == 5_000)
    assert _repeats(cluster, expected) <= 2 * ROUND_RECORDS


def _write(cluster: Cluster, late: list[Any]) -> None:
    """Append to each partition of the changelog the last batch of these records of it."""
    producer = KafkaProducer(bootstrap_servers=cluster.brokers)
    for position in {record.partition: record for record in late if record.key.startswith(END)}.values():
        first = position.offset - msgspec.json.decode(position.value, type=Position).changes
        for record in late:
            if record.partition == position.partition and first <= record.offset <= position.offset:
                producer.send(record.topic, record.value, record.key, partition=record.partition)
    producer.flush()
    producer.close()


def test_a_worker_outlives_its_broker(cluster: Cluster, spawn: Spawn, engine: Engine) -> None:
    """The only broker is killed in the middle and comes back: the same process goes on, and nothing is lost."""
    expected = _produce(cluster, 4_000)
    worker = spawn(1)
    wait(lambda: committed(cluster, "count") > 500)
    engine.kill(1)
    engine.restart(1)
    wait(lambda: committed(cluster, "count") == 4_000)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert _repeats(cluster, expected) == 0
