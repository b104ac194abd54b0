"""The stages that are measured, each with its input and a watch that starts with its first record.

Besides the pipeline's own there are two that do next to nothing, so that what is measured is the runtime: one copies,
one also remembers every record.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from bench.inputs import RAW_MAIL
from bench.stopwatch import LOOK_SECONDS, Stopwatch
from connectors._blobs import BlobStore
from normalizer.cluster import TopicSpec
from normalizer.errors import Rejected
from normalizer.events import Message, Routed, Threaded
from normalizer.mail.reading import read
from ops.config import Config
from sinks.sqlite import Sqlite
from streams._record import Output, Record
from streams._stage import Processor, Stage, Writer
from streams._state import State
from streams._worker import Worker
from streams.deliver import Deliver
from streams.normalize import Normalize
from streams.route import Route
from streams.thread import Thread

PLAIN = TopicSpec("bench.plain")
COPIED = TopicSpec("bench.copied")
REMEMBERED_BYTES = 40


class Copy(Stage):
    """Gives each record again, and remembers nothing."""

    name = "copy"
    inputs = (PLAIN.name,)

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """The same record on another topic."""
        del state
        return (Output(COPIED.name, record.key or b"", record.value, record.headers),)


class Remember(Copy):
    """Gives each record again, and remembers that it has seen it."""

    name = "remember"
    tables = ("seen",)

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """One get, one set with its changelog, one output."""
        seen, key = state["seen"], scattered(record.offset << 8 | record.partition)
        if seen.get(key) is None:
            seen.set(key, bytes(REMEMBERED_BYTES))
        return super().decide(record, state)


def scattered(number: int) -> bytes:
    """An id of its own for each number below 2**64, which lies anywhere among the others, as hashes do."""
    return b"%016x" % (number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)


class Job(msgspec.Struct, frozen=True):
    """One measurement: the stage `stage` over `number` records of its topic. `what` is how it is called."""

    stage: str
    number: int
    what: str


INPUTS = {
    "normalize": RAW_MAIL,
    "thread": Message.topic,
    "route": Threaded.topic,
    "deliver": Routed.topic,
    "copy": PLAIN.name,
    "remember": PLAIN.name,
}
"""Each stage that can be measured alone, and the topic that it is given."""


def made(name: str, folder: Path) -> Stage | Writer:
    """A stage by its name; what it writes outside Kafka goes into `folder`."""
    config = Config()
    match name:
        case "normalize":
            return Normalize({"mail": read}, BlobStore((folder / "blobs").as_uri()))
        case "thread":
            return Thread(config.threads)
        case "route":
            return Route(config.rules, config.tickets)
        case "deliver":
            return Deliver(Sqlite(folder / "tickets.db"))
        case "copy":
            return Copy()
        case "remember":
            return Remember()
    raise ValueError(f"there is no stage {name!r} to be measured: known are {', '.join(INPUTS)}")


def watched(stage: Stage | Writer, watch: Stopwatch) -> Stage | Writer:
    """The same stage; its first record starts the watch."""
    return _WatchedWriter(stage, watch) if isinstance(stage, Writer) else _WatchedStage(stage, watch)


class _WatchedStage(Stage):
    def __init__(self, stage: Stage, watch: Stopwatch) -> None:
        _dress(self, stage)
        self.tables = stage.tables  # type: ignore[misc]  # those of the stage inside
        self._stage, self._watch = stage, watch

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        self._watch.begin()
        self.decide = self._stage.decide  # type: ignore[method-assign]  # what watches would cost more than copying does
        return self.decide(record, state)

    def keep(self, blobs: Sequence[bytes]) -> None:
        self._stage.keep(blobs)


class _WatchedWriter(Writer):
    def __init__(self, stage: Writer, watch: Stopwatch) -> None:
        _dress(self, stage)
        self._stage, self._watch = stage, watch

    def open(self) -> None:
        self._stage.open()

    def close(self) -> None:
        self._stage.close()

    def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
        self._watch.begin()
        self.write = self._stage.write  # type: ignore[method-assign]  # as above
        return self.write(records)


def _dress(wrapper: Processor, stage: Processor) -> None:
    wrapper.name = stage.name  # type: ignore[misc]  # of the stage inside, not of the class
    wrapper.inputs = stage.inputs


async def steps(worker: Worker, number: int, watch: Stopwatch) -> AsyncIterator[int]:
    """How many records a worker has done, again and again until there are `number`. Raises what it fails with."""
    while True:
        done = worker.progress.records
        yield done
        if done >= number:
            return
        if worker.failed.done():
            worker.failed.result()
        watch.at(done)
        await asyncio.sleep(LOOK_SECONDS)
