"""What a benchmark found: medians with their spread, and on what machine."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from ops.engine.jars import Lock

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("faust-streaming", "aiokafka", "confluent-kafka", "kafka-python", "msgspec")


class Machine(msgspec.Struct, frozen=True):
    """Where and when it was measured. `load` is the load average over the minute before the first run."""

    cores: int
    load: float
    python: str
    system: str
    at: str
    versions: dict[str, str]


class Figure(msgspec.Struct, frozen=True):
    """The median of several runs, and the least and the most of them."""

    median: float
    least: float
    most: float


class Row(msgspec.Struct, frozen=True):
    """One thing that was measured, in items per second and per CPU-second of the process that did it."""

    what: str
    per_second: Figure
    per_cpu_second: Figure


class Ratio(msgspec.Struct, frozen=True):
    """One row as a share of another, run by run in CPU time, and the share that is asked for."""

    what: str
    share: Figure
    target: float


class Report(msgspec.Struct, frozen=True):
    """The outcome of one benchmark: `items` of `unit` in each of `runs` runs."""

    machine: Machine
    unit: str
    items: int
    runs: int
    rows: tuple[Row, ...]
    ratios: tuple[Ratio, ...] = ()


class Acceptance(msgspec.Struct, frozen=True):
    """One door: acceptances per second and per CPU-second of its process, and milliseconds from post to 2xx."""

    what: str
    per_second: Figure
    per_cpu_second: Figure
    p50: Figure
    p99: Figure
    share: Figure
    """Of the bare door of the same run, per CPU-second."""


class Doors(msgspec.Struct, frozen=True):
    """What `bench.doors` found: all doors over so many `connections`, in `runs` of so many `seconds`."""

    machine: Machine
    connections: int
    runs: int
    seconds: float
    rows: tuple[Acceptance, ...]


def figure(values: Sequence[float], digits: int = 0) -> Figure:
    """The median and the spread of `values`, which must not be empty, rounded."""
    return Figure(*(round(value, digits) for value in (statistics.median(values), min(values), max(values))))


def this_machine() -> Machine:
    """The facts of this machine, now."""
    return Machine(
        cores=os.cpu_count() or 0,
        load=round(os.getloadavg()[0], 1),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        system=f"{platform.system()} {platform.machine()}",
        at=datetime.now(UTC).isoformat(timespec="minutes"),
        versions={name: version(name) for name in LIBRARIES} | {"apache-kafka": _kafka()},
    )


def _kafka() -> str:
    jars = [jar.coordinate.split(":") for jar in Lock.load("kafka").jars]
    return next(number for _, artifact, number in jars if artifact == "kafka-clients")


def save(report: Report, path: Path) -> None:
    """Write a report as JSON that people can read."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def load(path: Path) -> Report:
    """Read what `save` wrote. Raises `msgspec.ValidationError` when it is something else."""
    return msgspec.json.decode(path.read_bytes(), type=Report)
