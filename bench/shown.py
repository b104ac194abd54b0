"""A report as text: its numbers with their units, its tables, and whether what is asked for was reached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.report import Figure, Goal, Report, Table

_SHARES = {"%": 100.0, "×": 1.0}


def number(value: float, unit: str = "") -> str:
    """A number with its unit, as short as it can be: ``1,234``, ``1.5 ms``, ``95.5 %``, ``1.7 ×``."""
    if unit in _SHARES:
        return f"{value * _SHARES[unit]:.4g} {unit}"
    digits = 0 if abs(value) >= 100 or value == round(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def spread(found: Figure, unit: str = "") -> str:
    """The median, and the least and the most where they differ from it."""
    if found.least == found.most:
        return number(found.median, unit)
    least = number(found.least, unit).removesuffix(f" {unit}")
    return f"{number(found.median, unit)} ({least} to {number(found.most, unit)})"


def where(report: Report) -> str:
    """The machine of a report in a line."""
    machine = report.machine
    of = f" of {machine.commit}" if machine.commit else ""
    return (
        f"{machine.cores} cores, {machine.python}, Apache Kafka {machine.versions['apache-kafka']}, "
        f"{machine.at[:10]}{of}, load {machine.load:g} before"
    )


def rows_of(table: Table) -> list[list[str]]:
    """The cells of a table as text, the names of its rows first."""
    return [
        [row.what, *(_cell(cell, column.unit) for cell, column in zip(row.cells, table.columns, strict=True))]
        for row in table.rows
    ]


def _cell(cell: Figure | None, unit: str) -> str:
    return "" if cell is None else spread(cell, unit)


def goal(found: Goal) -> list[str]:
    """A goal as cells: what, found, asked, whether it was reached and why not."""
    sign = "≤" if found.limit else "≥"
    verdict = "reached" if found.reached else f"**not reached**{': ' + found.note if found.note else ''}"
    return [found.what, spread(found.found, found.unit), f"{sign} {number(found.asked, found.unit)}", verdict]


GOAL_COLUMNS = ("", "found", "asked", "")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, its numbers to the right."""
    rule = ["---", *("--:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def plain(report: Report) -> str:
    """A whole report for a terminal."""
    lines = [f"{report.title} ({where(report)})"]
    for table in report.tables:
        lines += ["", table.how, *_aligned([["", *(column.name for column in table.columns)], *rows_of(table)])]
    if report.goals:
        lines += ["", *_aligned([goal(each) for each in report.goals])]
    return "\n".join(lines)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
