"""The fault harness is alive: three Kafka nodes, faults under load, and the verdict that nothing was lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.chaos.__main__ import run

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


def test_two_faults_are_survived(tmp_path: Path) -> None:
    """A stage and a broker die while mail, texts and forms come in; nothing is lost, doubled or different."""
    found = run(tmp_path, ("kill stage route", "kill broker 2"), seed=1, rate=1.0, channels=("mail", "sms", "webform"))
    assert [(row.name, row.problems) for row in found.rows] == [("kill stage route", []), ("kill broker 2", [])]
    assert found.rows[0].ended["route"] == [-9]
    assert found.said > 20
    assert found.ours.lost == 0
    assert found.rows[0].waiting > 0
    assert all(row.recovery is not None for row in found.rows)
