"""Durations are read as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
import typer

from ops.cli._duration import duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("0", 0)]
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: int) -> None:
    """A number alone is seconds."""
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "soon", "5 m", "-5m", "1.5h", "m"])
def test_anything_else_is_refused(text: str) -> None:
    """With an example."""
    with pytest.raises(typer.BadParameter, match="is no duration: write 90s, 5m, 1h30m or 2d"):
        duration(text)
