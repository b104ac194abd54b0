"""Stages on real Kafka, in this process: order, dead letters, memory, pause, bugs and failures of delivery."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition  # type: ignore[import-untyped]  # no types

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Rejected, Retriable
from streams._outbox import DeliveryFailed
from streams._record import Output, Record
from streams._run import failure, run, running
from streams._stage import Stage, Writer, topics_of
from streams._state import State
from streams._worker import Worker
from tests.e2e.stage_process import Count

pytestmark = pytest.mark.engine

INPUT, OUTPUT = "messages.normalized", "messages.threaded"
Topics = Callable[..., list[str]]


@contextmanager
def producing(cluster: Cluster) -> Iterator[Callable[..., None]]:
    """Sends (key, value) pairs to the input, and returns when Kafka has them."""
    producer = KafkaProducer(bootstrap_servers=cluster.brokers, linger_ms=5)

    def send(*pairs: tuple[bytes, bytes], topic: str = INPUT, partition: int | None = None) -> None:
        for key, value in pairs:
            producer.send(cluster.named(topic), key=key, value=value, headers=[("h", b"1")], partition=partition)
        producer.flush()

    yield send
    producer.close()


def contents(cluster: Cluster, topic: str) -> list[Any]:
    """All records of a topic up to its present end, in order per partition."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        parts = [TopicPartition(cluster.named(topic), number) for number in range(cluster.partitions)]
        consumer.assign(parts)
        ends = consumer.end_offsets(parts)
        consumer.seek_to_beginning()
        found: list[Any] = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(200).values():
                found.extend(records)
        return found
    finally:
        consumer.close()


def committed(cluster: Cluster, group: str, topic: str = INPUT) -> int:
    """The sum of a group's committed offsets."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, group_id=cluster.named(group), enable_auto_commit=False)
    try:
        parts = [TopicPartition(cluster.named(topic), number) for number in range(cluster.partitions)]
        return sum(consumer.committed(part) or 0 for part in parts)
    finally:
        consumer.close()


async def until(condition: Callable[[], object], worker: Worker | None = None, seconds: float = 30) -> None:
    """Wait for a condition; the error of a stage that failed meanwhile is raised."""
    async with asyncio.timeout(seconds):
        while not condition():
            if worker is not None and worker.failed.done():
                worker.failed.result()
            await asyncio.sleep(0.02)


def work_through(stage: Stage | Writer, cluster: Cluster, records: int) -> Worker:
    """Run a stage until it has processed so many records; returns its worker, stopped."""

    async def go() -> Worker:
        async with running([stage], cluster) as workers:
            worker = workers[stage.name]
            await until(lambda: worker.progress.records >= records, worker)
        return worker

    return asyncio.run(go())


def test_outputs_keep_the_order_of_each_key(cluster: Cluster, topics: Topics) -> None:
    """3,000 records of 20 keys come out per key as they went in, with a count that missed none."""
    topics(extra=topics_of(Count()))
    keys = [b"k%d" % (number % 20) for number in range(3000)]
    with producing(cluster) as send:
        send(*[(key, b"%d" % number) for number, key in enumerate(keys)])
    worker = work_through(Count(), cluster, 3000)
    by_key: dict[bytes, list[bytes]] = defaultdict(list)
    for record in contents(cluster, OUTPUT):
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
    assert [record.value for record in contents(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2"]
    (letter,) = contents(cluster, "dead.letters")
    marks = dict(letter.headers)
    assert (letter.key, letter.value, marks["h"]) == (b"k", b"bad", b"1")
    assert (marks["sb_stage"], marks["sb_reason"], marks["sb_offset"]) == (b"count", b"bad", b"1")
    assert worker.progress.dead_letters == 1


def test_a_stage_remembers_after_a_restart(cluster: Cluster, topics: Topics) -> None:
    """The counts go on where they were, from the changelog alone."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        for turn in range(3):
            send(*[(b"k%d" % number, b"%d" % turn) for number in range(50)])
            work_through(Count(), cluster, 50)
    values = {record.value for record in contents(cluster, OUTPUT)}
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
    assert [record.value for record in contents(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2", b"k 3 3"]
    assert worker.progress.skipped == 2


def _commit(cluster: Cluster, group: str, offset: int) -> None:
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, group_id=cluster.named(group), enable_auto_commit=False)
    parts = [TopicPartition(cluster.named(INPUT), number) for number in range(cluster.partitions)]
    consumer.assign(parts)
    for part in parts:
        consumer.seek(part, offset)
    from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # no types

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
    assert [record.value for record in contents(cluster, OUTPUT)] == [b"k 1 1", b"k 2 2"]


def test_a_bug_stops_the_process_and_gives_the_batch_back(
    cluster: Cluster, topics: Topics, caplog: pytest.LogCaptureFixture
) -> None:
    """The exit status is 1, nothing of the batch is committed, and the log names the record and not its contents."""
    topics(extra=topics_of(Count()))
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"bug"), (b"k", b"2"))
    assert run([Count()], cluster) == 1
    assert committed(cluster, "count") == 0
    assert contents(cluster, OUTPUT) == []
    assert f"the stage count failed on {INPUT}/" in caplog.text
    assert "secret" not in caplog.text

    class Fixed(Count):
        def decide(self, record: Record, state: State) -> Sequence[Output]:
            return super().decide(Record("t", 0, 0, record.key, record.value.replace(b"bug", b"ok")), state)

    work_through(Fixed(), cluster, 3)
    assert [record.value for record in contents(cluster, OUTPUT)] == [b"k 1 1", b"k ok 2", b"k 2 3"]


def test_an_undelivered_output_commits_nothing(cluster: Cluster, topics: Topics) -> None:
    """A record that the broker refuses stops the stage before anything is committed."""

    class Wide(Stage):
        name = "wide"
        inputs = (INPUT,)

        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - its value is enough
            return (Output("nowhere", b"k", record.value),)

    topics()
    _narrow(cluster, "nowhere", max_bytes=100)
    with producing(cluster) as send:
        send((b"k", b"x" * 5000))

    async def go() -> None:
        async with running([Wide()], cluster) as workers:
            async with asyncio.timeout(30):
                await failure(workers)

    with pytest.raises(DeliveryFailed, match=r"not acknowledged by Kafka: .*MessageSizeTooLarge"):
        asyncio.run(go())
    assert committed(cluster, "wide") == 0


def _narrow(cluster: Cluster, topic: str, max_bytes: int) -> None:
    from kafka import KafkaAdminClient

    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    config = {"max.message.bytes": str(max_bytes)}
    name = cluster.named(topic)
    admin.create_topics({name: {"num_partitions": 1, "replication_factor": 1, "configs": config}})
    while name not in admin.list_topics() or not admin.describe_topics([name])[0]["partitions"]:
        pass
    admin.close()


def test_large_records_travel(cluster: Cluster, topics: Topics) -> None:
    """A record of almost a megabyte passes; one that would become too large for Kafka is a dead letter."""

    class Grow(Stage):
        name = "grow"
        inputs = (INPUT,)

        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - it remembers nothing
            return (Output(OUTPUT, b"k", record.value * (2 if record.value.startswith(b"y") else 1)),)

    topics()
    with producing(cluster) as send:
        send((b"k", b"x" * 950_000), (b"k", b"y" * 950_000), (b"k", b"z"))
    work_through(Grow(), cluster, 3)
    assert [len(record.value) for record in contents(cluster, OUTPUT)] == [950_000, 1]
    (letter,) = contents(cluster, "dead.letters")
    assert (len(letter.value), dict(letter.headers)["sb_reason"]) == (950_000, b"output-too-large")


def test_a_writer_waits_for_its_destination_and_writes_each_batch(cluster: Cluster, topics: Topics) -> None:
    """A destination that cannot take anything gets the same batch again; a refused record is a dead letter."""

    class Into(Writer):
        name = "into"
        inputs = (INPUT,)

        def __init__(self) -> None:
            self.calls = 0
            self.written: list[bytes] = []

        def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
            self.calls += 1
            if self.calls < 3:
                raise Retriable("the store is locked: wait", retry_after=0.05)
            self.written += [record.value for record in records if record.value != b"bad"]
            return [Rejected("bad", "refused") if record.value == b"bad" else () for record in records]

    topics()
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"bad"), (b"k", b"2"))
    stage = Into()
    worker = work_through(stage, cluster, 3)
    assert stage.written == [b"1", b"2"]
    assert (worker.progress.waiting, worker.progress.dead_letters) == ("", 1)
    assert [record.value for record in contents(cluster, "dead.letters")] == [b"bad"]
    assert committed(cluster, "into") == 3


def test_several_stages_in_one_process(cluster: Cluster, topics: Topics) -> None:
    """Each is a group of its own; what one gives the next one takes."""

    class Next(Stage):
        name = "next"
        inputs = (OUTPUT,)

        def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - it remembers nothing
            return (Output("tickets.routed", record.key or b"", record.value),)

    topics(extra=topics_of(Count()))

    async def go() -> None:
        with producing(cluster) as send:
            async with running([Count(), Next()], cluster) as workers:
                send(*[(b"k%d" % number, b"1") for number in range(100)])
                await until(lambda: workers["next"].progress.records == 100)

    asyncio.run(go())
    assert len(contents(cluster, "tickets.routed")) == 100


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
    assert Counter(record.value for record in contents(cluster, OUTPUT)) == Counter(b"%d" % n for n in range(8000))


def test_a_batch_that_never_ends_is_given_back(cluster: Cluster, topics: Topics) -> None:
    """A destination that is down when the partitions must move holds up nobody: another member takes the batch."""

    class Stuck(Writer):
        name = "stuck"
        inputs = (INPUT,)

        def __init__(self, down: bool) -> None:
            self.down = down

        def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
            if self.down:
                raise Retriable("the store is down: start it", retry_after=60)
            return [(Output(OUTPUT, b"k", record.value),) for record in records]

    topics()
    with producing(cluster) as send:
        send((b"k", b"1"), (b"k", b"2"))

    async def go() -> None:
        async with running([Stuck(down=True)], cluster) as first:
            await until(lambda: first["stuck"].progress.waiting)
        async with running([Stuck(down=False)], cluster) as second:
            await until(lambda: second["stuck"].progress.records == 2)

    asyncio.run(go())
    assert [record.value for record in contents(cluster, OUTPUT)] == [b"1", b"2"]


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


def test_a_missing_topic_is_named(cluster: Cluster, topics: Topics) -> None:
    """A stage that lacks its topic says which one, and does not wait for it."""
    topics()
    with pytest.raises(Misconfigured, match=r"stage count needs the topics \S+count.state, which Kafka does not have"):
        run([Count()], cluster)


def test_topics_that_do_not_fit_together_are_named(cluster: Cluster, topics: Topics) -> None:
    """A stage whose memory is not partitioned like its input refuses to start."""
    topics()
    _narrow(cluster, "count.state", max_bytes=1000)
    with pytest.raises(Misconfigured, match=r"must have the same number of partitions, and .*count.state has 1"):
        run([Count()], cluster)
