"""Large regular expressions that are seldom found: a text is looked through for what they need before they are tried.

An alternation of two hundred phrases in any case of letters is tried by Python at every character of a text. Nearly no
mail has any of the words in it without which none of the phrases can be there, and all those words are looked for in
one pass (Aho and Corasick, 1975).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants, _parser  # type: ignore[attr-defined]  # how `re` itself reads an expression
from typing import Any

from ahocorasick_rs import BytesAhoCorasick

Words = frozenset[str]


class Sought:
    """`pattern`, whose `search` gives what its own would give, sooner."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern
        needed = needed_words(pattern)
        self._automaton = BytesAhoCorasick([_bytes(word) for word in sorted(needed)]) if needed else None

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in `text`, None when there is none."""
        if self._automaton is not None and not self._automaton.find_matches_as_indexes(_bytes(folded(text))):
            return None
        return self._pattern.search(text)


def needed_words(pattern: re.Pattern[str]) -> Words | None:
    """Words, `folded`, of which at least one is in every text that `pattern` matches; None when there are no such."""
    return _of_sequence(_parser.parse(pattern.pattern, pattern.flags))


def folded(text: str) -> str:
    """`text` so that what differs for `re.IGNORECASE` differs here too, and nothing else."""
    if text.isascii():
        return text.lower()
    # To `re` the Turkish letters are an i as well.
    return text.casefold().replace("\u0131", "i").replace("\u0307", "")


def _of_sequence(sequence: Iterable[tuple[Any, Any]]) -> Words | None:
    """The best of what the members of a sequence need, for all of them must be there."""
    found: list[Words] = []
    run = ""
    for operation, value in sequence:
        if operation is _constants.LITERAL:
            run += chr(value)
            continue
        found += [frozenset((folded(run),))] if run else []
        run = ""
        inner = _of_member(operation, value)
        found += [inner] if inner else []
    found += [frozenset((folded(run),))] if run else []
    return max((words for words in found if all(words)), key=lambda words: min(map(len, words)), default=None)


def _of_member(operation: Any, value: Any) -> Words | None:
    if operation is _constants.SUBPATTERN:
        return _of_sequence(value[-1])
    if operation is _constants.BRANCH:
        branches = [_of_sequence(branch) for branch in value[1]]
        return frozenset().union(*(each for each in branches if each)) if all(branches) else None
    if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and value[0] > 0:
        return _of_sequence(value[2])
    return None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
