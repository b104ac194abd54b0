"""`switchboard run`: one connector or one stage in a process of its own, as production has it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from connectors._base import Connector
from connectors._edge import edge_on
from normalizer.errors import Misconfigured
from ops import wiring
from ops.cli._reach import reach
from ops.cli._serve import serving, stop_asked
from ops.cli._session import Session, session
from ops.cli._show import STDERR
from ops.workers import Workers, command
from streams._run import Workers as Running
from streams._run import run as run_stages

_NAMED = 20

app = typer.Typer(help="Run one part by itself, until SIGTERM.", no_args_is_help=True)


@app.command("stage")
def stage(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(help="normalize, thread, route, deliver.NAME, ledger; or `all`.")],
    workers: Annotated[
        int, typer.Option(min=1, help="So many processes share the partitions; one that ends is started again.")
    ] = 1,
) -> None:
    """Run stages. Of each, as many processes can be at work as its topics have partitions."""
    found = session(context)
    every = names == ["all"]
    chosen = wiring.stages(found.given) if every else [wiring.stage(found.given, name) for name in names]
    if workers > 1:
        reach(found)
        raise typer.Exit(asyncio.run(_workers(Workers(command(found.options(), names), workers, tell))))

    def ready(workers: Running) -> None:
        STDERR.print(f"running: {', '.join(workers)}", highlight=False)

    raise typer.Exit(run_stages(chosen, reach(found), folder=found.given.state.place, ready=ready))


async def _workers(several: Workers) -> int:
    running = asyncio.create_task(several.run())
    asked = asyncio.create_task(stop_asked())
    await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
    several.stop()
    return await running


def tell(line: str) -> None:
    """What a worker says, as it said it."""
    STDERR.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command("connector")
def connector(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="CHANNEL, CHANNEL:ACCOUNT, or `all`.")],
) -> None:
    """Run the configured accounts of a channel, or one of them.

    Processes that are started with the same NAME share the accounts that are polled, each of which has one owner at a
    time; when one ends, the others take over. The doors of accounts that are called are served by each of them.
    """
    asyncio.run(_connectors(session(context), "" if name == "all" else name))


async def _connectors(found: Session, only: str) -> None:
    chosen = wiring.connectors(found.given, only)
    if not chosen:
        raise Misconfigured("no account is configured: add a section [channels.CHANNEL.ACCOUNT] to the configuration")
    edge, publisher = edge_on(reach(found), chosen, group_of(only))
    try:
        async with serving(edge, found.given.http) as door:
            edge.start()
            STDERR.print(f"running: {_named(chosen)} {door}", highlight=False)
            await stop_asked()
        await asyncio.to_thread(edge.stop)
    finally:
        publisher.close()


def group_of(only: str) -> str:
    """The consumer group of processes that run the same accounts: ``edge``, ``edge.CHANNEL``, ``edge.CHANNEL.ACCOUNT``."""
    return ".".join(["edge", *filter(None, only.split(":"))])


def _named(chosen: Sequence[Connector[Any]]) -> str:
    """The accounts; of many only how many there are in each channel."""
    if len(chosen) <= _NAMED:
        return ", ".join(f"{each.channel}:{each.account}" for each in chosen)
    return ", ".join(f"{name} ({count} accounts)" for name, count in Counter(each.channel for each in chosen).items())
