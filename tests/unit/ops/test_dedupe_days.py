"""For how long stages know a message again, as the configuration says it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from normalizer.errors import Misconfigured
from ops.config import load


def days(folder: Path, text: str) -> timedelta | None:
    """What a configuration of this text gives the stages."""
    path = folder / "switchboard.toml"
    path.write_text(text, "utf-8")
    return load(path).state.dedupe


def test_for_ever_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    """And for as many days as he says."""
    assert days(tmp_path, "") is None
    assert days(tmp_path, "[state]\ndedupe_days = 65") == timedelta(days=65)


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("[state]\ndedupe_days = 64", 65),
        ('[state]\ndedupe_days = 90\n[kafka.retention_days]\nraw = 60\n"raw.mail" = 365', 400),
        ("[state]\ndedupe_days = 31\n[kafka.retention_days]\nraw = 2.5", 32),
        ('[state]\ndedupe_days = 68\n[kafka.retention_days]\n"messages.threaded" = 14', 69),
        ('[state]\ndedupe_days = 64\n[kafka.retention_days]\n"raw.mail" = 5', 65),
    ],
)
def test_whatever_may_be_delivered_again_must_be_known(tmp_path: Path, text: str, least: int) -> None:
    """Raw records are kept for 30 days where nothing else is said."""
    said = rf"state.dedupe_days is \d+, and raw records may be delivered again for longer: make it {least} at least"
    with pytest.raises(Misconfigured, match=said):
        days(tmp_path, text)


def test_a_span_that_no_calendar_has_is_named(tmp_path: Path) -> None:
    """Before anything starts."""
    with pytest.raises(Misconfigured, match=r"state.dedupe_days is wrong \(Expected `int` <= 36500\): correct it"):
        days(tmp_path, "[state]\ndedupe_days = 10000000000")
