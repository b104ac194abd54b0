"""Words as the full-text index of the ticket store takes them, when it is written and when it is asked."""

from __future__ import annotations

import re

MAX_INDEXED = 100_000  # characters of one text that can be searched; the text itself is kept whole
_MAX_QUERY = 1_000

# Chinese, Japanese and Korean: words are not separated by spaces, or carry endings.
CJK = re.compile(
    "([\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff])"
)


def indexed(text: str) -> str:
    """`text` for the index: each Chinese, Japanese or Korean character is a word of its own."""
    start = text[:MAX_INDEXED]
    return start if start.isascii() else CJK.sub(r" \1 ", start)


def words(query: str) -> list[str]:
    """The words that somebody looks for, without quotes and signs that stand alone."""
    plain = query[:_MAX_QUERY].encode("utf-8", "replace").decode().replace('"', " ").replace("\x00", " ")
    return [word for word in plain.split() if any(character.isalnum() for character in word)]


def matching(query: str) -> str:
    """The FTS5 expression for all words of `query`, each the start of a word; "" when there are none.

    Every word is quoted, so that nothing in it is syntax; a Chinese word becomes the phrase of its characters.
    """
    return " ".join(f'"{indexed(word).strip()}"*' for word in words(query))


def around(text: str, query: str, width: int = 60) -> str:
    """The part of `text` where the first of the words stands, on one line, for people to see why it was found."""
    line = " ".join(text.split())
    folded = line.casefold()
    places = [place for word in words(query) if (place := folded.find(word.casefold())) >= 0]
    start = max(0, min(places, default=0) - width)
    return ("…" if start else "") + line[start : start + 2 * width] + ("…" if start + 2 * width < len(line) else "")
