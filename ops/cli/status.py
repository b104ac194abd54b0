"""`switchboard status`: sources and stages at a glance."""

from __future__ import annotations

import typer
from rich.markup import escape

from ops import wiring
from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines, table
from ops.status import source_health, stage_status

app = typer.Typer()


@app.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """What each source and each stage is doing, from any machine that reaches Kafka."""
    found = session(context)
    sources = source_health(reach(found))
    stages = stage_status(reach(found), wiring.stages(found.config))
    if as_json:
        lines([*({"source": source} for source in sources), *({"stage": stage} for stage in stages)])
        return
    rows = [(s.name, s.state, s.received, s.errors, s.last_received_at, s.at, s.detail) for s in sources]
    columns = ["source", "state", "received#", "errors#", "last received", "reported", "detail"]
    STDOUT.print(table("Sources", columns, rows, empty="no source has reported yet"))
    STDOUT.print()
    rows_ = [(s.name, "PAUSED" if s.paused else "never ran" if s.never_ran else "", s.done, s.lag) for s in stages]
    STDOUT.print(table("Stages", ["stage", "note", "done#", "waiting#"], rows_))
    for stage in stages:
        if stage.paused:
            STDOUT.print(f"\n[bold red]paused[/] {escape(stage.paused)}", highlight=False, soft_wrap=True)
