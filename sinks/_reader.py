"""What the reading side asks of a store, whatever it is kept in: rows for a statement that both understand, and little more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar

SCHEMES = ("postgresql://", "postgres://")
"""How the address of a store in PostgreSQL begins; any other is the path of an SQLite file."""


class Reader(ABC):
    """A connection to a store that cannot write.

    Statements name their values (``:name``); rows hold texts and whole numbers only, times as `sinks._rows.moment`
    writes them. Raises `Misconfigured` when there is no store or one of another version, and `Retriable` when it does
    not answer now.
    """

    among: ClassVar[str]
    """The condition that a column is one of the values in ``:list``."""

    @abstractmethod
    def rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a statement finds."""

    @abstractmethod
    def every(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """What a statement finds, row by row, within `snapshot`."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """What is read in here is of one moment."""

    @abstractmethod
    def listed(self, values: Sequence[str]) -> Any:
        """Values as `among` takes them."""

    @abstractmethod
    def search(self, query: str, columns: str, limit: int) -> list[tuple[Any, ...]]:
        """Messages ``m`` with their tickets ``t`` that hold all words of `query`, the best match first."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection. Closing twice is harmless."""
