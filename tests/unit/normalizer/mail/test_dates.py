"""Date headers: usual, obsolete, and neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail import dates


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37+00:00"),
        ("1 Jul 2003 10:52 -0330", "2003-07-01T14:22:00+00:00"),
        ("Tue, 1 Jul 2003 10:52:37 GMT", "2003-07-01T10:52:37+00:00"),
        ("Tue, 1 Jul 2003 10:52:37 EST", "2003-07-01T15:52:37+00:00"),
        ("Tue, 1 Jul 03 10:52:37 PDT", "2003-07-01T17:52:37+00:00"),
        ("Tue, 1 Jul 2003 10:52:37 +0200 (CEST (summer))", "2003-07-01T08:52:37+00:00"),
        ("Tuesday, 1-Jul-2003 10:52:37 +0200", "2003-07-01T08:52:37+00:00"),
        ("Tue Jul  1 10:52:37 2003", "2003-07-01T10:52:37+00:00"),
        ("Tue, 1 Jul 0103 10:52:37 +0200", "2003-07-01T08:52:37+00:00"),
        ("2003-07-01T10:52:37+02:00", "2003-07-01T08:52:37+00:00"),
        ("Tue, 1 Jul 2003 23:59:60 +0000", "2003-07-01T23:59:59+00:00"),
        ("Tue, 41 Jul 2003 10:52:37 +0200", None),
        ("yesterday", None),
        ("", None),
        ("(((", None),
        ("Tue, 1 Jul 0001 00:00:00 +1400", None),
    ],
)
def test_times(header: str, expected: str | None) -> None:
    """The time in UTC, or nothing; never a wrong guess."""
    found = dates.parse(header)
    assert (found and found.isoformat()) == expected


@given(st.text(max_size=100))
def test_any_text(text: str) -> None:
    """Never an exception."""
    found = dates.parse(text)
    assert found is None or found.tzinfo is not None
