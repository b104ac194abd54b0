"""What a destination is: it can be written to twice, in any order of batches, with the same result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from normalizer.errors import Rejected
from normalizer.events import Routed


class Place(NamedTuple):
    """Where an event stands in its topic, and when it was written there."""

    partition: int
    offset: int
    at: datetime


class Sink(ABC):
    """One destination of routed tickets. Used from one thread at a time.

    Idempotent by message id and by ticket id with revision: an older revision never overwrites a newer one,
    and the same event applied twice is applied once.
    """

    name: ClassVar[str]
    pace: float = 0.0
    """How many seconds should lie between two batches that are not full, for a destination that likes large ones."""

    @abstractmethod
    def open(self) -> None:
        """Connect, and bring the schema up to date. Raises `Misconfigured` or `Retriable`."""

    @abstractmethod
    def write(self, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        """Store a batch; when this returns it is durable, except for the refused, given by their index.

        Raises `Retriable` when the destination cannot take anything now: nothing is lost, the whole batch
        comes again.
        """

    def write_from(self, batch: Sequence[Routed], places: Sequence[Place]) -> Mapping[int, Rejected]:  # noqa: ARG002 - who needs them overrides it
        """As `write`, of events whose places are known: those of each partition in their order, of several maybe."""
        return self.write(batch)

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection. Closing twice is harmless."""
