"""A report as a picture: one bar for each row, items per CPU-second, with the spread of the runs."""

from __future__ import annotations

from html import escape

from bench.report import Report, Row

WIDTH, LEFT, BAR, STEP, TOP = 760, 20, 18, 46, 58
LONGEST = WIDTH - 2 * LEFT - 90
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.head{font-weight:600;font-size:15px}.small{fill:#57606a}"
    ".bar{fill:#2f81f7}.spread{stroke:#24292f;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.spread{stroke:#e6edf3}}"
)


def picture(report: Report) -> str:
    """An SVG that is readable on light and on dark ground. The same report gives the same bytes."""
    scale = LONGEST / max(row.per_cpu_second.most for row in report.rows)
    height = TOP + STEP * len(report.rows)
    machine = report.machine
    note = (
        f"{machine.cores} cores, {machine.python}, Apache Kafka {machine.versions['apache-kafka']}, {machine.at[:10]}"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
            f"<title>{report.unit.capitalize()} per CPU-second</title><style>{STYLE}</style>",
            f'<text class="head" x="{LEFT}" y="22">{report.unit.capitalize()} per CPU-second</text>',
            f'<text class="small" x="{LEFT}" y="40">{escape(note)}; median of {report.runs} runs, the line is their spread</text>',
            *(_bar(row, TOP + STEP * i, scale) for i, row in enumerate(report.rows)),
            "</svg>\n",
        ]
    )


def _bar(row: Row, top: int, scale: float) -> str:
    found = row.per_cpu_second
    middle = top + 16 + BAR / 2
    start, end = (LEFT + value * scale for value in (found.least, found.most))
    return (
        f'<text x="{LEFT}" y="{top + 11}">{escape(row.what)}</text>'
        f'<rect class="bar" x="{LEFT}" y="{top + 16}" width="{found.median * scale:.1f}" height="{BAR}" rx="3"/>'
        f'<line class="spread" x1="{start:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<text x="{LEFT + found.most * scale + 8:.1f}" y="{middle + 4.5}">{found.median:,.0f}</text>'
    )
