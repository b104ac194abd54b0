"""`switchboard config`: is the configuration right?"""

from __future__ import annotations

import typer

from normalizer.errors import Misconfigured
from ops import wiring
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines

app = typer.Typer(help="The configuration file.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """A group of its own even while it has one command."""


@app.command("check")
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Read the whole file, compile every rule, make every connector; connects to nothing."""
    found = session(context)
    if found.path is None:
        raise Misconfigured("there is nothing to check: name a configuration with --config FILE before the command")
    accounts = [f"{c.channel}:{c.account}" for c in wiring.connectors(found.config)]
    wiring.stages(found.config)
    rules = found.config.rules
    result = {
        "path": str(found.path),
        "accounts": accounts,
        "rules": {"priority": len(rules.priority), "queue": len(rules.queue), "suppress": len(rules.suppress)},
    }
    if as_json:
        lines([result])
    else:
        count = len(rules.priority) + len(rules.queue) + len(rules.suppress)
        STDOUT.print(f"[green]{found.path} is right[/]: {', '.join(accounts) or 'no account'}; {count} rules")
