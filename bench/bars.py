"""A report as a picture: one bar for each row of the tables that name a column to draw, with the spread of the runs."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from bench.report import Figure, Report, Table
from bench.shown import number, where

WIDTH, LEFT, BAR, STEP, TOP, HEAD = 760, 20, 18, 46, 44, 34
LONGEST = WIDTH - 2 * LEFT - 110
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.head{font-weight:600;font-size:15px}.small{fill:#57606a}"
    ".bar{fill:#2f81f7}.spread{stroke:#24292f;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.spread{stroke:#e6edf3}}"
)


def picture(report: Report) -> str:
    """An SVG that is readable on light and on dark ground. The same report gives the same bytes."""
    drawn: list[str] = []
    top = TOP
    for table in report.tables:
        if table.drawn is not None:
            drawn += _table(table, table.drawn, top)
            top += HEAD + STEP * len(table.rows)
    note = f"{where(report)}; median of {report.runs} runs, the line is their spread"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" role="img">',
            f"<title>{escape(report.title)}</title><style>{STYLE}</style>",
            f'<text class="head" x="{LEFT}" y="22">{escape(report.title)}</text>',
            f'<text class="small" x="{LEFT}" y="40">{escape(note)}</text>',
            *drawn,
            "</svg>\n",
        ]
    )


def _table(table: Table, at: int, top: int) -> Iterator[str]:
    column = table.columns[at]
    rows = [(row.what, cell) for row in table.rows if (cell := row.cells[at]) is not None]
    scale = LONGEST / max((cell.most for _, cell in rows), default=1.0)
    yield f'<text class="small" x="{LEFT}" y="{top + 22}">{escape(column.name)}</text>'
    for i, (what, cell) in enumerate(rows):
        yield _bar(what, cell, column.unit, top + HEAD + STEP * i, scale)


def _bar(what: str, found: Figure, unit: str, top: int, scale: float) -> str:
    middle = top + 16 + BAR / 2
    start, end = (LEFT + value * scale for value in (found.least, found.most))
    return (
        f'<text x="{LEFT}" y="{top + 11}">{escape(what)}</text>'
        f'<rect class="bar" x="{LEFT}" y="{top + 16}" width="{found.median * scale:.1f}" height="{BAR}" rx="3"/>'
        f'<line class="spread" x1="{start:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<text x="{LEFT + found.most * scale + 8:.1f}" y="{middle + 4.5}">{escape(number(found.median, unit))}</text>'
    )
