"""Moments on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
import typer

from ops.cli._when import told, utc, when


@pytest.mark.parametrize("text", ["2026-11-01", "2026-11-01T00:00", "2026-11-01T00:00:00"])
def test_a_day_or_a_time_is_in_utc(text: str) -> None:
    """As everything on the topics is."""
    assert utc(when(text)) == datetime(2026, 11, 1, tzinfo=UTC)


def test_a_duration_is_so_long_before_now() -> None:
    """Written as in `reconcile` and `ledger`."""
    before = datetime.now(UTC)
    found = utc(when("7d12h"))
    assert found is not None
    assert before <= found + timedelta(days=7, hours=12) <= datetime.now(UTC)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "20261101", "", "99999999999d"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """With what to write."""
    with pytest.raises(
        typer.BadParameter, match=r"is no moment: write 2026-11-01, 2026-11-01T08:30 \(UTC\), or how long ago"
    ):
        when(text)


def test_a_moment_is_told_with_its_zone() -> None:
    """Wherever it was written."""
    assert told(datetime(2026, 11, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))) == "2026-10-31 23:02:03 UTC"
