"""`switchboard doctor`: is everything in place, and what to do when it is not."""

from __future__ import annotations

import typer

from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines, table
from ops.doctor import examine

app = typer.Typer()


@app.command()
def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Check the machine, the configuration, Kafka, topics, stages, sources and the ledger.

    Exit status 1 when something is not well; each line says what to do about it.
    """
    found = session(context)
    findings = list(examine(found.config, lambda: reach(found)))
    if as_json:
        lines(findings)
    else:
        rows = [("well" if f.well else "NOT WELL", f.check, f.saw, f.remedy) for f in findings]
        STDOUT.print(table("Doctor", ["", "what", "saw", "what to do"], rows))
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)
