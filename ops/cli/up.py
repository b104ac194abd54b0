"""`switchboard up`: everything in one go, with a live view."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Annotated, Any

import typer
from rich.live import Live

from connectors._edge import edge_on
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from ops import wiring
from ops.cli._doors import doors, has_doors
from ops.cli._live import Count, CountedByKafka, Sample, Sampler, counted_here, line
from ops.cli._picture import Picture
from ops.cli._progress import fetching
from ops.cli._reach import reach
from ops.cli._running import Running, alone, running
from ops.cli._serve import demand_port, ended_by_sigterm, serving, stop_asked
from ops.cli._session import Session, session
from ops.cli._show import STDERR
from ops.cli.run import tell
from ops.config import Config
from ops.demo.stage import Demo, prepared
from ops.engine.kafka import Engine
from ops.workers import Workers, command
from streams._batch import StageFailed
from streams._run import failure
from streams._run import running as at_work

app = typer.Typer()

SAMPLE_SECONDS = 2.0

Going = tuple[Callable[[], Sequence[Count]], Callable[[], Coroutine[Any, Any, None]]]
"""What the stages have done so far, and what waits until they cannot go on, and raises."""
Stages = AbstractAsyncContextManager[Going]


@app.command()
def up(
    context: typer.Context,
    demonstrate: Annotated[
        bool, typer.Option("--demo", help="With a mailbox of its own, and mail that fills it.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="So many processes share the stages' work, so that more cores do it.")
    ] = 1,
) -> None:
    """Run everything here: Kafka unless one is named, every configured account, every stage, the store.

    Stop it with Ctrl-C: what is in hand is finished first, and everything is kept for the next time.
    """
    found = session(context)
    if not demonstrate and not found.given.channel_names:
        raise Misconfigured(
            "no account is configured: add a section [channels.CHANNEL.ACCOUNT] to the configuration, "
            "or try it with --demo"
        )
    with ended_by_sigterm(), contextlib.ExitStack() as stack:
        place = stack.enter_context(alone())
        if place is None:
            _beside(running(), demonstrate)
        if demonstrate or has_doors(found.given.channels):
            demand_port(found.given.http)
        cluster = stack.enter_context(local_engine(found))
        if demonstrate:
            say("starting the demo's mailbox, and stand-ins of the vendors")
        demo = stack.enter_context(prepared(found.given)) if demonstrate else None
        config = demo.config if demo else found.given
        if place is not None:
            path = place.keep(config) if demo else found.path
            place.tell(path, found.broker)
            say(f"configuration: {path}; commands without --config use it while this runs")
        options = found.options(cluster.brokers)
        stages = _here(config, cluster) if workers == 1 else _elsewhere(config, cluster, options, workers)
        try:
            asyncio.run(_up(config, cluster, demo, stages))
        except BaseExceptionGroup as group:
            # What ended it was logged where it happened; a traceback could quote a customer.
            STDERR.print(f"[bold red]switchboard:[/] stopped: {group.exceptions[0]}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from None


def _beside(other: Running | None, demonstrate: bool) -> None:
    """Another one runs. The demo's mailbox is there once: it does not start; accounts of one's own may run beside it."""
    who = f"process {other.pid}" if other else "another process, which is just starting or ending"
    if demonstrate:
        raise Misconfigured(
            f"`switchboard up` runs here already ({who}): stop that one with Ctrl-C before the demo starts; "
            "nothing was touched"
        )
    say(
        f"`switchboard up` runs here already ({who}): unless other ones are named, both share its Kafka, the stages' work and "
        "the ticket store; commands without --config mean that one, and when it ends, so does a Kafka that it started"
    )


@contextlib.contextmanager
def local_engine(found: Session) -> Iterator[Cluster]:
    """The Kafka to use; the local engine is started when none is named, and stopped if it was started here."""
    engine = Engine()
    if found.broker or found.config.kafka or engine.status().running:
        yield reach(found)
        say("stopped")
        return
    say("starting Kafka")
    with fetching() as progress:
        engine.start(progress)
    try:
        yield reach(found)
    finally:
        engine.stop()
        say(f"stopped; everything is kept in {engine.folder.parent}")


async def _up(config: Config, cluster: Cluster, demo: Demo | None, stages: Stages) -> None:
    say("starting the stages")
    await asyncio.to_thread(wiring.declare_topics, config, cluster)
    edge, publisher = edge_on(cluster, wiring.connectors(config))
    try:
        async with stages as (counts, failed):
            # The doors close before the edge stops: what they have begun to accept still reaches Kafka.
            async with serving(edge, config.http) as door:
                edge.start()
                title = f"Switchboard: Kafka at {cluster.brokers}. Ctrl-C stops it."
                title = "\n".join([title, *(doors(door, config.channels) if door else ())])
                sampler = Sampler(cluster, config.store.where, edge.health, counts)
                async with asyncio.TaskGroup() as tasks:
                    going = [tasks.create_task(_show(title, sampler)), tasks.create_task(failed())]
                    if demo:
                        going.append(tasks.create_task(demo.play(cluster)))
                    await stop_asked()
                    for task in going:
                        task.cancel()
            await asyncio.to_thread(edge.stop)
    finally:
        publisher.close()


@contextlib.asynccontextmanager
async def _here(config: Config, cluster: Cluster) -> AsyncIterator[Going]:
    """The stages in this process."""
    async with at_work(wiring.stages(config), cluster, config.state.place) as workers:
        yield partial(counted_here, workers), partial(failure, workers)


@contextlib.asynccontextmanager
async def _elsewhere(config: Config, cluster: Cluster, options: Sequence[str], count: int) -> AsyncIterator[Going]:
    """The stages in `count` processes that share their partitions."""
    several = Workers(command(options, ["all"]), count, tell)
    going = asyncio.create_task(several.run())
    try:
        yield CountedByKafka(cluster, wiring.stages(config)), partial(_ended, going, several)
    finally:
        several.stop()
        await going


async def _ended(going: asyncio.Task[int], several: Workers) -> None:
    try:
        status = await asyncio.shield(going)
    finally:
        several.stop()  # at once: a terminal's Ctrl-C reaches the workers, too, and none of them is to be started again
    raise StageFailed(f"the workers have ended with status {status}: the line above says why")


def say(what: str) -> None:
    """A line about what takes a moment now."""
    STDERR.print(what, style="dim", highlight=False, soft_wrap=True)


async def _show(title: str, sampler: Sampler) -> None:
    with _screen(title) as show:
        while True:
            show(await asyncio.to_thread(sampler.sample))
            await asyncio.sleep(SAMPLE_SECONDS)


@contextlib.contextmanager
def _screen(title: str) -> Iterator[Callable[[Sample], None]]:
    """A picture that is drawn over itself; where there is no terminal, a line whenever something has changed."""
    if STDERR.is_terminal:
        with Live(console=STDERR, auto_refresh=False) as live:
            yield lambda sample: live.update(Picture(title, sample), refresh=True)
        return
    STDERR.print(title, markup=False, highlight=False, soft_wrap=True)
    said = ""

    def show(sample: Sample) -> None:
        nonlocal said
        if said != (said := line(sample)):
            STDERR.print(said, highlight=False, soft_wrap=True)

    yield show
