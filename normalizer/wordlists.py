"""Which of the words of long lists stand in a text: all lists at once, in one pass (Aho and Corasick, 1975)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ahocorasick_rs import BytesAhoCorasick


@lru_cache(1024)
def split(words: str) -> tuple[str, ...]:
    """The words of a list that is separated by commas, case folded."""
    return tuple(word.strip() for word in words.casefold().split(",") if word.strip())


class WordLists:
    """Lists as `split` takes them, put together once for many texts."""

    def __init__(self, lists: Iterable[str]) -> None:
        self._words = tuple(dict.fromkeys(word for words in lists for word in split(words)))
        self._automaton = BytesAhoCorasick([_bytes(word) for word in self._words])

    def read(self, text: str) -> Text:
        """What of the lists stands in `text`."""
        folded = text.casefold()
        hits = self._automaton.find_matches_as_indexes(_bytes(folded), overlapping=True)
        return Text(folded, {self._words[hit[0]] for hit in hits})


class Text:
    """A text, and the words of the lists that stand in it, be it inside of longer words."""

    __slots__ = ("_folded", "_found")

    def __init__(self, folded: str, found: set[str]) -> None:
        self._folded, self._found = folded, found

    def first(self, words: str) -> str | None:
        """The first word of a list, in the list's order, that stands in the text as a whole word."""
        if not self._found:
            return None
        return next((word for word in split(words) if word in self._found and self._is_whole(word)), None)

    def _is_whole(self, word: str) -> bool:
        whole, at = _whole_word(word), self._folded.find(word)
        while at >= 0:
            if whole.match(self._folded, at):
                return True
            at = self._folded.find(word, at + 1)
        return False


@lru_cache(1024)
def of_one(words: str) -> WordLists:
    """A single list, put together once."""
    return WordLists((words,))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@lru_cache(8192)
def _whole_word(word: str) -> re.Pattern[str]:
    """Not inside a longer word; from Thai on, scripts write words without spaces (or, as Hangul, with endings)."""
    before = r"(?<!\w)" if word[0] < "\u0e00" else ""
    after = r"(?!\w)" if word[-1] < "\u0e00" else ""
    return re.compile(before + re.escape(word) + after)
