"""What a stage is: it reads topics, decides, and writes topics. The runtime does everything with Kafka.

    Processor
    ├── Stage    decides record by record, with a memory of its own (pure)
    └── Writer   gives whole batches to the world outside (blocking, idempotent)

Delivery: at least once. The outputs of a round are acknowledged by the broker, then its changes to the state, and only
then is it committed; a round that was begun and not committed is given again. It has a batch of each of some partitions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import msgspec

from normalizer.cluster import TopicSpec
from normalizer.errors import Rejected
from normalizer.events import RAW, Origin
from streams._breaker import BreakerPolicy
from streams._record import Output, Record
from streams._state import State


class Source(msgspec.Struct, frozen=True):
    """The raw record that a record comes from, and which of its messages this is."""

    origin: Origin
    item: int = 0
    items: int = 1


class Processor(ABC):
    """What all stages have in common. `name` is the consumer group, too; topics are without a namespace.

    `pace` is how many seconds lie between the beginnings of two rounds that are not full, at least, for one that is in no hurry: each
    costs the same few requests to Kafka, however many records it has.
    """

    name: ClassVar[str]
    inputs: Sequence[str]
    tables: ClassVar[Sequence[str]] = ()
    pace: float = 0.0
    breaker: BreakerPolicy = BreakerPolicy()

    def open(self) -> None:  # noqa: B027 - most stages have nothing to open
        """Called once in a thread before the first record. Raises `Misconfigured` or `Retriable`."""

    def close(self) -> None:  # noqa: B027 - most stages have nothing to close
        """Called once in a thread after the last record. Closing twice is harmless."""

    def origin(self, record: Record) -> Source | None:
        """Where a record came from that could not be processed; None when it cannot be told.

        With it the record's fate can be told. Raises nothing but `Rejected`.
        """
        if record.topic.startswith(RAW):
            return Source(Origin(record.topic, record.partition, record.offset))
        return None


class Stage(Processor):
    """Decides record by record. One record at a time of a partition, in order."""

    @abstractmethod
    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """What follows from a record. Pure but for `state`: same record and state, same outputs and changes.

        `state` holds what was decided for the records before this one in the same partition. A record can come
        again after its effect is in the state (a redelivery: the same origin) and then gives the same outputs.
        Raises `Rejected` when the record cannot be processed: its changes to the state are taken back and it goes
        to ``dead.letters``; so for `OverflowError`, a number or date out of range. Any other exception is a bug: the process stops and the batch is given again.
        """

    def sum_up(self, state: State) -> Sequence[Output]:  # noqa: ARG002 - most stages have nothing to add
        """What follows from a batch as a whole, after its last record. It reads the state and changes nothing.

        `Table.changed` says what the batch has changed. What it gives comes again when the batch comes again.
        """
        return ()

    def keep(self, blobs: Sequence[bytes]) -> None:
        """Store the blobs of a batch's outputs, in a thread, before these are sent.

        Durable when it returns; storing the same blob twice is harmless. Raises `Retriable` to be called again.
        """
        raise NotImplementedError(f"the stage {self.name} gave outputs with blobs and has no place to keep them")


class Writer(Processor):
    """Gives whole rounds to the world outside."""

    @abstractmethod
    def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
        """Write a round, in a thread; durable when it returns. One answer per record, in order.

        The records of a partition are in its order, and one partition comes after the other. The answer is what to send
        for the record (a fate, say), or why it was refused. Writing it twice is the same as once. Raises `Retriable`
        when the other side cannot take it now: the same round comes again after a wait. Raises `Misconfigured` when
        only a person can help: the stage stops. Any other exception is a bug: the process stops and the round is given again.
        """


def state_topic(stage: Processor) -> str:
    """The topic that holds the changes of all tables of a stage, so that a batch's are written at once."""
    return f"{stage.name}.state"


def topics_of(stage: Processor) -> Sequence[TopicSpec]:
    """The topics that a stage needs for itself, with as many partitions as its inputs."""
    return (TopicSpec(state_topic(stage), compacted=True),) if stage.tables else ()
