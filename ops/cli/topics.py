"""`switchboard topics`: declared up front, and compared with what is really there."""

from __future__ import annotations

import typer

from ops import channels, wiring
from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines, table
from ops.topics import drift as find_drift

app = typer.Typer(help="The Kafka topics: declare what is missing, see what differs.", no_args_is_help=True)


@app.command("declare")
def declare(context: typer.Context, as_json: AsJson = False) -> None:
    """Make the topics that are missing. Harmless when none is."""
    found = session(context)
    made = wiring.declare_topics(found.config, reach(found))
    if as_json:
        lines({"topic": name} for name in made)
    else:
        STDOUT.print(table("Topics made", ["topic"], [(name,) for name in made], empty="every topic is there already"))


@app.command("drift")
def drift(context: typer.Context, as_json: AsJson = False) -> None:
    """How the topics differ from what is declared. Exit status 1 when they do."""
    found = session(context)
    extra = wiring.stage_topics(wiring.stages(found.config))
    differences = find_drift(reach(found), channels.names(), extra)
    if as_json:
        lines(differences)
    else:
        rows = [(d.topic, d.setting, d.actual, d.expected, d.remedy) for d in differences]
        columns = ["topic", "setting", "is", "should be", "what to do"]
        STDOUT.print(table("Drift", columns, rows, empty="every topic is as it is declared"))
    if differences:
        raise typer.Exit(1)
