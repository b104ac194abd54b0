"""One command runs every part; a part that fails is named, stops no other, and replaces no results."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from bench.__main__ import ended
from bench.figures import BY_HAND, PARTS
from bench.part import Wanted, again, elsewhere

pytestmark = pytest.mark.slow


def test_every_part_is_a_command() -> None:
    """`python -m bench.PART` for each that is shown."""
    assert [name for name in (*PARTS, *BY_HAND) if find_spec(f"bench.{name}") is None] == []


def test_a_part_that_fails_or_hangs_is_told() -> None:
    """By its exit status, or by the time that it was given."""
    assert ended("no_such_part", []) == "its exit status was 1"
    assert ended("figures", ["--check"], limit=0) == "it took more than 0 s"


def test_less_than_usual_does_not_replace_the_results() -> None:
    """It must be said where else the results go."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.sinks", "--scale", "0.1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "less than usual does not replace the results: give another folder with --results" in done.stderr


def test_items_follow_the_scale() -> None:
    """With a least number, below which nothing can be measured."""
    assert [Wanted(scale=scale).items(1000, 50) for scale in (1, 0.1, 0.001, 10)] == [1000, 100, 50, 10_000]


def test_a_measurement_is_a_process_of_its_own() -> None:
    """Its result comes back, and so does its error; one that takes too long is ended."""
    assert elsewhere(os.getpid) != os.getpid()
    with pytest.raises(RuntimeError, match="ValueError: invalid literal for int"):
        again(partial(int, "x"))
    with pytest.raises(TimeoutError, match=r"a measurement took more than 0\.1 s"):
        elsewhere(partial(subprocess.run, ["/bin/sleep", "60"]), limit=0.1)


def _dies_hard(told: Path) -> None:
    told.write_text(str(subprocess.Popen(["/bin/sleep", "600"]).pid))
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_dies_hard_leaves_nothing_behind(tmp_path: Path) -> None:
    """Not what it had started either: the next measurement would be made beside it."""
    told = tmp_path / "pid"
    with pytest.raises(RuntimeError, match="a measurement ended with status -9"):
        elsewhere(partial(_dies_hard, told))
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(told.read_text())).wait(10)
