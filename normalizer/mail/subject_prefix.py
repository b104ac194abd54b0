"""What the mark before a subject says: "Re:" answers a mail, "Fwd:" passes one on, in any language."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from normalizer.mail._subjects import FORWARD, REPLY

Kind = Literal["reply", "forward"]

_TAG = re.compile(r"\s*(?:\[[^\]]{0,80}\]\s*)*")
_COUNT = re.compile(r"\s*(?:[\[(^*]?\d{1,3}[\])*]?)?\s*$")
_LONGEST = 24  # characters up to the colon


class Prefix(NamedTuple):
    """`kinds` maps each reading to the languages in which it holds ("VS" passes on in Danish, answers in Finnish)."""

    kinds: dict[Kind, frozenset[str]]
    rest: str


def _index() -> dict[str, dict[Kind, frozenset[str]]]:
    index: dict[str, dict[Kind, frozenset[str]]] = {}
    tables: tuple[tuple[Kind, dict[str, str]], ...] = (("reply", REPLY), ("forward", FORWARD))
    for kind, table in tables:
        for language, row in table.items():
            for word in row.split("/"):
                kinds = index.setdefault(word.casefold(), {})
                kinds[kind] = kinds.get(kind, frozenset()) | {language}
    return index


_INDEX = _index()


def read(subject: str) -> Prefix:
    """The first mark of `subject` (behind any "[tag]") and what follows it; no kinds when there is none."""
    tag = _TAG.match(subject)
    start = tag.end() if tag else 0
    if start >= len(subject):  # "[Fwd: about lunch]", as old Mozilla writes
        start = 0
    colon = next((at for at in range(start, min(len(subject), start + _LONGEST)) if subject[at] in ":："), -1)
    if colon < 0:
        return Prefix({}, subject.strip())
    word = subject[start:colon].lstrip(" [(")
    kinds = _INDEX.get(_COUNT.sub("", word).strip().casefold(), {})
    if not kinds:
        return Prefix({}, subject.strip())
    rest = subject[colon + 1 :].strip()
    return Prefix(kinds, rest.removesuffix("]") if subject[start : start + 1] == "[" else rest)
