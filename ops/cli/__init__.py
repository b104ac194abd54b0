"""The `switchboard` command: one file here for each group of commands, imported when it is asked for.

What a command does not need is not imported for it: reading a mail knows nothing of Kafka, and starts at once.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.logging import RichHandler
from typer.core import TyperGroup

from normalizer.errors import Misconfigured, SwitchboardError
from ops.cli._logs import Discreet
from ops.cli._session import Session
from ops.cli._show import STDERR, clean

USAGE, TEMPORARY = 2, 75  # as sysexits.h has it: EX_TEMPFAIL tells a supervisor to try again

# What these say when a server is away for a moment, our own messages say with what is done about it.
LIBRARIES = frozenset({"aiokafka", "asyncio", "faust", "imapclient", "kafka", "mode", "psycopg", "stamina"})

COMMANDS = {
    "up": "ops.cli.up",
    "status": "ops.cli.status",
    "channels": "ops.cli.channels",
    "tickets": "ops.cli.tickets",
    "customers": "ops.cli.customers",
    "blobs": "ops.cli.blobs",
    "purge": "ops.cli.purge",
    "store": "ops.cli.store",
    "ledger": "ops.cli.ledger",
    "reconcile": "ops.cli.reconcile",
    "dead-letters": "ops.cli.dead_letters",
    "replay": "ops.cli.replay",
    "backfill": "ops.cli.backfill",
    "read": "ops.cli.read",
    "thread": "ops.cli.thread",
    "run": "ops.cli.run",
    "engine": "ops.cli.engine",
    "topics": "ops.cli.topics",
    "config": "ops.cli.config",
    "doctor": "ops.cli.doctor",
    "exporter": "ops.cli.exporter",
    "new": "ops.cli.new",
}
"""Each command and the module whose `app` it is."""


class Commands(TyperGroup):
    """The commands, each imported when it is looked at."""

    # typer brings a click of its own, whose types it does not export
    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order in which people meet them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name, None when there is none; what nearly is one is told with the nearest."""
        if cmd_name not in COMMANDS:
            if near := difflib.get_close_matches(cmd_name, COMMANDS, 1):
                ctx.fail(f"No such command '{cmd_name}'. Did you mean '{near[0]}'?")
            return None
        command = typer.main.get_command(importlib.import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=Commands,
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
    handler = log_handler()
    discreet = Discreet()
    handler.addFilter(discreet)
    if not verbose:
        handler.addFilter(lambda record: record.name.partition(".")[0] not in LIBRARIES)
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler])
    context.obj = Session(config, broker, discreet, verbose=verbose)


def log_handler() -> logging.Handler:
    """For people a column of times and levels; where there is no terminal a line for each record, however long."""
    if STDERR.is_terminal:
        found: logging.Handler = RichHandler(console=STDERR, show_path=False, rich_tracebacks=False)
        found.setFormatter(logging.Formatter("%(message)s"))
        return found
    found = logging.StreamHandler()
    found.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    return found


def main() -> None:
    """The entry point. A known error is one clear line; its exit status says whether trying again can help."""
    try:
        app()
    except SwitchboardError as error:
        STDERR.print("[bold red]switchboard:[/] ", end="")
        STDERR.print(clean(str(error), lines=True), markup=False, highlight=False, soft_wrap=True)
        sys.exit(USAGE if isinstance(error, Misconfigured) else TEMPORARY)
    except BrokenPipeError:  # `switchboard … | head` has read enough
        sys.stderr.close()
        sys.exit(0)
