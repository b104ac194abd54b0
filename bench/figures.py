"""``make figures``: the tables of README.md, made from what the benchmarks have left in ``bench/results/``.

    python -m bench.figures            # writes them
    python -m bench.figures --check    # exit status 1 when README.md says something else

The same results give the same text.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bench.report import RESULTS, Doors, Figure, Report, load
from normalizer.errors import Misconfigured

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures: made by `make figures` -->", "<!-- /figures -->"


class Score(msgspec.Struct, frozen=True):
    """One row of ``accuracy.json``: shares of 1; `target` is what is asked for, `peers` what others reach."""

    what: str
    ours: float
    target: float | None = None
    peers: Mapping[str, float | None] | None = None


def speed(report: Report, picture: str) -> str:
    """The table of a report, below its picture."""
    machine = report.machine
    where = (
        f"{machine.cores} cores, {machine.python}, Apache Kafka {machine.versions['apache-kafka']}, "
        f"{machine.at[:10]}, load {machine.load:g} before"
    )
    how = (
        f"**Speed**: {report.items:,} real {report.unit} of 1 to 50 KB, all acknowledged; the median of {report.runs} "
        f"runs, and the least and the most. {where}."
    )
    rows = [(row.what, _spread(row.per_second), _spread(row.per_cpu_second)) for row in report.rows]
    return "\n\n".join(
        [
            how,
            f"![{report.unit.capitalize()} per CPU-second]({picture})",
            _table(("", f"{report.unit} per second", "per CPU-second of the process"), rows),
            *(_ratio(ratio.what, ratio.share, ratio.target) for ratio in report.ratios),
        ]
    )


def sink(found: Mapping[str, Any]) -> str:
    """The table of ``sink_sqlite.json``."""
    names = {"sink": "SQLite sink", "yardstick": "SQLite itself, given the same rows"}
    rows = [
        (what, *(_spread(_figure(found[name][rate])) for rate in ("per_second", "per_cpu_second")))
        for name, what in names.items()
    ]
    head = f"**Ticket store**: {found['events']:,} routed events in batches of {found['batch']}, {found['runs']} runs."
    return f"{head}\n\n{_table(('', 'events per second', 'per CPU-second of the process'), rows)}"


def doors(found: Doors) -> str:
    """The table of ``doors.json``."""
    rows = [
        (
            row.what,
            _spread(row.per_second),
            _spread(row.per_cpu_second),
            f"{row.p50.median:g} ms",
            f"{row.p99.median:g} ms",
            _percent(row.share.median),
        )
        for row in found.rows
    ]
    head = (
        f"**Doors**: posts accepted over {found.connections} connections, each 2xx a record that the broker has acknowledged; the median of "
        f"{found.runs} runs of {found.seconds:g} s, and the least and the most. Client, door and broker share this machine "
        f"(load {found.machine.load:g} before)."
    )
    columns = ("", "accepted per second", "per CPU-second of the door", "p50", "p99", "of the bare one, per CPU-second")
    return f"{head}\n\n{_table(columns, rows)}"


def accuracy(scores: Sequence[Score]) -> str:
    """The table of ``accuracy.json``."""
    rows = [(score.what, _percent(score.ours), _asked(score), _peers(score.peers or {})) for score in scores]
    return "**Accuracy** on labelled mail that nobody here wrote.\n\n" + _table(("", "ours", "asked", "peers"), rows)


def figures(results: Path) -> str:
    """Everything that stands between the two marks; a result that was never made is left out."""
    parts = []
    if (found := results / "pipeline.json").exists():
        parts.append(speed(load(found), "bench/results/pipeline.svg"))
    if (found := results / "doors.json").exists():
        parts.append(doors(msgspec.json.decode(found.read_bytes(), type=Doors)))
    if (found := results / "sink_sqlite.json").exists():
        parts.append(sink(msgspec.json.decode(found.read_bytes())))
    if (found := results / "accuracy.json").exists():
        parts.append(accuracy(msgspec.json.decode(found.read_bytes(), type=list[Score])))
    return "\n\n".join(parts)


def filled(text: str, found: str) -> str:
    """`text` with `found` between the two marks. Raises `Misconfigured` when they are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Misconfigured(f"README.md has no place for the figures: put {BEGIN} and {END} where they belong")
    return f"{before}{BEGIN}\n{found}\n{END}{after}" if found else f"{before}{BEGIN}\n{END}{after}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---", *("--:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _figure(found: Mapping[str, float]) -> Figure:
    return Figure(found["median"], found["lowest"], found["highest"])


def _spread(found: Figure) -> str:
    return f"{found.median:,.0f} ({found.least:,.0f} to {found.most:,.0f})"


def _ratio(what: str, share: Figure, target: float) -> str:
    spread = f"{_percent(share.least)} to {_percent(share.most)}"
    return f"{what}, per CPU-second: {_percent(share.median)} ({spread}); at least {_percent(target)} is asked for."


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _asked(score: Score) -> str:
    if score.target is None:
        return ""
    return f"{'≤' if 'false alarms' in score.what else '≥'} {_percent(score.target)}"


def _peers(peers: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {_percent(share)}" for name, share in peers.items() if share is not None)


def main() -> None:
    """Write the tables, or compare them."""
    parser = argparse.ArgumentParser(prog="python -m bench.figures", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when README.md differs")
    wanted = parser.parse_args()
    text = README.read_text("utf-8")
    try:
        made = filled(text, figures(RESULTS))
    except Misconfigured as error:
        sys.exit(str(error))
    if not wanted.check:
        README.write_text(made, "utf-8")
    elif made != text:
        sys.exit("the figures in README.md are not those of bench/results/: run `make figures`")


if __name__ == "__main__":
    main()
