"""The kinds of destinations that a configuration may name, with the settings of each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

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


class WebhookSettings(Destination, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every revision of every ticket as a post to `url`, signed as Standard Webhooks; see [webhooks](webhooks.md).

    `secrets` are ``whsec_`` and the base64 of 24 to 64 random bytes: one, and while it is rotated the old one too.
    ``http://`` is refused outside the loopback unless `plain_http` is true. At most `concurrency` posts are on their way
    at the same time. A post that fails is tried again for `give_up_after_hours` (0: as long as Kafka has it).
    """

    kind: ClassVar[str] = "webhook"

    url: Secret
    secrets: Annotated[tuple[Secret, ...], msgspec.Meta(min_length=1)]
    plain_http: bool = False
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 15.0
    give_up_after_hours: Annotated[float, msgspec.Meta(ge=0)] = 72.0

    def sink(self) -> Sink:
        """The endpoint."""
        from sinks.webhook import Webhook  # whose client takes a tenth of a second to load

        return Webhook(
            self.url,
            self.secrets,
            plain_http=self.plain_http,
            concurrency=self.concurrency,
            timeout_seconds=self.timeout_seconds,
            give_up_after_hours=self.give_up_after_hours,
        )

    def __repr__(self) -> str:
        """Shows no credential."""
        return "WebhookSettings()"


class ArchiveSettings(Destination, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every revision of every ticket in files below `url`, any fsspec URL, by day; see [archive](archive.md).

    `format` is compressed JSON lines, or Parquet, which needs pyarrow (``switchboard[parquet]``). A small batch waits until
    `every_seconds` have passed since the last, so that files are larger.
    """

    kind: ClassVar[str] = "archive"

    url: str
    format: Literal["jsonl", "parquet"] = "jsonl"
    every_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 30.0

    def sink(self) -> Sink:
        """The place."""
        from sinks.archive import Archive

        return Archive(self.url, form=self.format, pace=self.every_seconds)


KINDS: Mapping[str, type[Destination]] = {
    each.kind: each for each in (SqliteSettings, PostgresSettings, WebhookSettings, ArchiveSettings)
}
"""Each kind by its name."""
