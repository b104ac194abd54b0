"""A stage in Quix Streams: one dataframe, a checkpoint after each `BATCH` records.

At-least-once is its default guarantee: a checkpoint flushes outputs and changelogs, then commits. Tables are its state
(RocksDB with a changelog), which belongs to the key of a record; the stages' keys are such that this holds what they ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from quixstreams import Application, message_context
from quixstreams.models.serializers import Serializer
from quixstreams.sinks import BatchingSink, SinkBatch

from bench.inputs import producing
from bench.jobs import INPUTS, Job, made, watched
from bench.runtimes.work import BATCH
from bench.stopwatch import Run, Stopwatch
from normalizer.cluster import Cluster
from normalizer.wire import Headers
from streams._record import Output, Record
from streams._stage import Stage, Writer
from streams._state import State


class Tables(Mapping[str, Any]):
    """Quix's state where a stage looks for its tables."""

    def __init__(self, names: tuple[str, ...], state: Any) -> None:
        self._tables = {name: Entries(name.encode() + b"\0", state) for name in names}

    def __getitem__(self, name: str) -> Entries:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


class Entries:
    """The part of Quix's state that is one table."""

    def __init__(self, prefix: bytes, state: Any) -> None:
        self._prefix, self._state = prefix, state

    def get(self, key: bytes) -> bytes | None:
        """The value of a key."""
        return cast("bytes | None", self._state.get_bytes((self._prefix + key).decode("latin-1")))

    def set(self, key: bytes, value: bytes) -> None:
        """Remember."""
        self._state.set_bytes((self._prefix + key).decode("latin-1"), value)

    def delete(self, key: bytes) -> None:
        """Forget."""
        self._state.delete((self._prefix + key).decode("latin-1"))

    def __contains__(self, key: bytes) -> bool:
        return self.get(key) is not None


class _Value(Serializer):
    """Only the value of an output is left to be written."""

    def __call__(self, value: Output, ctx: Any) -> bytes:
        del ctx
        return value.value


class _Sink(BatchingSink):
    """A writer of ours behind Quix's own way of writing batches."""

    def __init__(self, stage: Writer, topic: str) -> None:
        super().__init__()
        self._stage, self._topic = stage, topic

    def write(self, batch: SinkBatch) -> None:
        self._stage.write(
            [
                Record(
                    self._topic,
                    batch.partition,
                    item.offset,
                    item.key,
                    item.value,
                    cast("Headers", item.headers or ()),
                    item.timestamp,
                )
                for item in batch
            ]
        )


def run(job: Job, cluster: Cluster, folder: Path) -> Run:
    """Carry the records of a job, until the last checkpoint is committed."""
    watch = Stopwatch(job.what, job.number)
    stage = watched(made(job.stage, folder), watch)
    left = job.number

    def counted(*_: Any) -> None:
        nonlocal left
        left -= 1
        if not left:
            app.stop()

    # Its own way to stop after so many (`run(count=…)`) counts outputs, and a stage may give more than one of a record.
    app = Application(
        cluster.brokers,
        consumer_group=cluster.named("quix"),
        auto_offset_reset="earliest",
        commit_every=BATCH,
        state_dir=folder / "state",
        producer_extra_config={key: value for key, value in producing(cluster).items() if key != "bootstrap.servers"},
        loglevel="WARNING",
        on_message_processed=counted,
    )
    stage.open()
    frame: Any = app.dataframe(
        app.topic(cluster.named(INPUTS[job.stage]), key_deserializer="bytes", value_deserializer="bytes")
    )
    if isinstance(stage, Writer):
        frame.sink(_Sink(stage, INPUTS[job.stage]))
    else:
        _with_outputs(frame, app, stage, job, cluster)
    app.run()
    run = watch.stop()
    stage.close()
    return run


def _with_outputs(frame: Any, app: Application, stage: Stage, job: Job, cluster: Cluster) -> None:
    topics: dict[str, Any] = {}

    def topic_of(output: Output, *_: Any) -> Any:
        name = cluster.named(output.topic)
        if name not in topics:
            topics[name] = app.topic(name, key_serializer="bytes", value_serializer=_Value())
        return topics[name]

    def decided(value: bytes, key: bytes, timestamp: int, headers: Any, state: Any) -> list[Output]:
        at = message_context()
        record = Record(INPUTS[job.stage], at.partition, at.offset, key, value, headers or (), timestamp)
        outputs = list(stage.decide(record, cast("State", state)))
        if blobs := [blob for output in outputs for blob in output.blobs]:
            stage.keep(blobs)
        return outputs

    if names := tuple(stage.tables):

        def stateful(value: bytes, key: bytes, timestamp: int, headers: Any, state: Any) -> list[Output]:
            return decided(value, key, timestamp, headers, Tables(names, state))

        frame = frame.apply(stateful, stateful=True, expand=False, metadata=True).apply(list, expand=True)
    else:
        frame = frame.apply(partial(decided, state=None), expand=True, metadata=True)
    frame = frame.set_headers(lambda output, *_: list(output.headers))
    frame.to_topic(topic_of, key=lambda output: output.key)
