"""Messages that their senders took back: providers demand that no copy of the words is kept.

The row of such a message stays, so that the ticket still shows that there was one; its words, its files' names and
those of its edits go, whatever came first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from normalizer.events import Message
from sinks import _rows as rows

_NOTE = "INSERT INTO withdrawn VALUES (?) ON CONFLICT DO NOTHING"
_KNOWN = "SELECT message_id FROM withdrawn WHERE message_id IN (SELECT value FROM json_each(?))"
_TOLD = """SELECT number, subject, text, details FROM message_rows
  WHERE (id = ?1 OR about = ?1 AND kind = 'edit') AND (subject || text || visible_text || html <> ''
  OR EXISTS (SELECT 1 FROM attachment_rows WHERE message = number))"""
_ERASE = "UPDATE message_rows SET subject = '', text = '', visible_text = '', html = '' WHERE number = ?"
_FORGET_FILES = "DELETE FROM attachment_rows WHERE message = ?"
# The index is contentless: to forget words it must be told which they were (SQLite FTS5, section 6.2).
_FORGET_WORDS = "INSERT INTO words (words, rowid, subject, text, sender) VALUES ('delete', ?, ?, ?, ?)"

_decoder = msgspec.json.Decoder(Message)


def withdraw(connection: sqlite3.Connection, told: Sequence[Message]) -> None:
    """Note what a batch takes back, and forget the words of all in it that was ever taken back."""
    taken_back = {message.about for message in told if message.kind == "deletion" and message.about}
    connection.executemany(_NOTE, [(each,) for each in sorted(taken_back)])
    concerned = taken_back | {message.id for message in told} | {m.about for m in told if m.kind == "edit"}
    for (message_id,) in connection.execute(_KNOWN, (_list(concerned),)).fetchall():
        for number, subject, text, details in connection.execute(_TOLD, (message_id,)).fetchall():
            forget_words(connection, number, subject, text, details)
            connection.execute(_FORGET_FILES, (number,))
            connection.execute(_ERASE, (number,))


def forget_words(connection: sqlite3.Connection, number: int, subject: str, text: str, details: str) -> None:
    """Take the words of a message out of the index, in which they must still be, by its columns of these names."""
    said = msgspec.structs.replace(_decoder.decode(details), subject=subject, text=text)
    connection.execute(_FORGET_WORDS, rows.words(number, said))


def _list(ids: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(ids)).decode()
