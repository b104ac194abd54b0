"""Stages on real Kafka, in this process: order, dead letters, memory, pause, and several at once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

import psutil
import pytest
from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # no types
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # no types

from normalizer.cluster import Cluster
from streams._record import RECORD_OVERHEAD, Output, Record
from streams._run import run, running
from streams._stage import Stage, topics_of
from streams._state import State
from streams._waiting import ROUND_BYTES
from streams._worker import Worker
from tests.e2e.stage_process import Count
from tests.e2e.stage_topics import INPUT, OUTPUT, Topics, committed, producing, until, work_through
from tests.servers.topic import records

pytestmark = pytest.mark.engine


def test_outputs_keep_the_order_of_each_key(cluster: Cluster, topics: Topics) -> None:
    """3,000 records of 20 keys come out per key as they went in, with a count that missed none."""
    topics(extra=topics_of(Count()))
    keys = [b"k%d" % (number % 20) for number in range(3000)]
    with producing(cluster) as send:
        send(*[(key, b"%d" % number) for number, key in enumerate(keys)])
    worker = work_through(Count(), cluster, 3000)
    by_key: dict[bytes, list[bytes]] = defaultdict(list)
    for record in records(cluster, OUTPUT):
        by_key[record.key].append(record.value)
    for number, key in enumerate(sorted(by_key, key=lambda key: int(key[1:]))):
        assert by_key[key] == [b"%s %d %d" % (key, number + 20 * turn, turn + 1) for turn in range(150)]
    assert committed(cluster, "count") == 3000
    assert (worker.progress.records, worker.progress.outputs) == (3000, 3000)


def test_a_bad_record_becomes_a_dead_letter_and_stops_no_other(cluster: Cluster, topics: Topics) -> None:
    """The bad one is in dead letters, whole; the good ones around it came through."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"bad"), (b"k", b"2"))
    worker = work_through(Count(), cluster, 3)
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2"]
    (letter,) = records(cluster, "dead.letters")
    marks = dict(letter.headers)
    assert (letter.key, letter.value, marks["h"]) == (b"k", b"bad", b"1")
    assert (marks["sb_stage"], marks["sb_reason"], marks["sb_offset"]) == (b"count", b"bad", b"1")
    assert worker.progress.dead_letters == 1


def test_a_stage_in_no_hurry_waits_for_a_round_and_no_longer(cluster: Cluster, topics: Topics) -> None:
    """What is of a round's size in bytes is taken at once, however few records that are; what is less waits for its time."""
    topics(extra=topics_of(Count()))
    stage, value, count = Count(), bytes(range(256)) * 24, 3000
    stage.pace = 3600.0
    fitting = ROUND_BYTES // (len(value) + 4 + RECORD_OVERHEAD)

    async def go() -> int:
        async with running([stage], cluster) as workers:
            worker = workers["count"]
            with producing(cluster) as send:
                send((b"k000", b"first"))
                await until(lambda: worker.progress.records == 1, worker)
                send(*[(b"k000", value)] * count)
            await until(lambda: worker.progress.records > count - fitting, worker)
            return worker.progress.records

    assert asyncio.run(go()) < count


def test_a_stage_remembers_after_a_restart(cluster: Cluster, topics: Topics) -> None:
    """The counts go on where they were, from the changelog alone."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        for turn in range(3):
            send(*[(b"k%d" % number, b"%d" % turn) for number in range(50)])
            work_through(Count(), cluster, 50)
    values = {record.value for record in records(cluster, OUTPUT)}
    assert values == {b"k%d %d %d" % (number, turn, turn + 1) for number in range(50) for turn in range(3)}


def test_what_was_done_and_not_committed_is_not_done_again(cluster: Cluster, topics: Topics) -> None:
    """A group whose commit was lost in a crash begins behind its memory, and leaves out what is done."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"2"))
        work_through(Count(), cluster, 2)
        _commit(cluster, "count", 0)
        send((b"k", b"3"))
    worker = work_through(Count(), cluster, 3)
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2", b"k 3 3"]
    assert worker.progress.skipped == 2


def _commit(cluster: Cluster, group: str, offset: int) -> None:
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, group_id=cluster.named(group), enable_auto_commit=False)
    parts = [TopicPartition(cluster.named(INPUT), number) for number in range(cluster.partitions)]
    consumer.assign(parts)
    for part in parts:
        consumer.seek(part, offset)
    consumer.commit({part: OffsetAndMetadata(offset, "", -1) for part in parts})
    consumer.close()


def test_a_paused_stage_takes_nothing_and_goes_on(cluster: Cluster, topics: Topics) -> None:
    """While it is paused nothing is processed; afterwards everything is, once."""
    topics(extra=topics_of(Count()))

    async def go() -> None:
        with producing(cluster) as send:
            async with running([Count()], cluster) as workers:
                worker = workers["count"]
                send((b"k", b"1"))
                await until(lambda: worker.progress.records == 1, worker)
                worker.pause()
                send((b"k", b"2"))
                await asyncio.sleep(0.5)  # long enough for a record to pass when it may
                assert (worker.progress.records, worker.progress.lag) == (1, 1)
                worker.resume()
                await until(lambda: worker.progress.records == 2, worker)
                assert worker.progress.lag == 0

    asyncio.run(go())
    assert [record.value for record in records(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2"]


def test_several_stages_in_one_process(cluster: Cluster, topics: Topics) -> None:
    """Each is a group of its own; what one gives the next one takes. None of them opens a port."""

    class Next(Stage):
        name = "next"
        inputs = (OUTPUT,)

        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - it remembers nothing
            return (Output("tickets.routed", record.key or b"", record.value),)

    topics(extra=topics_of(Count()))

    async def go() -> None:
        with producing(cluster) as send:
            before = _doors()
            async with running([Count(), Next()], cluster) as workers:
                assert _doors() == before
                send(*[(b"k%d" % number, b"1") for number in range(100)])
                await until(lambda: workers["next"].progress.records == 100)

    asyncio.run(go())
    assert len(records(cluster, "tickets.routed")) == 100


def _doors() -> set[int]:
    """The ports at which this process listens."""
    connections = psutil.Process().net_connections("inet")
    return {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}


def test_a_member_that_comes_and_goes_makes_no_repeats(cluster: Cluster, topics: Topics) -> None:
    """A stage without a memory gives each output once, however the partitions move while it works."""

    class Copy(Stage):
        name = "copy"
        inputs = (INPUT,)

        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - it remembers nothing
            time.sleep(0.0005)
            return (Output(OUTPUT, record.key or b"", record.value),)

    topics()
    with producing(cluster) as send:
        send(*[(b"k%d" % number, b"%d" % number) for number in range(8000)])

    async def go() -> None:
        async with running([Copy()], cluster) as workers:
            stays = workers["copy"]
            others = 0
            for _ in range(3):
                async with running([Copy()], cluster) as guests:
                    guest = guests["copy"]
                    await until(lambda guest=guest: guest.progress.batches >= 2 or stays.progress.lag == 0, guest)  # type: ignore[misc]  # its default is its type
                others += guest.progress.records
            await until(lambda: stays.progress.records + others >= 8000, stays)

    asyncio.run(go())
    assert Counter(record.value for record in records(cluster, OUTPUT)) == Counter(b"%d" % n for n in range(8000))


def test_a_thread_can_run_stages(cluster: Cluster, topics: Topics) -> None:
    """Outside the main thread an event says stop; the exit status is 0."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        send((b"k", b"1"))
    stop, status = threading.Event(), list[int]()
    found: list[Worker] = []
    thread = threading.Thread(
        target=lambda: status.append(run([Count()], cluster, ready=lambda w: found.append(w["count"]), stop=stop))
    )
    thread.start()
    asyncio.run(until(lambda: found and found[0].progress.records == 1))
    stop.set()
    thread.join(20)
    assert status == [0]
    assert committed(cluster, "count") == 1
