"""Stages at work in this process, each a consumer group of its own, until somebody says stop or one fails."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, SwitchboardError
from streams._stage import Processor
from streams._worker import Worker

Workers = Mapping[str, Worker]

COLLECT_EVERY = 100_000
"""Objects that may be made before Python looks for circles among them. With its 700 it looks dozens of times through the
records of each batch, which hold none: a quarter of a stage's time."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def running(stages: Sequence[Processor], cluster: Cluster, folder: Path | None = None) -> AsyncIterator[Workers]:
    """The workers of `stages` by name, consuming. At the end each finishes its batch, commits and leaves.

    What they remember is kept below `folder`, or in memory alone for None.
    Raises `Misconfigured` when a topic is missing and `Retriable` when Kafka cannot be reached.
    """
    workers = {stage.name: Worker(stage, cluster, folder) for stage in stages}
    with _rare_collections():
        try:
            started = await asyncio.gather(*(worker.start() for worker in workers.values()), return_exceptions=True)
            for outcome in started:
                if isinstance(outcome, BaseException):
                    raise outcome
            # A look through all that is there for good by now would stop every stage for a tenth of a second.
            gc.collect()
            gc.freeze()
            yield workers
        finally:
            await asyncio.gather(*(worker.stop() for worker in workers.values()))


@contextmanager
def _rare_collections() -> Iterator[None]:
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def failure(workers: Workers) -> None:
    """Wait until a stage fails, and raise its error.

    A destination that a person must look at stops alone, and says why, as long as another stage is at work.
    """
    going = {worker.failed: worker for worker in workers.values()}
    while going:
        done, _ = await asyncio.wait(going, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            worker = going.pop(future)
            error = future.exception()
            if not (going and isinstance(error, Misconfigured)):
                future.result()
            worker.progress.waiting = f"stopped: {error}"


def run(
    stages: Sequence[Processor],
    cluster: Cluster,
    *,
    folder: Path | None = None,
    ready: Callable[[Workers], None] | None = None,
    stop: threading.Event | None = None,
) -> int:
    """Run stages until SIGTERM, SIGINT or `stop`; returns the exit status: 0, or 1 when a stage failed.

    What they remember is kept below `folder`, or in memory alone for None. `ready` is called when all partitions are assigned. In a thread that is not the main one, `stop` is the way to
    end it.
    """
    return asyncio.run(_run(running(stages, cluster, folder), ready, stop))


async def _run(
    workers: AbstractAsyncContextManager[Workers],
    ready: Callable[[Workers], None] | None,
    stop: threading.Event | None,
) -> int:
    asked = _asked_to_stop(stop)
    serving = asyncio.create_task(_serve(workers, ready))
    await asyncio.wait([asked, serving], return_when=asyncio.FIRST_COMPLETED)
    serving.cancel()
    try:
        await serving
    except asyncio.CancelledError:
        return 0
    except SwitchboardError:
        raise
    except Exception as error:  # noqa: BLE001 - it was logged where it happened
        log.error("stopped: %s", error)  # noqa: TRY400 - a traceback could quote a customer
    return 1


async def _serve(
    running_workers: AbstractAsyncContextManager[Workers], ready: Callable[[Workers], None] | None
) -> None:
    async with running_workers as workers:
        if ready is not None:
            ready(workers)
        await failure(workers)


def _asked_to_stop(stop: threading.Event | None) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[None] = loop.create_future()

    def ask() -> None:
        if not asked.done():
            asked.set_result(None)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ask)
    if stop is not None:
        threading.Thread(target=_pass_on, args=(stop, loop, ask), daemon=True).start()
    return asked


def _pass_on(stop: threading.Event, loop: asyncio.AbstractEventLoop, ask: Callable[[], None]) -> None:
    stop.wait()
    with suppress(RuntimeError):  # the loop has ended by itself meanwhile
        loop.call_soon_threadsafe(ask)
