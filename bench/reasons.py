"""Why a goal is not reached: where the time went, from the profile of the same benchmarks. Nothing here is written by hand."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bench.report import Goal, Report, Table
from bench.shown import number

SHOWN = 4
"""So many of the largest parts are named."""


def explained(reports: Sequence[Report]) -> list[Report]:
    """The same reports; a goal that is missed and names a table of the profile has its largest parts as its note."""
    tables = [(table, report.machine.commit) for report in reports for table in report.tables]
    return [
        msgspec.structs.replace(
            report, goals=tuple(_explained(goal, tables, report.machine.commit) for goal in report.goals)
        )
        for report in reports
    ]


def _explained(goal: Goal, tables: Sequence[tuple[Table, str]], commit: str) -> Goal:
    named = ((table, of) for table, of in tables if goal.profile and table.how.startswith(f"{goal.profile}: "))
    table, of = next(named, (None, ""))
    if goal.reached or table is None:
        return goal
    older = "" if of == commit else f" (a profile of {of or 'earlier code'})"
    notes = [note for note in (goal.note, _parts(table) + older) if note]
    return msgspec.structs.replace(goal, note="; ".join(notes))


def _parts(table: Table) -> str:
    """The parts of a profile, the largest first; its cells are a share, and microseconds for each item."""
    shares = [(row.cells[0].median, row.what) for row in table.rows if row.cells[0] is not None]
    whole = sum(row.cells[1].median for row in table.rows if row.cells[1] is not None)
    largest = sorted(shares, reverse=True)[:SHOWN]
    return f"of {number(round(whole))} µs each, " + ", ".join(
        f"{what} {round(share * 100)} %" for share, what in largest
    )
