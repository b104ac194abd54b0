"""A sample of everything as one picture, made for the terminal at hand: the tickets first, and of the rest what fits."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from normalizer.events import Health, Ticket
from ops.cli._live import Sample
from ops.cli._show import table
from ops.cli.ledger import line as ledger_line
from ops.cli.ledger import rendered
from ops.cli.tickets import SHORT, listing

_SOURCES = 20  # more of them would leave no room for anything else
_FEWEST = 4  # rows of a table that is worth its two lines of heads
_WIDE = 120  # columns of a terminal that has room for every column of ours
_COLUMNS = [
    "source", "state", "received#", "a minute#", "behind#", "errors#", "last received", "looked", "note",
]  # fmt: skip
_WORST = ("failing", "waiting", "starting", "running", "stopped")


class Picture:
    """A sample as it is shown in a terminal: never higher than that, and no row takes two lines."""

    def __init__(self, title: str, sample: Sample) -> None:
        self._title = title
        self._sample = sample

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Tickets take up to a third of a small terminal. Sources, the worst first, come before what adds up well anyway."""
        del console
        sample, wide = self._sample, options.max_width >= _WIDE
        head = [Text(each, "bold", no_wrap=True, overflow="ellipsis") for each in self._title.splitlines()]
        if sample.problem:
            head.append(Text(sample.problem, "yellow", no_wrap=True, overflow="ellipsis"))
        left = options.size.height - len(head) - 2  # the ledger in a line, below another that is empty
        tickets = sample.tickets[: max(_FEWEST - 1, left // 3 - 3)]
        parts = [listing(tickets, sample.openings) if wide else _briefly(tickets, sample)]
        left -= _height(parts[0])
        sources = sample.sources if len(sample.sources) <= _SOURCES else by_account(sample.sources)
        stages, ledger = _stages(sample), rendered(list(sample.ledger))
        least = min(len(sources), _FEWEST) + 4
        if with_stages := _height(stages) + least <= left:
            left -= _height(stages)
        parts.append(_sources(sources, left, wide))
        if with_stages:
            parts.append(stages)
        if _height(ledger) <= left - _height(parts[1]) + 2:
            parts.append(ledger)
        else:
            parts.append(Text(f"Ledger: {ledger_line(sample.ledger)}", no_wrap=True, overflow="ellipsis"))
        yield from head
        for part in parts:
            yield Text()
            yield _in_lines(part)


def _height(part: RenderableType) -> int:
    """The lines of a part whose rows take one each, and of the empty one above it."""
    return part.row_count + 3 if isinstance(part, Table) else 2


def _in_lines(part: RenderableType) -> RenderableType:
    """Cuts what would make a row take two lines."""
    if isinstance(part, Table):
        part.title = Text(str(part.title), no_wrap=True, overflow="ellipsis")
        for column in part.columns:
            column.no_wrap, column.overflow = True, "ellipsis"
    return part


def _briefly(tickets: Sequence[Ticket], sample: Sample) -> RenderableType:
    """Tickets where there is no room for all that is known of them."""
    rows = [
        (t.id[:SHORT], t.status, t.priority, t.channel, t.subject or sample.openings.get(t.id, ""), t.updated_at)
        for t in tickets
    ]
    columns = ["id", "status", "priority", "channel", "subject", "updated"]
    return table("Tickets", columns, rows, empty="no ticket yet")


def _stages(sample: Sample) -> RenderableType:
    counts = [(each.count, each.rate) for each in sample.stages]
    rows = [(c.name, c.records, f"{rate:.0f}", c.lag, c.dead_letters, c.waiting) for c, rate in counts]
    columns = ["stage", "records#", "a second#", "waiting#", "dead letters#", "detail"]
    return table("Stages, since this start", columns, rows, empty="no stage has started yet")


def _sources(sources: Sequence[Health], lines: int, wide: bool) -> RenderableType:
    """As many as fit so many lines; where not all do, the worst."""
    title, room, of = "Sources, since this start", max(1, lines - 3), len(sources)
    if len(sources) > room:
        sources = sorted(sources, key=lambda health: _WORST.index(health.state))[:room]
        title = f"Sources, the worst {room} of {of}"
    rows = [
        {
            "source": health.name,
            "state": health.state,
            "received#": health.received,
            "a minute#": f"{health.rate:.1f}",
            "behind#": health.behind,
            "errors#": health.errors,
            "last received": health.last_received_at,
            "looked": health.looked_at,
            "note": " · ".join(filter(None, (health.warning, health.detail))),
        }
        for health in sources
    ]
    columns = _COLUMNS if wide else ["source", "state", "received#", "errors#", "note"]
    return table(title, columns, [[row[column] for column in columns] for row in rows], empty="no source yet")


def by_account(sources: Sequence[Health]) -> list[Health]:
    """One report for each account: the worst state of its sources and what that one says, their sums, the oldest look."""
    accounts: dict[str, list[Health]] = {}
    for health in sources:
        accounts.setdefault("/".join(health.name.split("/")[:2]), []).append(health)
    return [_together(name, found) for name, found in accounts.items()]


def _together(name: str, found: Sequence[Health]) -> Health:
    worst = min(found, key=lambda health: _WORST.index(health.state))
    behind = [health.behind for health in found if health.behind is not None]
    return msgspec.structs.replace(
        worst,
        name=name if len(found) == 1 else f"{name} ({len(found)})",
        received=sum(health.received for health in found),
        rate=sum(health.rate for health in found),
        behind=sum(behind) if behind else None,
        errors=sum(health.errors for health in found),
        last_received_at=max(filter(None, (health.last_received_at for health in found)), default=None),
        looked_at=min(filter(None, (health.looked_at for health in found)), default=None),
        warning=next((health.warning for health in found if health.warning), ""),
    )
