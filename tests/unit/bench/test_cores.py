"""What several processes gain is measured by what each of them reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cores import read_by
from bench.inputs import keep, raw
from bench.pipeline import gain
from bench.stopwatch import Run


@pytest.mark.slow
def test_each_process_reads_every_mail(tmp_path: Path) -> None:
    """At the same time, so the seconds are those of the slower one."""
    file = keep(list(raw(20)), tmp_path / "mails")
    for processes in (1, 2):
        run = read_by(processes, file)
        assert run.items == 20 * processes
        assert run.seconds > 0
        assert run.cpu_seconds > 0


def test_a_gain_is_of_mails_a_second() -> None:
    """Twice the mails in the same time is a gain of two; in a time half as long again, less."""
    alone, together = [Run(10, 1.0, 1.0), Run(10, 1.0, 1.0)], [Run(20, 1.0, 2.0), Run(20, 1.6, 2.0)]
    found = gain(alone, together)
    assert [found.most, found.least] == [2.0, 1.25]
