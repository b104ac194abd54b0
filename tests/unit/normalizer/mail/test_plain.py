"""Lines that can only be words are told apart without missing a mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail import attribution, header_block, separators, signatures
from normalizer.mail._footers import MOBILE
from normalizer.mail._labels import LABELS
from normalizer.mail._phrases import FORWARDED, OPENERS, ORIGINAL, QUOTING, REPLY_ABOVE, WROTE
from normalizer.mail._plain import is_plain

_WORDINGS = sorted(
    {
        word
        for row in (
            *(OPENERS, QUOTING, REPLY_ABOVE),
            *(row for table in (FORWARDED, MOBILE, ORIGINAL, WROTE) for row in table.values()),
            *("/".join(words) for fields in LABELS.values() for words in fields.values()),
        )
        for word in row.split("/")
    }
)
_PIECES = st.sampled_from(_WORDINGS) | st.sampled_from(
    ("1", "2002", "09:26", " ", "@", ":", "：", ">", "--", "_", "(", "[", "<", "http://x", " via ", "\u1427", "iPhone")
)
_LINES = st.lists(_PIECES | st.text(max_size=8), min_size=1, max_size=6).map("".join)


def _bare(line: str) -> str:
    return header_block.bare([line.replace("\n", " ").replace("\r", " ")])[0]


def _is_mark(line: str) -> bool:
    quoted, headed = [line, "> a", "> b"], [line, "From: a", "Subject: b"]
    return bool(
        attribution.find(quoted, 0)
        or attribution.find_weak(quoted, 0)
        or separators.find(headed, 0)
        or header_block.label(line)
        or signatures.is_rule(line)
        or signatures.is_mobile(line)
    )


@given(_LINES)
def test_no_mark_is_plain(line: str) -> None:
    """Whatever some rule takes for a mark is never a plain line."""
    line = _bare(line)
    assert not line or not (is_plain(line) and _is_mark(line))


def test_no_wording_of_a_mark_is_plain() -> None:
    """The wordings of all tables are marks in all places where they can be."""
    forms = ("{} iPhone", "{}", "{} 1 May 2023, Ann:", "{}:", "---- {} ----")
    lines = {_bare(form.format(word.replace("*", "iPhone"))) for word in _WORDINGS for form in forms}
    assert [line for line in lines if line and is_plain(line) and _is_mark(line)] == []


@given(_LINES, st.sampled_from(("", ">", "> ", ">> ")))
def test_every_forward_may_be_one(line: str, quoted: str) -> None:
    """What says that another mail was forwarded is seen in the whole text, also inside a quote."""
    line = _bare(line)
    found = separators.find([line, "From: a", "Subject: b"], 0) if line else None
    assert found is None or found.kind != "forwarded" or separators.may_forward(f"above\n{quoted}{line}")


@pytest.mark.parametrize("line", ["Thank you for the fish.", '"Well", she said', "On the road", "Grüße aus Köln"])
def test_words_are_plain(line: str) -> None:
    """A line of words is a plain line: otherwise one look would save nothing."""
    assert is_plain(line)
