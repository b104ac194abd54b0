"""What a benchmark found: tables of medians with their spread, what is asked for, and on what machine.

A part of the benchmarks is a `Report`, whatever it measures: `figures` shows it and `bars` draws it without knowing more.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench.stopwatch import Run
from ops.engine.jars import Lock

RESULTS = Path(__file__).resolve().parent / "results"
LIBRARIES = (
    "aiokafka", "confluent-kafka", "faststream", "faust-streaming", "kafka-python", "msgspec", "quixstreams",
)  # fmt: skip


MICRO, KILO, MEGA = 1e6, 1e3, 1e6
GROWTH_ASKED = 1.3


class Machine(msgspec.Struct, frozen=True):
    """Where, when and of what code it was measured. `load` is the load average over the minute before the first run, `commit`
    the short name of the commit, with a ``+`` behind it when Python files differed from it.
    """

    cores: int
    load: float
    python: str
    system: str
    at: str
    versions: dict[str, str]
    commit: str = ""


class Figure(msgspec.Struct, frozen=True):
    """The median of several runs, and the least and the most of them."""

    median: float
    least: float
    most: float


class Column(msgspec.Struct, frozen=True):
    """What a column holds; `unit` is shown behind each number, "%" and "×" are shares of 1."""

    name: str
    unit: str = ""


class Row(msgspec.Struct, frozen=True):
    """One thing that was measured, with a cell for each column; None where it has none."""

    what: str
    cells: tuple[Figure | None, ...]


class Table(msgspec.Struct, frozen=True):
    """Rows that can be compared; `how` says what was done. The picture shows the column number `drawn`, if any."""

    how: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    drawn: int | None = None


class Goal(msgspec.Struct, frozen=True):
    """A figure and what is asked of it: at least `asked`, or at most when `limit` is set. `note` says why it is missed.

    `profile` names the table of the profile (its beginning) that tells where the time goes.
    """

    what: str
    found: Figure
    asked: float
    unit: str = ""
    limit: bool = False
    note: str = ""
    profile: str = ""

    @property
    def reached(self) -> bool:
        """Whether the median is as asked."""
        return self.found.median <= self.asked if self.limit else self.found.median >= self.asked


class Report(msgspec.Struct, frozen=True):
    """The outcome of one part, each figure the median of `runs` runs."""

    machine: Machine
    title: str
    runs: int
    tables: tuple[Table, ...]
    goals: tuple[Goal, ...] = ()


def figure(values: Sequence[float], digits: int = 0) -> Figure:
    """The median and the spread of `values`, which must not be empty, rounded."""
    return Figure(*(round(value, digits) for value in (statistics.median(values), min(values), max(values))))


def share(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Run by run, ours as a share of theirs."""
    return figure([one / other for one, other in zip(ours, theirs, strict=True)], 3)


def growth(what: str, most: Sequence[float], least: Sequence[float], note: str = "") -> Goal:
    """What is asked of a cost with much history against that with little, run by run."""
    return Goal(what, share(most, least), GROWTH_ASKED, "×", limit=True, note=note)


def rates(how: str, unit: str, found: Mapping[str, Sequence[Run]]) -> Table:
    """Items per second and per CPU-second of each thing that was run; the second is drawn."""
    columns = (Column(f"{unit} per second"), Column("per CPU-second of the process"))
    rows = [
        Row(what, (figure([run.per_second for run in runs]), figure([run.per_cpu_second for run in runs])))
        for what, runs in found.items()
    ]
    return Table(how, columns, tuple(rows), drawn=1)


def this_machine() -> Machine:
    """The facts of this machine, now."""
    return Machine(
        cores=os.cpu_count() or 0,
        load=round(os.getloadavg()[0], 1),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=f"{platform.system()} {platform.machine()}",
        at=datetime.now(UTC).isoformat(timespec="minutes"),
        versions={name: version(name) for name in LIBRARIES} | {"apache-kafka": _kafka()},
        commit=_commit(),
    )


def _commit() -> str:
    """Empty outside of a clone."""
    with suppress(OSError, subprocess.CalledProcessError):
        return _git("rev-parse", "--short=7", "HEAD") + ("+" if _git("status", "--porcelain", "--", ":/*.py") else "")
    return ""


def _git(*words: str) -> str:
    command = ["git", "-C", str(RESULTS), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _kafka() -> str:
    jars = [jar.coordinate.split(":") for jar in Lock.load("kafka").jars]
    return next(number for _, artifact, number in jars if artifact == "kafka-clients")


def save(report: Report, path: Path) -> None:
    """Write a report as JSON that people can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def load(path: Path) -> Report:
    """Read what `save` wrote. Raises `msgspec.ValidationError` when it is something else."""
    return msgspec.json.decode(path.read_bytes(), type=Report)
