"""`switchboard engine`: Apache Kafka on this machine, with nothing installed but Python."""

from __future__ import annotations

from typing import Annotated

import typer

from ops.cli._progress import fetching
from ops.cli._show import STDOUT, AsJson, lines, table
from ops.engine.kafka import PORT, Engine

app = typer.Typer(help="The local Kafka: for trying, developing and tests.", no_args_is_help=True)


@app.command("up")
def up(port: Annotated[int, typer.Option(help="Where clients connect.")] = PORT) -> None:
    """Start it in the background; its data is kept between starts."""
    with fetching() as progress:
        engine = Engine(port=port).start(progress)
    STDOUT.print(f"Kafka takes requests at [bold]{engine.brokers}[/], data in {engine.folder}", soft_wrap=True)


@app.command("down")
def down() -> None:
    """Stop it gracefully. Harmless when it does not run."""
    Engine().stop()
    STDOUT.print("Kafka is stopped; its data is kept")


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """Whether it runs, where, and how much memory it takes. Exit status 1 when it does not run."""
    found = Engine().status()
    if as_json:
        lines([found])
    else:
        row = (
            "running" if found.running else "stopped",
            found.brokers,
            " ".join(map(str, found.pids)),
            f"{found.resident_bytes / 1e6:.0f} MB" if found.running else "",
            found.folder,
        )
        STDOUT.print(table("Engine", ["state", "brokers", "pid", "memory", "data"], [row]))
    if not found.running:
        raise typer.Exit(1)
