"""Worker processes are kept alive, told apart, and end together."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ops.workers import Workers, command

pytestmark = pytest.mark.slow

STEADY = "import signal, sys\nprint('here', flush=True)\nsignal.sigwait([signal.SIGTERM])\nprint('bye', flush=True)"


async def _until(said: Sequence[str], pattern: str, count: int = 1) -> list[str]:
    """The first groups of `count` lines that match, once there are so many."""
    async with asyncio.timeout(60):
        while len(found := [match[1] for line in said if (match := re.fullmatch(pattern, line))]) < count:  # noqa: ASYNC110 - what is said comes from processes
            await asyncio.sleep(0.01)
    return found


async def _steady(*, kill: bool) -> tuple[int, list[str]]:
    said: list[str] = []
    workers = Workers(
        [sys.executable, "-c", "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n" + STEADY],
        2,
        said.append,
    )
    going = asyncio.create_task(workers.run())
    await _until(said, r"(\d) \| here", 2)
    if kill:
        (pid,) = await _until(said, r"worker 1 is process (\d+)")
        os.kill(int(pid), signal.SIGKILL)
        await _until(said, r"(1) \| here", 2)
    workers.stop()
    return await going, said


def test_all_are_asked_to_stop_and_awaited() -> None:
    """Each says goodbye, with its number before what it says; the status is that of a good end."""
    status, said = asyncio.run(_steady(kill=False))
    assert status == 0
    assert sorted(line for line in said if "|" in line) == ["1 | bye", "1 | here", "2 | bye", "2 | here"]


def test_one_that_is_killed_is_started_again() -> None:
    """The other one is left alone, and what happened is said."""
    status, said = asyncio.run(_steady(kill=True))
    assert status == 0
    assert "worker 1 ended (killed by signal 9) and is started again in 0.5 s" in said
    assert said.count("1 | here") == 2
    assert said.count("2 | here") == 1


def test_one_that_needs_a_person_ends_all() -> None:
    """Status 2 is passed on: starting again would change nothing."""
    said: list[str] = []
    status = asyncio.run(Workers([sys.executable, "-c", "import sys; print('no'); sys.exit(2)"], 2, said.append).run())
    assert status == 2
    assert any(re.fullmatch(r"worker \d needs a person: all are stopped", line) for line in said)


def test_any_other_end_is_no_reason_to_stay_away(tmp_path: Path) -> None:
    """A worker that ended well, or with an error, is started again with growing pauses."""
    said: list[str] = []
    count = tmp_path / "count"
    script = (
        f"import sys; f = open({str(count)!r}, 'a+'); f.write('x'); f.seek(0); sys.exit((0, 1, 2)[len(f.read()) - 1])"
    )
    assert asyncio.run(Workers([sys.executable, "-c", script], 1, said.append).run()) == 2
    assert [line for line in said if "again" in line] == [
        "worker 1 ended (status 0) and is started again in 0.5 s",
        "worker 1 ended (status 1) and is started again in 1 s",
    ]


def test_a_worker_is_the_command_itself() -> None:
    """With the options of the one that starts it, and without its number of workers."""
    assert command(["--config", "a.toml"], ["all"]) == [
        sys.executable, "-m", "ops.cli", "--config", "a.toml", "run", "stage", "all",
    ]  # fmt: skip
