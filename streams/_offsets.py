"""Sets of offsets in a table of a stage, a bit for each: what is settled of a partition, and what is marked in it.

A set is cut into blocks of `BLOCK` offsets, of which only those are kept that say something. So a million records
in order take a block, and a million in any order 125 KB.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from normalizer.errors import Rejected
from streams._state import Table

BLOCK = 8192
MOST_AHEAD = 1 << 27
"""How far beyond the last offset that was named the next may be: a number far beyond is no offset."""
MOST_BLOCKS = 256
"""How many blocks of marks are kept of one partition: at least as many marks, at most two million."""

_FULL = (1 << BLOCK) - 1
_words = msgspec.msgpack.Decoder(dict[str, bytes])
_pack = msgspec.msgpack.Encoder().encode


class Settled:
    """The settled offsets of a partition: all below `watermark`, none from `end` on, in between those with a bit.

    A block is kept while one of its offsets below `end` is open. The numbers are the caller's to remember.
    """

    def __init__(self, table: Table, place: bytes, watermark: int, end: int) -> None:
        self._table, self._place = table, place
        self.watermark, self.end = watermark, end

    def __contains__(self, offset: int) -> bool:
        if offset < self.watermark:
            return True
        if offset >= self.end:
            return False
        found = self._table.get(_key(self._place, offset // BLOCK))
        return found is None or _has(found, offset % BLOCK)

    def add(self, offset: int) -> None:
        """Settle an offset that is open. Raises `Rejected` when it cannot be one of this partition."""
        if offset >= self.end + MOST_AHEAD:
            raise Rejected(
                "no-such-offset",
                f"a fate names offset {offset} of {self._place.decode()}, and the last known is {self.end - 1}: "
                "was the raw topic made anew, or its fate written by something else?",
            )
        if offset >= self.end:
            for number in range(-(-self.end // BLOCK), offset // BLOCK + 1):
                self._table.set(_key(self._place, number), b"")
            self.end = offset + 1
        number = offset // BLOCK
        bits = (self._bits(number) or 0) | 1 << offset % BLOCK
        if bits == _FULL:
            self._table.delete(_key(self._place, number))
        else:
            self._table.set(_key(self._place, number), _bytes(bits))
        if offset == self.watermark:
            self.watermark = next(self._open(offset + 1), (self.end, 0))[0]

    def gaps(self, most: int) -> list[tuple[int, int]]:
        """What is open between watermark and end: (first, past the last), the lowest `most` of them."""
        found: list[tuple[int, int]] = []
        for first, end in self._open(self.watermark):
            if found and found[-1][1] == first:
                found[-1] = (found[-1][0], end)
            elif len(found) == most:
                break
            else:
                found.append((first, end))
        return found

    def _open(self, since: int) -> Iterator[tuple[int, int]]:
        """The runs of open offsets from `since` on; one that goes on in the next block comes in two."""
        for number in range(since // BLOCK, -(-self.end // BLOCK)):
            bits = self._bits(number)
            if bits is None:
                continue
            low, high = max(since - number * BLOCK, 0), min(self.end - number * BLOCK, BLOCK)
            unset = ~bits & ((1 << high) - (1 << low))
            while unset:
                first = _lowest(unset)
                length = _lowest(~(unset >> first))
                yield number * BLOCK + first, number * BLOCK + first + length
                unset &= ~((1 << first + length) - 1)

    def _bits(self, number: int) -> int | None:
        found = self._table.get(_key(self._place, number))
        return None if found is None else int.from_bytes(found, "little")


class Marks:
    """Offsets that are marked with words; of a partition's blocks the last `MOST_BLOCKS` are kept.

    `first` is a number below which no block is kept, `blocks` how many are: the caller's to remember.
    """

    def __init__(self, table: Table, place: bytes, first: int, blocks: int) -> None:
        self._table, self._place = table, place
        self.first, self.blocks = first, blocks

    def words(self, offset: int) -> tuple[str, ...]:
        """The words that an offset is marked with."""
        at = offset % BLOCK
        return tuple(word for word, bits in self._block(offset // BLOCK).items() if _has(bits, at))

    def add(self, offset: int, word: str) -> list[int]:
        """Mark an offset; gives the offsets whose marks were given up for it."""
        number, at = divmod(offset, BLOCK)
        block = self._block(number)
        self.first = min(self.first, number) if self.blocks else number
        self.blocks += not block
        bits = bytearray(block.get(word, b"").ljust(at // 8 + 1, b"\0"))
        bits[at // 8] |= 1 << at % 8
        block[word] = bytes(bits)
        self._keep(number, block)
        return self._give_up() if self.blocks > MOST_BLOCKS else []

    def discard(self, offset: int, word: str) -> None:
        """Take a mark off again."""
        number, at = divmod(offset, BLOCK)
        block = self._block(number)
        bits = bytearray(block.pop(word))
        bits[at // 8] &= ~(1 << at % 8)
        if left := bytes(bits).rstrip(b"\0"):
            block[word] = left
        self.blocks -= not block
        self._keep(number, block)

    def _give_up(self) -> list[int]:
        while not (block := self._block(self.first)):
            self.first += 1
        self._keep(self.first, {})
        self.blocks -= 1
        everything = 0
        for bits in block.values():
            everything |= int.from_bytes(bits, "little")
        return [self.first * BLOCK + at for at in range(BLOCK) if everything >> at & 1]

    def _block(self, number: int) -> dict[str, bytes]:
        found = self._table.get(_key(self._place, number))
        return {} if found is None else _words.decode(found)

    def _keep(self, number: int, block: dict[str, bytes]) -> None:
        if block:
            self._table.set(_key(self._place, number), _pack(block))
        else:
            self._table.delete(_key(self._place, number))


def _has(bits: bytes, at: int) -> bool:
    """Whether a bit is set; zeros at the end are left out."""
    return at // 8 < len(bits) and bool(bits[at // 8] >> at % 8 & 1)


def _key(place: bytes, number: int) -> bytes:
    return b"%s/%d" % (place, number)


def _bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def _lowest(bits: int) -> int:
    """The number of the lowest bit that is set."""
    return (bits & -bits).bit_length() - 1
