"""Percentiles by the nearest rank."""

from __future__ import annotations

import pytest

from bench.latency import percentile


@pytest.mark.parametrize(("share", "found"), [(0.0, 1), (0.5, 50), (0.501, 51), (0.99, 99), (0.999, 100), (1.0, 100)])
def test_so_many_values_are_not_above_it(share: float, found: int) -> None:
    """Of a hundred, the 99th and not the worst."""
    assert percentile([float(each) for each in range(100, 0, -1)], share) == found
