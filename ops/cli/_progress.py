"""Progress of what takes long: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ops.cli._show import STDERR

_LINES = 10


@contextmanager
def fetching() -> Iterator[Callable[[int, int], None]]:
    """Tells how much of the engine has been fetched; says nothing when it is all there."""
    columns = (TextColumn("fetching Apache Kafka"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=STDERR, transient=True) as shown:
        task = None

        def progress(done: int, total: int) -> None:
            nonlocal task
            if task is None:
                task = shown.add_task("", total=total)
                if not STDERR.is_terminal:
                    STDERR.print(f"fetching Apache Kafka ({total / 1e6:.0f} MB, once)", highlight=False)
            shown.update(task, completed=done)

        yield progress


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Tells how many of `what` are done: a bar in a terminal, a line every tenth elsewhere."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=STDERR, transient=True) as shown:
        task, said = shown.add_task("", total=None), 0

        def progress(done: int, total: int) -> None:
            nonlocal said
            shown.update(task, completed=done, total=total)
            if not STDERR.is_terminal and done * _LINES // max(total, 1) > said:
                said = done * _LINES // max(total, 1)
                STDERR.print(f"{what}: {done} of {total}", highlight=False)

        yield progress
