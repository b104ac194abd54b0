"""The `switchboard` command: one file here for each group of commands."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from normalizer.errors import Misconfigured, SwitchboardError
from ops.cli import config as config_commands
from ops.cli import dead_letters, doctor, engine, ledger, read, run, status, tickets, topics, up
from ops.cli._session import Session
from ops.cli._show import STDERR

USAGE, TEMPORARY = 2, 75  # as sysexits.h has it: EX_TEMPFAIL tells a supervisor to try again

app = typer.Typer(
    name="switchboard",
    help="Every channel a customer can use, on one board: nothing lost on the way, and every decision explained.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="SWITCHBOARD_CONFIG", help="The configuration file (TOML)."),
    ] = None,
    broker: Annotated[
        str, typer.Option(envvar="SWITCHBOARD_BROKER", help="A Kafka that runs elsewhere: HOST:PORT[,HOST:PORT…].")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens, to standard error.")] = False,
) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(name)s: %(message)s",
        handlers=[RichHandler(console=STDERR, show_path=False, rich_tracebacks=False)],
    )
    context.obj = Session(config, broker)


up.register(app)
status.register(app)
tickets.register(app)
ledger.register(app)
dead_letters.register(app)
read.register(app)
run.register(app)
engine.register(app)
topics.register(app)
config_commands.register(app)
doctor.register(app)


def main() -> None:
    """The entry point. A known error is one clear line; its exit status says whether trying again can help."""
    try:
        app()
    except SwitchboardError as error:
        STDERR.print(f"[bold red]switchboard:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(USAGE if isinstance(error, Misconfigured) else TEMPORARY)
    except BrokenPipeError:  # `switchboard … | head` has read enough
        sys.stderr.close()
        sys.exit(0)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
