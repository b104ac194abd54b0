"""Words for PostgreSQL's full-text search, made here and not by the server, so that both stores find the same.

A tsvector holds each word with its places. Where SQLite's index has a Chinese, Japanese or Korean character, there
is the pair of it and the next one: PostgreSQL keeps 256 places of a word, and a single character has more of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from normalizer.events import Message
from sinks._words import CJK, indexed, words

_ASCII = re.compile("[a-z0-9]+")
_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile("[\u0300-\u036f]")
_LONGEST = 100  # characters of a word; PostgreSQL takes 2,046 bytes
_LAST_PLACE = 16_383  # PostgreSQL counts no further
_MOST_BYTES = 500_000  # of the words of a message; PostgreSQL takes 1 MB with their places
_GAP = 5  # places between two fields, so that no phrase reaches from one into the other
_SHORT = 30_000  # characters that cannot hold so many words that a limit above is met


def vector(message: Message) -> str:
    """What can be found of a message, as the text of a tsvector: subject A, sender B, text D."""
    fields = (("A", message.subject), ("B", f"{message.sender.name} {message.sender.address}"), ("", message.text))
    short = sum(len(text) for _, text in fields) < _SHORT and all(text.isascii() for _, text in fields)
    places = _plain_places(fields) if short else _places(fields)
    # Words are letters and digits, so that nothing in them is syntax.
    return " ".join([f"'{word}':{found}" for word, found in places.items()])


def _plain_places(fields: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The places of each word of short texts in ASCII: what `_places` gives, in fewer steps."""
    places: dict[str, str] = {}
    at = 0
    for weight, text in fields:
        for at, word in enumerate(_ASCII.findall(text.lower()), at + 1):  # noqa: B020 - it goes on from field to field
            cut = word[:_LONGEST]
            places[cut] = f"{places[cut]},{at}{weight}" if cut in places else f"{at}{weight}"
        at += _GAP
    return places


def _places(fields: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The places of each word, with the weight of its field."""
    places: dict[str, list[str]] = defaultdict(list)
    at, room = 0, _MOST_BYTES
    for weight, text in fields:
        for word in _pairs(_tokens(indexed(text))):
            at += 1
            if word not in places and (room := room - 4 * len(word) - 8) < 0:
                break
            places[word].append(f"{min(at, _LAST_PLACE)}{weight}")
        at += _GAP
    return {word: ",".join(found) for word, found in places.items()}


def matching(query: str) -> str:
    """The tsquery for all words of `query`, each the start of a word; "" when there are none."""
    phrases = (" <-> ".join(_begun(_tokens(indexed(word)))) for word in words(query))
    return " & ".join(filter(None, phrases))


def _tokens(text: str) -> list[str]:
    """The words of a text without case and accents; each Chinese, Japanese or Korean character is one."""
    folded = text.casefold()
    if folded.isascii():
        return _ASCII.findall(folded)
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", folded)))
    return [word[:_LONGEST] for word in _WORD.findall(plain)]


def _pairs(tokens: Iterable[str]) -> Iterator[str]:
    """The words of an index: a character for which that is needed stands with the one that follows."""
    before = ""
    for token in tokens:
        character = not token.isascii() and CJK.match(token) is not None
        if before:
            yield before + token if character else before
        before = token if character else ""
        if not character:
            yield token[:_LONGEST]
    if before:
        yield before


def _begun(tokens: list[str]) -> Iterator[str]:
    """The words of a query. The last may be the start of a longer one, but not of a pair: that is whole."""
    if len(tokens) > 1 and CJK.match(tokens[-1]) and CJK.match(tokens[-2]):
        return (f"'{word}'" for word in list(_pairs(tokens))[:-1])
    *first, last = list(_pairs(tokens)) or [""]
    return (f"'{word}'{mark}" for word, mark in [*((word, "") for word in first), (last, ":*")] if word)
