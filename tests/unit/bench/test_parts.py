"""The table of parts stands in its page, and nothing else of the page changes."""

from __future__ import annotations

import pytest

from bench.parts import BEGIN, END, PAGE, Parts, table, written
from bench.report import Figure, Machine

FOUND = Parts(
    Machine(2, 0.5, "CPython 3.11.7", "Linux", "2026-11-25T12:00+00:00", {}), 2400, 3, {"all": Figure(900, 800, 1000)}
)


def test_the_table_has_a_row_for_each_part() -> None:
    """Rounded, with the least and the most."""
    assert table(FOUND).splitlines()[-1] == "| all | 900 (800 to 1,000) |"


def test_only_the_table_changes() -> None:
    """What stands around the marks stays, and writing twice is the same as once."""
    page = f"above\n{BEGIN}\nold\n{END}\nbelow\n"
    assert written(page, FOUND) == f"above\n{BEGIN}\n{table(FOUND)}\n{END}\nbelow\n"
    assert written(written(page, FOUND), FOUND) == written(page, FOUND)


def test_a_page_without_a_place_is_an_error() -> None:
    """The real page has one."""
    with pytest.raises(ValueError, match="no place for the table"):
        written("nothing", FOUND)
    assert (PAGE.read_text("utf-8").count(BEGIN), PAGE.read_text("utf-8").count(END)) == (1, 1)
