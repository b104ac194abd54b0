"""What a person sees while jars are fetched: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from ops.engine.jars import Progress

MEGABYTE = 1_000_000
LINE_EVERY = 10 * MEGABYTE


@contextmanager
def shown(console: Console, what: str) -> Iterator[Progress]:
    """A `Progress` that shows on `console` how much of `what` has been fetched, and nothing when nothing must be."""
    if not console.is_terminal:
        yield _lines(console, what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"Fetching {what}, once", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)


def _lines(console: Console, what: str) -> Progress:
    next_line = 0

    def show(done: int, total: int) -> None:
        nonlocal next_line
        if done >= next_line or done == total:
            console.print(f"Fetching {what}, once: {done // MEGABYTE} of {total // MEGABYTE} MB", highlight=False)
            next_line = done + LINE_EVERY

    return show
