"""What a stage costs beside its own work: a stage that copies, and one that also remembers each record, on real Kafka.

    python -m bench.stateful --records 400000 --runs 3

Records of 600 bytes with two headers, four partitions. Each is measured beside a bare confluent-kafka loop that does the
same work with the same guarantee (outputs and changes acknowledged by all replicas in sync, then a commit), in turns,
each in a new process. The result goes to ``bench/results/``.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar, cast

from confluent_kafka import Consumer, Message, Producer  # type: ignore[import-untyped]  # it ships no types

from bench.report import RESULTS, Machine, Ratio, Report, Row, figure, save, this_machine
from bench.stopwatch import PATIENCE_SECONDS, Run, Stopwatch
from normalizer.cluster import Cluster, TopicSpec
from normalizer.errors import SwitchboardError
from ops.engine.kafka import Engine
from ops.topics import declare
from streams._record import Output, Record
from streams._run import running
from streams._stage import Stage, state_topic, topics_of
from streams._state import State

INPUT = "messages.normalized"
OUTPUT = TopicSpec("bench.copied")
VALUE_BYTES = 600
REMEMBERED_BYTES = 40
BATCH = 500  # records, as many as a stage takes at once
LOOK_SECONDS = 0.02
SHARE_TARGET = 0.6

T = TypeVar("T")


class Copy(Stage):
    """Gives each record again, and remembers nothing."""

    name = "copy"
    inputs = (INPUT,)

    def decide(self, record: Record, state: State) -> Sequence[Output]:  # noqa: ARG002 - it has none
        """The same record on the other topic."""
        return (Output(OUTPUT.name, record.key or b"", record.value, record.headers),)


class Remember(Copy):
    """Gives each record again, and remembers that it has seen it."""

    name = "remember"
    tables = ("seen",)

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """One get, one set with its changelog, one output."""
        seen, key = state["seen"], b"%d/%d" % (record.partition, record.offset)
        if seen.get(key) is None:
            seen.set(key, bytes(REMEMBERED_BYTES))
        return super().decide(record, state)


KINDS: dict[str, type[Stage]] = {"stage without tables": Copy, "stage with one table, one change per record": Remember}


def fill(cluster: Cluster, number: int) -> None:
    """Declare the topics and put `number` records on the input."""
    declare(cluster, [], [OUTPUT, *topics_of(Remember())])
    producer = Producer(_producing(cluster))
    headers = [("ce_id", b"0123456789abcdef0123456789abcdef"), ("ce_type", b"switchboard.bench.v1")]
    value = bytes(range(256)) * 3
    for index in range(number):
        while True:
            try:
                producer.produce(cluster.named(INPUT), value[:VALUE_BYTES], b"key %d" % (index % 9973), headers=headers)
                break
            except BufferError:
                producer.poll(0.1)
    _flush(producer)


def by_stage(kind: str, cluster: Cluster, number: int) -> Run:
    """Work `number` records through a stage in this process, until the last is acknowledged."""
    watch = Stopwatch(kind, number)
    stage = KINDS[kind]()
    stage.decide = watch.started_by(stage.decide)  # type: ignore[method-assign]  # the watch starts with the first record
    return asyncio.run(_by_stage(cluster, stage, number, watch))


async def _by_stage(cluster: Cluster, stage: Stage, number: int, watch: Stopwatch) -> Run:
    async with running([stage], cluster) as workers:
        worker = workers[stage.name]
        while worker.progress.records < number:
            if worker.failed.done():
                worker.failed.result()
            watch.at(worker.progress.records)
            await asyncio.sleep(LOOK_SECONDS)
        return watch.stop()


def by_bare_loop(kind: str, cluster: Cluster, number: int) -> Run:
    """Work `number` records through a loop over librdkafka in this process, until the last commit."""
    watch = Stopwatch(kind, number)
    stage, states = KINDS[kind](), [State(KINDS[kind].tables) for _ in range(cluster.partitions)]
    decide = watch.started_by(stage.decide)
    producer = Producer(_producing(cluster))
    group = {"group.id": cluster.named(f"bare.{stage.name}"), "enable.auto.commit": False}
    consumer = Consumer({"bootstrap.servers": cluster.brokers, "auto.offset.reset": "earliest", **group})
    consumer.subscribe([cluster.named(INPUT)])
    output, changelog = cluster.named(OUTPUT.name), cluster.named(state_topic(stage))
    done = 0
    try:
        while done < number:
            batch = consumer.consume(BATCH, timeout=0.1)
            for record in map(_record, batch):
                state = states[record.partition]
                for made in decide(record, state):
                    producer.produce(
                        output, made.value, made.key, headers=cast("list[tuple[str, bytes]]", made.headers)
                    )
                state.accept()
            for partition, state in enumerate(states):
                for key, value in state.changes.items():
                    producer.produce(changelog, value, key, partition=partition)
                state.keep()
            if batch:
                _flush(producer)
                consumer.commit(asynchronous=False)
            done += len(batch)
            watch.at(done)
        return watch.stop()
    finally:
        consumer.close()


def _record(message: Message) -> Record:
    if error := message.error():
        raise RuntimeError(f"the bare loop cannot read its topic: {error}")
    value, headers = message.value() or b"", cast("list[tuple[str, bytes]]", message.headers() or [])
    partition, offset = message.partition() or 0, message.offset() or 0
    return Record(INPUT, partition, offset, message.key(), value, headers, message.timestamp()[1])


def _producing(cluster: Cluster) -> dict[str, str | bool]:
    return {"bootstrap.servers": cluster.brokers, "acks": "all", "enable.idempotence": True, "compression.type": "lz4"}


def _flush(producer: Producer) -> None:
    if left := producer.flush(PATIENCE_SECONDS):
        raise RuntimeError(f"{left} records were not acknowledged in {PATIENCE_SECONDS:g} s: is the broker up?")


def measure(brokers: str, number: int, runs: int) -> dict[str, list[tuple[Run, Run]]]:
    """Of each kind, so many runs of the stage and of the bare loop; which of the two is first changes."""
    found: dict[str, list[tuple[Run, Run]]] = {kind: [] for kind in KINDS}
    for turn in range(runs):
        cluster = Cluster(brokers=brokers, namespace=f"stateful{turn}.")
        _say(f"run {turn + 1} of {runs}: putting {number:,} records on the topic")
        _elsewhere(partial(fill, cluster, number))
        for kind, pairs in found.items():
            ways = (by_stage, by_bare_loop) if turn % 2 == 0 else (by_bare_loop, by_stage)
            done = {way: _elsewhere(partial(way, kind, cluster, number)) for way in ways}
            pairs.append((done[by_stage], done[by_bare_loop]))
            ours, bare = (f"{done[way].per_cpu_second:,.0f}" for way in (by_stage, by_bare_loop))
            _say(f"  {kind}: {ours} records per CPU-second; the bare loop {bare}")
    return found


def report(found: dict[str, list[tuple[Run, Run]]], machine: Machine) -> Report:
    """The medians of all runs, and how near each stage comes to its bare loop."""
    rows, ratios = [], []
    for kind, pairs in found.items():
        for what, runs in ((kind, [ours for ours, _ in pairs]), (f"{kind}: bare loop", [bare for _, bare in pairs])):
            seconds, cpu = ([run.per_second for run in runs], [run.per_cpu_second for run in runs])
            rows.append(Row(what, figure(seconds), figure(cpu)))
        shares = [ours.per_cpu_second / bare.per_cpu_second for ours, bare in pairs]
        ratios.append(Ratio(f"{kind.capitalize()}, as a share of the bare loop", figure(shares, 2), SHARE_TARGET))
        items, times = pairs[0][0].items, len(pairs)
    return Report(machine, "records", items, times, tuple(rows), tuple(ratios))


def _elsewhere(task: Callable[[], T]) -> T:
    """Run a task in a new process, and give its result."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        return pool.submit(task).result()


def _quiet() -> None:
    # On a new broker the first group has to wait for its coordinator, and aiokafka calls each try an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.stateful", description=__doc__)
    parser.add_argument("--records", type=int, default=400_000, help="in each run (400,000)")
    parser.add_argument("--runs", type=int, default=3, help="of each measurement (3)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON")
    wanted = parser.parse_args()
    machine = this_machine()
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Engine(Path(folder), port=0) as engine:
            found = report(measure(engine.brokers, wanted.records, wanted.runs), machine)
    except SwitchboardError as error:
        sys.exit(f"bench: {error}")
    save(found, wanted.results / "stateful.json")
    _say(f"written: {wanted.results / 'stateful.json'}")


if __name__ == "__main__":
    main()
