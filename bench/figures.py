"""``make figures``: the tables of README.md, made from what the benchmarks have left in ``bench/results/``.

    python -m bench.figures            # writes them
    python -m bench.figures --check    # exit status 1 when README.md says something else

The same results give the same text.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bench.reasons import explained
from bench.report import RESULTS, Goal, Report, load
from bench.shown import GOAL_COLUMNS, goal, markdown, number, rows_of, where
from normalizer.errors import Misconfigured

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- figures: made by `make figures` -->", "<!-- /figures -->"

PARTS = ("pipeline", "stages", "fetch", "doors", "sinks", "scaling", "history", "profile")
"""The parts of ``make bench`` in the order in which they are run and shown: each a module here and a result."""
BY_HAND = ("threads", "stored", "ledger")
"""What is measured by itself, and shown behind them."""


class Score(msgspec.Struct, frozen=True):
    """One row of ``accuracy.json``: shares of 1; `target` is what is asked for, `peers` what others reach."""

    what: str
    ours: float
    target: float | None = None
    peers: Mapping[str, float | None] | None = None


def goals(reports: Sequence[Report]) -> str:
    """What is asked for, in one table over all parts; "" when nothing is."""
    found: list[Goal] = [each for report in reports for each in report.goals]
    return markdown(("asked for", *GOAL_COLUMNS[1:]), [goal(each) for each in found]) if found else ""


def part(report: Report, picture: str) -> str:
    """The tables of a report, its picture first."""
    head = f"**{report.title}**: the median of {report.runs} runs, and the least and the most. {where(report)}."
    drawn = any(table.drawn is not None for table in report.tables)
    tables = [
        f"{table.how}\n\n{markdown(('', *(column.name for column in table.columns)), rows_of(table))}"
        for table in report.tables
    ]
    return "\n\n".join([head, *([f"![{report.title}]({picture})"] if drawn else []), *tables])


def accuracy(scores: Sequence[Score]) -> str:
    """The table of ``accuracy.json``."""
    rows = [(score.what, number(score.ours, "%"), _asked(score), _peers(score.peers or {})) for score in scores]
    return "**Accuracy** on labelled mail that nobody here wrote.\n\n" + markdown(("", "ours", "asked", "peers"), rows)


def figures(results: Path) -> str:
    """Everything that stands between the two marks; a result that was never made is left out."""
    there = [name for name in (*PARTS, *BY_HAND) if (results / f"{name}.json").exists()]
    found = dict(zip(there, explained([load(results / f"{name}.json") for name in there]), strict=True))
    texts = [goals(list(found.values())), *(part(each, f"bench/results/{name}.svg") for name, each in found.items())]
    if (scores := results / "accuracy.json").exists():
        texts.append(accuracy(msgspec.json.decode(scores.read_bytes(), type=list[Score])))
    return "\n\n".join(filter(None, texts))


def filled(text: str, found: str) -> str:
    """`text` with `found` between the two marks. Raises `Misconfigured` when they are not there."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Misconfigured(f"README.md has no place for the figures: put {BEGIN} and {END} where they belong")
    return f"{before}{BEGIN}\n{found}\n{END}{after}" if found else f"{before}{BEGIN}\n{END}{after}"


def _asked(score: Score) -> str:
    if score.target is None:
        return ""
    return f"{'≤' if 'false alarms' in score.what else '≥'} {number(score.target, '%')}"


def _peers(peers: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {number(found, '%')}" for name, found in peers.items() if found is not None)


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
