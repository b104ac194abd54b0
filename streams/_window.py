"""A table that forgets: with a span, each id is kept for at least that long, and goes soon after it.

Time is that of the stage's input, the latest so far, and never the clock: the same input forgets the same, however late it
is read. Another table holds a queue: the ids in the order in which they came, in chunks. Each new id joins the open chunk,
and takes the oldest chunk away when all that is in it is too old. So looking up is one question as before, what is
forgotten is deleted from the changelog too, and a record that comes again changes nothing.
docs/decisions/0021-forgetting.md
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from streams._state import State, Table

CHUNK_IDS = 32
"""How many ids are forgotten together. The open chunk is written anew by each batch, so it is short."""

_OPEN = b"open"


class _Chunk(msgspec.Struct, array_like=True):
    """Ids in the order in which they came. `latest` is the time of the input when the last of them came, in ms."""

    latest: int
    ids: list[bytes]


class _Open(_Chunk, array_like=True):
    """The chunk that is being filled, the number it will have, and the number and time of the oldest one."""

    number: int = 0
    oldest: int = 0
    oldest_latest: int = 0


_chunk = msgspec.msgpack.Decoder(_Chunk)
_open = msgspec.msgpack.Decoder(_Open)
_pack = msgspec.msgpack.Encoder().encode


class Window:
    """The ids of `table`, each for `span`, or for ever without one. The stage has both `tables_of` it.

    >>> window = Window("seen", timedelta(days=1))
    >>> state = State(tables_of("seen"))
    >>> window.add(state, b"a", b"1", at=0)
    >>> state["seen"].get(b"a")
    b'1'
    """

    def __init__(self, table: str, span: timedelta | None) -> None:
        self._table, self._queue = tables_of(table)
        self._span = None if span is None else span // timedelta(milliseconds=1)

    def add(self, state: State, key: bytes, value: bytes, at: int) -> None:
        """Remember an id that is not in the table. `at` is when its record was written, in milliseconds since 1970."""
        table = state[self._table]
        table.set(key, value)
        if self._span is None:
            return
        queue = state[self._queue]
        packed = queue.get(_OPEN)
        found = _Open(0, []) if packed is None else _open.decode(packed)
        found.latest = max(found.latest, at)
        found.ids.append(key)
        if found.oldest < found.number and found.latest - found.oldest_latest > self._span:
            _forget(found, table, queue)
        if len(found.ids) == CHUNK_IDS:
            _fill(found, queue)
        queue.set(_OPEN, _pack(found))


def tables_of(table: str) -> Sequence[str]:
    """A table that may forget, and the one of its queue."""
    return (table, f"{table}.queue")


def _fill(found: _Open, queue: Table) -> None:
    queue.set(_name(found.number), _pack(_Chunk(found.latest, found.ids)))
    if found.oldest == found.number:
        found.oldest_latest = found.latest
    found.number += 1
    found.ids = []


def _forget(found: _Open, table: Table, queue: Table) -> None:
    for key in _read(queue, found.oldest).ids:
        table.delete(key)
    queue.delete(_name(found.oldest))
    found.oldest += 1
    if found.oldest < found.number:
        found.oldest_latest = _read(queue, found.oldest).latest


def _read(queue: Table, number: int) -> _Chunk:
    return _chunk.decode(queue.get(_name(number)) or _pack(_Chunk(0, [])))


def _name(number: int) -> bytes:
    return number.to_bytes(8, "big")
