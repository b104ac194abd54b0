"""What one message costs, as the benchmarks found it last: what the model of docs/scale.md reckons with."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.pipeline import CPU_EACH
from bench.report import MICRO, load
from normalizer.errors import Misconfigured

MAIL_BYTES = 5_020.0
"""The mean size of the benchmarks' mails, 1 to 50 KB."""


class Cost(msgspec.Struct, frozen=True):
    """What one message takes: seconds of a process with all stages that has as much to do as it can, and bytes on its raw topic.

    `thread_seconds` are those of the thread stage alone, with a million messages known; `ticket_seconds` of the stages whose
    records are keyed by customer, and `store_seconds` of the one of them that writes into SQLite. A connector takes
    `connector_seconds` more, in a process of its own.
    """

    cpu_seconds: float
    bytes: float
    thread_seconds: float
    ticket_seconds: float
    store_seconds: float
    connector_seconds: float
    half_seconds: float
    """CPU of a process that has half of that to do: small rounds cost more each. `half_p99` are milliseconds until a message is stored then."""
    half_p99: float


def measured(results: Path) -> Cost:
    """CPU and bytes of a message as the benchmarks found them. Raises `Misconfigured` when they have not run."""

    def found(part: str, table: str, row: str, column: str) -> float:
        """The median in a cell, each named by how it begins."""
        path = results / f"{part}.json"
        if not path.exists():
            raise Misconfigured(f"there is no {path}: run `python -m bench.{part}` first")
        shown = next(each for each in load(path).tables if each.how.startswith(table))
        place = next(i for i, each in enumerate(shown.columns) if each.name.startswith(column))
        cell = next(each.cells[place] for each in shown.rows if each.what.startswith(row))
        assert cell is not None
        return cell.median

    def alone(stage: str) -> float:
        return 1 / found("stages", f"**{stage}**", "Switchboard", f"{stage}: per CPU-second")

    at_most = found("pipeline", "", "into SQLite, 1 process", "mails per second")
    deliver = alone("deliver")
    return Cost(
        cpu_seconds=1 / at_most,
        half_seconds=found("pipeline", "From accepted", "at 50%", CPU_EACH) / MICRO,
        half_p99=found("pipeline", "From accepted", "at 50%", "p99"),
        bytes=MAIL_BYTES,
        thread_seconds=found("scaling", "The thread stage", "1,000,000", "CPU for each message") / MICRO,
        ticket_seconds=alone("route") + deliver,
        store_seconds=deliver,
        connector_seconds=1 / found("fetch", "", "mail connector, fetched, published", "per CPU-second"),
    )
