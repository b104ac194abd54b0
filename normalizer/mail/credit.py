"""Whom an attribution names, and the time it gives: "On 1 May 2023 at 09:26, Ann <ann@example.org> wrote:"."""

from __future__ import annotations

import re

from normalizer.events import Contact
from normalizer.identity import email_address
from normalizer.mail._phrases import FILLERS, OPENERS, WROTE
from normalizer.mail.header_block import MARKS

_MAX_LENGTH = 600  # characters
_QUOTES = '"“”„«»「」'
_ADDRESS = re.compile(r"[^\s<>()\[\]\"'«»“”„:;,]{1,64}@[^\s<>()\[\]\"'«»“”„:;,]{1,255}")
_LINK = re.compile(r"<mailto:[^<>]{0,320}>|\[mailto:[^\[\]]{0,320}\]", re.IGNORECASE)
_QUOTED = re.compile(rf"[{_QUOTES}]\s*([^{_QUOTES}]{{1,200}}?)\s*[{_QUOTES}]")
_ZONE = r"(?:\s?\(?(?:GMT|UTC|MSK|BST|[A-Z]{1,4}S?T)?(?:[+-]\d{1,2}:?\d{0,2})?\)?(?=\W|$))?"
_STAMP = re.compile(rf"\d[\d.:/-]*(?:\s?[AaPp]\.?\s?[Mm]\b\.?)?{_ZONE}")
_WORDS = {word.casefold() for row in WROTE.values() for word in row.split("/")}
_DROPPED = _WORDS | {word.casefold() for word in FILLERS.split("/")}
_EDGES = MARKS + _QUOTES + "'’<>()[]{},;:*_|-–"


def author(text: str) -> Contact | None:
    """The person named in `text`: by address, and by name where it can be told from the words around it."""
    text = _LINK.sub("", text[:_MAX_LENGTH])
    hit = _ADDRESS.search(text)
    name = _name(text[: hit.start()] if hit else text)
    address = email_address(hit[0]) if hit else ""
    if not address and not name:
        return None
    return Contact(scheme="email", address=address, name="" if name.casefold() == address else name)


def date(text: str) -> str:
    """The time in `text` as written, without the words that lead to it; "" when there is none."""
    text = text[:_MAX_LENGTH]
    hit = _ADDRESS.search(text)
    before, after = (text[: hit.start()], text[hit.end() :]) if hit else (text, "")
    for part in (before, after):
        stamps = list(_STAMP.finditer(part))
        if stamps:
            return _without_words(part[: stamps[-1].end()]).strip(_EDGES)
    return ""


def _name(text: str) -> str:
    quoted = _QUOTED.search(text)
    if quoted:
        return quoted[1].strip(_EDGES)
    stamps = list(_STAMP.finditer(text))
    return _without_words(text[stamps[-1].end() :] if stamps else text)


def _without_words(text: str) -> str:
    """`text` without the words at its ends that belong to the sentence: "um", "heeft", "wrote"."""
    for opener in OPENERS.split("/"):
        if opener and text.startswith(opener):
            text = text[len(opener) :]
            break
    words = text.strip(_EDGES).split()
    while words and words[0].strip(_EDGES).casefold() in _DROPPED:
        del words[0]
    for count in (3, 2, 1):
        if len(words) >= count and " ".join(words[-count:]).strip(_EDGES).casefold() in _WORDS:
            del words[-count:]
            break
    return " ".join(words).strip(_EDGES)
