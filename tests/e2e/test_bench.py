"""The benchmark of the pipeline measures what it says, on real Kafka."""

from __future__ import annotations

import pytest

from bench.pipeline import BARE, STAGE, WHOLE, measure, report
from bench.report import this_machine

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
MAILS = 30


def test_all_mails_arrive_in_every_measurement(brokers: str) -> None:
    """The whole pipeline, the stage and the bare loop each take all mails, and each has its rate."""
    found = report(measure(brokers, MAILS, 1), this_machine())
    assert [row.what for row in found.rows] == [WHOLE, STAGE, BARE]
    assert all(row.per_second.least > 0 and row.per_cpu_second.least > 0 for row in found.rows)
    assert (found.items, found.runs) == (MAILS, 1)
