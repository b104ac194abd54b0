"""What all parts of the benchmarks have in common: a command, a broker of its own, and a process for each measurement.

    python -m bench.PART [--runs N] [--scale 0.1 --results FOLDER]

The results of a part are replaced by a complete run of it and by nothing less: they are written at its end, and a run
that is smaller than usual must say where else to.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from bench import bars
from bench.report import RESULTS, Report, save
from bench.shown import plain
from normalizer.errors import SwitchboardError
from ops.engine.kafka import Engine

T = TypeVar("T")

MEASURE_SECONDS = 120.0
ENDING_SECONDS = 10.0


class Wanted(msgspec.Struct, frozen=True):
    """How much is measured: `runs` of each thing, with `scale` times the usual number of items."""

    runs: int = 3
    scale: float = 1.0

    def items(self, usual: int, least: int = 1) -> int:
        """How many items a run has that usually has so many."""
        return max(least, round(usual * self.scale))


def elsewhere(task: Callable[[], T], limit: float = MEASURE_SECONDS) -> T:
    """Run a task in a new process, so that nothing is warm that would be cold in earnest, and give its result.

    Raises `TimeoutError` when it takes longer than `limit` seconds, and ends it then.
    """
    spawn = get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_answer, args=(task, sender), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit):
            raise TimeoutError(f"a measurement took more than {limit:g} s: {task}")
        result, error = receiver.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f"a measurement ended with status {process.exitcode}: {task}") from None
    finally:
        process.join(ENDING_SECONDS)
        process.kill()
        with suppress(ProcessLookupError):  # what it had started is in its session, and outlives one that died hard
            os.killpg(cast("int", process.pid), signal.SIGKILL)
    if error is not None:
        raise error
    return cast("T", result)


def _answer(task: Callable[[], T], sender: Connection) -> None:
    os.setsid()
    # On a new broker the first group has to wait for its coordinator, and aiokafka calls each try an error.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        sender.send((task(), None))
    except Exception as error:  # noqa: BLE001 - it is raised again where it was asked for
        traceback.print_exc()
        sender.send((None, RuntimeError(f"{type(error).__name__}: {error}")))


def again(task: Callable[[], T], tries: int = 2) -> T:
    """`elsewhere`, once more when it fails: a runtime that hangs now and then costs a minute and not the whole part."""
    for left in reversed(range(tries)):
        try:
            return elsewhere(task)
        except (RuntimeError, TimeoutError) as error:
            if not left:
                raise
            say(f"failed, and is tried again: {error}")
    raise AssertionError("no tries")


@contextmanager
def broker() -> Iterator[str]:
    """A Kafka of this part's own: ``host:port``."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, Engine(Path(folder), port=0) as engine:
        yield engine.brokers


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def main(name: str, measure: Callable[[Wanted], Report], *, runs: int = 3) -> None:
    """The command of a part: measure, then write its JSON and its picture, and show its tables."""
    parser = argparse.ArgumentParser(prog=f"python -m bench.{name}")
    parser.add_argument("--runs", type=int, default=runs, help=f"of each measurement ({runs})")
    parser.add_argument("--scale", type=float, default=1.0, help="times the usual number of items (1)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON and the picture")
    given = parser.parse_args()
    demand_whole(parser, given.results, whole=given.scale == 1 and given.runs >= runs)
    signal.signal(signal.SIGTERM, _leave)  # so that the broker and the processes of this part end with it
    try:
        report = measure(Wanted(given.runs, given.scale))
    except SwitchboardError as error:
        sys.exit(f"bench: {error}")
    write(report, given.results, name)
    print(plain(report))


def demand_whole(parser: argparse.ArgumentParser, results: Path, *, whole: bool) -> None:
    """End the command with status 2 when less than usual would replace the results."""
    if not whole and results.resolve() == RESULTS:
        parser.error("less than usual does not replace the results: give another folder with --results")


def _leave(number: int, frame: object) -> None:
    del frame
    sys.exit(128 + number)


def write(report: Report, folder: Path, name: str) -> None:
    """The JSON of a report, and its picture when there is something to draw."""
    save(report, folder / f"{name}.json")
    if any(table.drawn is not None for table in report.tables):
        (folder / f"{name}.svg").write_text(bars.picture(report), "utf-8")
    say(f"written: {folder / name}.json")
