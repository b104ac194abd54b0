"""Forgetting in PostgreSQL, as the owner of the schema: months that are empty afterwards are dropped as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar

import msgspec
from psycopg import errors
from psycopg.types.string import TextLoader

from normalizer.errors import Misconfigured
from normalizer.events import Message
from sinks._forget import Shredder
from sinks._forgetsqlite import nobodys
from sinks._postgres import Where, connect, named
from sinks._readpostgres import translated

_EMPTY = "SELECT relid::regclass::text FROM pg_partition_tree('message_rows') WHERE isleaf AND relid <> 'messages_other'::regclass"
_OWN = "SELECT number, received_at FROM message_ids WHERE id = ANY (:list)"
_SAME = "m.number = i.number AND m.received_at = i.received_at"
_decoder = msgspec.json.Decoder(Message)


class PostgresShredder(Shredder):
    """The store in the database at `url`."""

    among: ClassVar[str] = "= ANY (:list)"
    before: ClassVar[str] = "CAST(:at AS timestamptz)"

    def __init__(self, url: str) -> None:
        self._where = Where(url)
        self._connection = connect(self._where)
        self._connection.adapters.register_loader("json", TextLoader)

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        with self._allowed():
            return self._connection.execute(translated(statement), values).fetchall()

    def change(self, statement: str, values: Mapping[str, Any]) -> int:
        """How many rows a statement changed."""
        with self._allowed():
            return self._connection.execute(translated(statement), values).rowcount

    def listed(self, values: Sequence[str]) -> list[str]:
        """An array."""
        return list(values)

    def transaction(self) -> AbstractContextManager[Any]:
        """All or nothing."""
        return self._connection.transaction()

    def forget_words(self, ids: Sequence[str]) -> None:
        """They are a column of the messages, and go with them."""

    def drop_messages(self, ids: Sequence[str]) -> int:
        """Messages, and their ids with the files' names under them."""
        among = {"list": list(ids)}
        count = self.change(f"DELETE FROM message_rows m USING ({_OWN}) i WHERE {_SAME}", among)  # noqa: S608 - ours
        self.change("DELETE FROM message_ids WHERE id = ANY (:list)", among)
        return count

    def blank(self, ids: Sequence[str]) -> None:
        """Texts, names, addresses and fields; when and where it was said stays."""
        among = {"list": list(ids)}
        self.change(f"DELETE FROM attachment_rows a USING ({_OWN}) i WHERE a.message = i.number", among)  # noqa: S608 - ours
        for own, details in self.rows("SELECT id, details FROM messages WHERE id = ANY (:list)", among):
            left = msgspec.json.encode(nobodys(_decoder.decode(details))).decode()
            self.change(
                f"""UPDATE message_rows m SET subject = '', text = '', visible_text = '', html = '', words = '', sender = '',
                  details = :details FROM ({_OWN}) i WHERE {_SAME}""",  # noqa: S608 - ours
                {"details": left, "list": [own]},
            )

    def finish(self) -> None:
        """Drop the months that nobody said anything in any more; a writer that still needs one makes it again."""
        for (month,) in self.rows(_EMPTY, {}):
            with self._allowed(), self._connection.transaction():
                self._connection.execute(f"LOCK TABLE {month} IN ACCESS EXCLUSIVE MODE".encode())
                if not self._connection.execute(f"SELECT 1 FROM {month} LIMIT 1".encode()).fetchone():  # noqa: S608 - a name of ours
                    self._connection.execute(f"DROP TABLE {month}".encode())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _allowed(self) -> Iterator[None]:
        try:
            with named(self._where):
                yield
        except Misconfigured as error:
            if isinstance(error.__cause__, errors.InsufficientPrivilege):
                raise Misconfigured(
                    f"the ticket store {self._where} does not let this role delete: give the URL of its owner with --url "
                    "or in SWITCHBOARD_OWNER_URL"
                ) from error
            raise
