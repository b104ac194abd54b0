"""What a large expression needs is in every text in which it is found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail import bounce_signs, signatures, vocabulary
from normalizer.mail.sought import Sought, folded, needed_words

TABLES = {
    "mail system": vocabulary.MAIL_SYSTEM,
    "failure subject": vocabulary.FAILURE_SUBJECT,
    "failure notice": vocabulary.FAILURE_NOTICE,
    "delay notice": vocabulary.DELAY_NOTICE,
    "daemon": bounce_signs._DAEMON,
    "postmaster": bounce_signs._POSTMASTER,
    "machine": bounce_signs._MACHINE,
    "unsubscribe": signatures._UNSUBSCRIBE,
    "legal": signatures._LEGAL,
}


@pytest.mark.parametrize("table", TABLES)
@given(data=st.data())
def test_whatever_matches_is_found(table: str, data: st.DataObject) -> None:
    """In any case of letters, as `re` takes it, with other words around."""
    sought = TABLES[table]
    text = data.draw(st.text(max_size=5)) + data.draw(st.from_regex(sought._pattern)) + data.draw(st.text(max_size=5))
    found = sought._pattern.search(text)
    assert (found and found.span()) == ((again := sought.search(text)) and again.span())


@pytest.mark.parametrize("table", TABLES)
def test_every_table_needs_some_words(table: str) -> None:
    """Of at least two characters, or every text would be looked at closely."""
    assert [word for word in needed_words(TABLES[table]._pattern) or [""] if len(word) < 2] == []


@pytest.mark.parametrize("text", ["\u017fend \u0130t", "SEND \u0131T", "\u212aend it"])
def test_letters_that_are_alike_for_re_are_alike_here(text: str) -> None:
    """The long s, the Turkish letters and the sign of Kelvin are ASCII letters to `re.IGNORECASE`."""
    pattern = re.compile("send it|kend it", re.IGNORECASE)
    assert (pattern.search(text) is None) == (Sought(pattern).search(text) is None)
    assert folded("\u017f\u0130\u0131\u212a") == "siik"


def test_an_expression_without_words_is_tried_on_every_text() -> None:
    """Nothing is known to be needed, so nothing is ruled out."""
    assert needed_words(re.compile(r"\d+|a")) is None
    assert needed_words(re.compile(r"(?:ab|c?)d+")) == frozenset({"d"})
    assert Sought(re.compile(r"\d+")).search("a 12") is not None
