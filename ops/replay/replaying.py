"""A replay from its beginning to its report.

The order of the steps is what makes it fair: how far normalize has committed the raw topics is the end of the history;
then thread and route are waited for until all of that is through; then the live side is read; then the history runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice

import msgspec

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Retriable
from normalizer.events import RAW, Fate, Message, Origin, Routed, StatusChange, Threaded
from normalizer.wire import decode
from ops.config import Config
from ops.replay.disk import Disk
from ops.replay.history import history
from ops.replay.line import Line
from ops.replay.shadow import Shadow
from ops.replay.sides import Difference, Sides
from ops.view import Place, View
from streams._record import Output

_BATCH = 500
_PATIENCE = 60.0
_LOOK_SECONDS = 0.5

Spans = Mapping[Place, tuple[int, int]]
Told = Callable[[int, int], None]


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed, from `begin` on, and what of it is reported: from `since` on, before `until`. None is open."""

    topics: tuple[str, ...]
    begin: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How the two sides differ. `counts` is by field; `renamed` are messages in conversations that began before the history."""

    replayed: int
    compared: int
    reported_since: datetime | None
    counts: dict[str, int]
    renamed: int


def replay(
    config: Config,
    cluster: Cluster,
    period: Period,
    shadow: Shadow | None,
    found: Callable[[Difference], None],
    told: Told,
) -> Report:
    """Run a history through the code and the configuration at hand, and give every difference to `found`.

    Raises `Misconfigured` when there is nothing to replay, `Retriable` when Kafka does not answer or the live stages
    are behind, and `StageFailed` when a stage has a bug.
    """
    with Disk() as disk, View(cluster) as view, Line(config, disk) as line:
        sides = Sides(disk)
        spans = _spans(view, period)
        _wait_for_live(view)
        since = _reported_since(view, period.since)
        window = _window(view, spans, since, period.until)
        for record in view.records(Routed.topic):
            routed = decode(Routed, record.value, record.headers)
            if _within(routed, spans):
                sides.take("live", routed, reported=_within(routed, window))
        changes = view.spans([StatusChange.topic])
        records = history(cluster, {**spans, **changes})
        done, total = 0, sum(end - start for start, end in (*spans.values(), *changes.values()))
        while batch := list(islice(records, _BATCH)):
            outputs = line.feed(batch)
            _take(sides, outputs, window)
            if shadow:
                shadow.take(outputs)
            done += len(batch)
            told(done, total)
        began = None if all(start == 0 for start, _ in spans.values()) else _began(view, spans)
        counts: dict[str, int] = {}
        for difference in sides.differences(began):
            counts[difference.field] = counts.get(difference.field, 0) + 1
            found(difference)
        return Report(
            replayed=sum(end - start for start, end in spans.values()), compared=sides.compared(),
            reported_since=since, counts=counts, renamed=sides.renamed(began),
        )  # fmt: skip


def _take(sides: Sides, outputs: Sequence[Output], window: Spans) -> None:
    for output in outputs:
        if output.topic == Routed.topic:
            routed = decode(Routed, output.value, output.headers)
            sides.take("shadow", routed, reported=_within(routed, window))
        elif output.topic == Fate.topic:
            fate = decode(Fate, output.value, output.headers)
            if fate.outcome != "routed":
                sides.fell(fate)


def _within(routed: Routed, spans: Spans) -> bool:
    """Whether an event is about a message of these raw records; of one without a message that cannot be told."""
    if routed.message is None:
        return True
    origin: Origin | None = routed.message.origin
    if origin is None:
        return False
    start, end = spans.get(Place(origin.topic, origin.partition), (0, 0))
    return start <= origin.offset < end


def _spans(view: View, period: Period) -> Spans:
    """The raw records from `begin` on that the live normalize stage has done."""
    existing = {topic for topic in view.topics() if topic.startswith(RAW)}
    if missing := [topic for topic in period.topics if topic not in existing]:
        raise Misconfigured(f"there is no raw topic {missing[0]!r}: there are {', '.join(sorted(existing)) or 'none'}")
    done = view.committed("normalize")
    first = view.offsets_at(period.topics, period.begin) if period.begin else {}
    spans = {
        place: (first.get(place, start), min(end, done.get(place, start)))
        for place, (start, end) in view.spans(period.topics).items()
    }
    if not any(start < end for start, end in spans.values()):
        raise Misconfigured(
            f"{', '.join(period.topics)} hold nothing that the live stages have done: there is no history"
        )
    return spans


def _wait_for_live(view: View) -> None:
    """Return when thread and route have done all that normalize had given them by now."""
    for stage, topic in (("thread", Message.topic), ("route", Threaded.topic)):
        ends = {place: end for place, (_, end) in view.spans([topic]).items()}
        until = time.monotonic() + _PATIENCE
        while any(end > view.committed(stage).get(place, 0) for place, end in ends.items() if end):
            if time.monotonic() > until:
                raise Retriable(
                    f"the live stage {stage} is behind, and what it has not done would show as a difference: "
                    "see `switchboard status`, and replay when it has caught up"
                )
            time.sleep(_LOOK_SECONDS)


def _reported_since(view: View, since: datetime | None) -> datetime | None:
    """Not before what the live side still holds: what it has let go of would be missing there."""
    held = [
        datetime.fromtimestamp(record.timestamp / 1000, UTC)
        for place, (start, end) in view.spans([Routed.topic]).items()
        if start and end > start and (record := view.record(place, start))
    ]
    return max([*held, *([since] if since else [])], default=None)


def _window(view: View, spans: Spans, since: datetime | None, until: datetime | None) -> Spans:
    topics = sorted({place.topic for place in spans})
    first = view.offsets_at(topics, since) if since else {}
    last = view.offsets_at(topics, until) if until else {}
    return {
        place: (max(start, first.get(place, start)), min(end, last.get(place, end)))
        for place, (start, end) in spans.items()
    }


def _began(view: View, spans: Spans) -> datetime:
    """When the last of the partitions begins: a conversation that was opened later is in the history whole."""
    firsts = (view.record(place, start) for place, (start, end) in spans.items() if start < end)
    return max(datetime.fromtimestamp(record.timestamp / 1000, UTC) for record in firsts if record)
