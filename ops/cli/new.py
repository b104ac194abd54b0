"""`switchboard new`: what engineers begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops.cli._show import STDOUT
from ops.scaffold import new_channel, write

app = typer.Typer(help="Begin something new in a checkout of Switchboard.", no_args_is_help=True)


@app.callback()
def _new() -> None:
    """Keep `channel` a command of its own, although it is the only one."""


@app.command("channel")
def channel(
    name: Annotated[str, typer.Argument(help="Its name: a module in connectors/, and a part of its topic's name.")],
    push: Annotated[bool, typer.Option("--push", help="It calls us (webhooks); else we ask it.")] = False,
) -> None:
    """Write the code, the test and the configuration of a new channel; all three work as they are."""
    for path in write(new_channel(name, push=push), Path.cwd()):
        STDOUT.print(f"wrote {path.relative_to(Path.cwd())}", highlight=False)
    test = f"make dev && .venv/bin/pytest tests/unit/connectors/test_{name}.py"
    STDOUT.print(f"now: {test}; then docs/add-a-channel.md", highlight=False, soft_wrap=True)
