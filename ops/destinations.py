"""The kinds of destinations that a configuration may name, with the settings of each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from normalizer.errors import Misconfigured
from normalizer.secret import Secret
from sinks._base import Sink
from sinks._reader import SCHEMES
from sinks.sqlite import Sqlite


class Destination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of one destination. `sink` makes it; nothing is opened."""

    kind: ClassVar[str]

    @abstractmethod
    def sink(self) -> Sink:
        """The sink of these settings. Raises `Misconfigured` for what cannot be."""


class SqliteSettings(Destination, frozen=True, forbid_unknown_fields=True):
    """A ticket store in the SQLite file at `path`, on a local disk."""

    kind: ClassVar[str] = "sqlite"

    path: str

    def sink(self) -> Sink:
        """The file."""
        return Sqlite(self.path)


class PostgresSettings(Destination, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket store in the PostgreSQL database at `url`, ``postgresql://USER@HOST:PORT/DATABASE``."""

    kind: ClassVar[str] = "postgres"

    url: Secret

    def sink(self) -> Sink:
        """The database."""
        from sinks.postgres import Postgres  # whose driver takes a tenth of a second to load

        if not self.url.startswith(SCHEMES):
            raise Misconfigured("the url of a PostgreSQL store must begin with postgresql://: correct it")
        return Postgres(self.url)

    def __repr__(self) -> str:
        """Shows no credential."""
        return "PostgresSettings()"


KINDS: Mapping[str, type[Destination]] = {each.kind: each for each in (SqliteSettings, PostgresSettings)}
"""Each kind by its name."""
