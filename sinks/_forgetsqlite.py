"""Forgetting in SQLite: pages that are given back are overwritten, and the index forgets the words as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from normalizer.events import Contact, Message
from sinks._forget import Shredder
from sinks._sqlite import named, open_writer, transaction
from sinks._withdrawn import forget_words

_WAIT = 30.0  # seconds for whoever delivers at the moment
_decoder = msgspec.json.Decoder(Message)


class SqliteShredder(Shredder):
    """The store in the file at `path`."""

    among: ClassVar[str] = "IN (SELECT value FROM json_each(:list))"
    before: ClassVar[str] = ":at"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_writer(path, _WAIT)
        self._connection.execute("PRAGMA secure_delete = ON")

    def rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        with named(self._path):
            return self._connection.execute(statement, values).fetchall()

    def change(self, statement: str, values: Mapping[str, Any]) -> int:
        """How many rows a statement changed."""
        with named(self._path):
            return self._connection.execute(statement, values).rowcount

    def listed(self, values: Sequence[str]) -> str:
        """A JSON array."""
        return msgspec.json.encode(values).decode()

    def transaction(self) -> AbstractContextManager[None]:
        """One that takes the write lock at once."""
        return transaction(self._connection)

    def forget_words(self, ids: Sequence[str]) -> None:
        """Of those that are still in it: the index must be told once."""
        for number, subject, text, details in self.rows(
            f"""SELECT number, subject, text, details FROM message_rows WHERE id {self.among}
              AND EXISTS (SELECT 1 FROM words WHERE rowid = number)""",  # noqa: S608 - ours
            {"list": self.listed(ids)},
        ):
            forget_words(self._connection, number, subject, text, details)

    def drop_messages(self, ids: Sequence[str]) -> int:
        """Messages with their files' names, and that they were taken back."""
        among = {"list": self.listed(ids)}
        self.change(f"DELETE FROM withdrawn WHERE message_id {self.among}", among)  # noqa: S608 - ours
        self._drop_files(among)
        return self.change(f"DELETE FROM message_rows WHERE id {self.among}", among)  # noqa: S608 - ours

    def blank(self, ids: Sequence[str]) -> None:
        """Texts, names, addresses and fields; when and where it was said stays."""
        among = {"list": self.listed(ids)}
        self._drop_files(among)
        for number, details in self.rows(f"SELECT number, details FROM message_rows WHERE id {self.among}", among):  # noqa: S608 - ours
            left = msgspec.json.encode(nobodys(_decoder.decode(details))).decode()
            self.change(
                "UPDATE message_rows SET subject = '', text = '', visible_text = '', html = '', sender = '', details = :details"
                " WHERE number = :number",
                {"details": left, "number": number},
            )

    def _drop_files(self, among: Mapping[str, Any]) -> None:
        own = f"SELECT number FROM message_rows WHERE id {self.among}"  # noqa: S608 - ours
        self.change(f"DELETE FROM attachment_rows WHERE message IN ({own})", among)  # noqa: S608 - as above

    def finish(self) -> None:
        """Merge the index, so that forgotten words are in no part of it, and empty the write-ahead log."""
        with named(self._path):
            self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def nobodys(message: Message) -> Message:
    """A message of which only the place is left: when, on which channel, in which conversation."""
    return Message(
        id=message.id, channel=message.channel, account=message.account, source_id=message.source_id,
        sender=Contact("other", ""), received_at=message.received_at, sent_at=message.sent_at, origin=message.origin,
        item=message.item, items=message.items, kind=message.kind, refs=message.refs, about=message.about,
        degradations=("erased",),
    )  # fmt: skip
