"""Content-Encoding undone in small steps: a few bytes that would become gigabytes never do.

HTTP clients inflate whatever arrives at once, so that 64 KiB of gzip are 64 MiB in memory before anybody can count them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from normalizer.errors import Rejected

_STEP = 64 * 1024
_GZIP_OR_ZLIB = 47  # wbits: both, told by their header (zlib manual, inflateInit2)


def inflated(encoding: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The content behind `encoding` (RFC 9110, section 8.4), in pieces of at most 64 KiB whatever the ratio.

    Raises `Rejected` for an encoding that we did not ask for, for one in another, and for what is broken or cut.
    """
    match encoding.strip().lower():
        case "" | "identity":
            yield from chunks
        case "gzip" | "x-gzip" | "deflate":
            yield from _inflated(chunks)
        case other:
            raise Rejected("unknown-encoding", f"a file comes as {other[:40]}, which was not asked for: it is left out")


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        for chunk in chunks:
            waiting = chunk
            while waiting and not inflate.eof:
                if piece := inflate.decompress(waiting, _STEP):
                    yield piece
                waiting = inflate.unconsumed_tail
            if inflate.eof:
                return  # what follows is no content
    except zlib.error as error:
        raise Rejected("broken-encoding", f"a file cannot be unpacked ({error}): it is left out") from error
    raise Rejected("broken-encoding", "a file ends before its packing does: it is left out")
