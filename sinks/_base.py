"""What a destination is: it can be written to twice, in any order of batches, with the same result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from normalizer.errors import Rejected
from normalizer.events import Routed


class Sink(ABC):
    """One destination of routed tickets. Used from one thread at a time.

    Idempotent by message id and by ticket id with revision: an older revision never overwrites a newer one,
    and the same event applied twice is applied once.
    """

    name: ClassVar[str]

    @abstractmethod
    def open(self) -> None:
        """Connect, and bring the schema up to date. Raises `Misconfigured` or `Retriable`."""

    @abstractmethod
    def write(self, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        """Store a batch; when this returns it is durable, except for the refused, given by their index.

        Raises `Retriable` when the destination cannot take anything now: nothing is lost, the whole batch
        comes again.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection. Closing twice is harmless."""
