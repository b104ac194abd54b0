"""How long each topic keeps its records: what the code declares, unless the configuration says otherwise.

Two things depend on each other: a fate must outlive the raw record that it is about, or the ledger would call an old record
missing; and a record stays until the segment that it is in is old enough as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from normalizer.cluster import DAY, DEAD_LETTERS, TOPICS, Cluster, TopicSpec, raw_topic
from normalizer.errors import Misconfigured
from normalizer.events import RAW, Fate, Message, Routed, Threaded

USUAL_SEGMENT_HOURS = 7 * DAY  # Kafka's own segment.ms
_ALL_RAW = RAW.rstrip(".")


def kept(cluster: Cluster, specs: Sequence[TopicSpec]) -> list[TopicSpec]:
    """The topics with the retention that the configuration asks for.

    Raises `Misconfigured` for a topic that there is not, for one that is compacted, and for fates that do not outlive
    what they are about.
    """
    names = {spec.name for spec in specs if spec.retention_hours is not None}
    if unknown := sorted(set(cluster.retention_days) - names - {_ALL_RAW}):
        raise Misconfigured(
            f"kafka.retention_days names {', '.join(unknown)}: topics whose records end by their age are "
            f"{', '.join(sorted({_ALL_RAW} | {name for name in names if not name.startswith(RAW)}))} and raw.CHANNEL"
        )
    found = [_asked_for(cluster, spec) for spec in specs]
    raw = max(
        ((spec.retention_hours or 0) + segment_hours(cluster, spec) for spec in found if spec.name.startswith(RAW)),
        default=0,
    )
    fates = next((spec.retention_hours or 0 for spec in found if spec.name == Fate.topic), raw)
    if fates < raw:
        raise Misconfigured(
            f"kafka.retention_days keeps fates for {fates / DAY:g} days and raw records for up to {raw / DAY:g}: "
            f"keep {Fate.topic} for at least as long, or the ledger calls old records missing"
        )
    return found


def segment_hours(cluster: Cluster, spec: TopicSpec) -> int:
    """How much longer than its retention a record of a topic may stay."""
    days = asked(cluster, spec.name)
    if days is None:
        return USUAL_SEGMENT_HOURS
    return max(1, min(USUAL_SEGMENT_HOURS, math.floor(days * DAY / 4)))


def _asked_for(cluster: Cluster, spec: TopicSpec) -> TopicSpec:
    days = asked(cluster, spec.name)
    return spec if days is None else msgspec.structs.replace(spec, retention_hours=max(1, math.ceil(days * DAY)))


def asked(cluster: Cluster, topic: str) -> float | None:
    """The days that the configuration asks for, None where it leaves a topic as it is."""
    found = cluster.retention_days
    return found.get(topic, found.get(_ALL_RAW) if topic.startswith(RAW) else None)


def whole_way_hours(cluster: Cluster, channels: Sequence[str]) -> int:
    """For how long something that was published may still come into the ticket store.

    A record may wait in each topic until its last hour and then be passed on: dead letters, the raw topic that they are
    redriven to, and what the stages make of it.
    """
    hours = _hours(cluster, kept(cluster, [*TOPICS, *map(raw_topic, channels)]))
    raw = max(hours[RAW + channel] for channel in channels)
    return raw + sum(hours[name] for name in (DEAD_LETTERS, Message.topic, Threaded.topic, Routed.topic))


def redelivery_hours(cluster: Cluster) -> int:
    """For how long what came of a raw record may still come to the stages that know it: of whichever channel stays longest.

    It may wait until its last hour in the raw topic, before thread and before route.
    """
    named = [name.removeprefix(RAW) for name in cluster.retention_days if name.startswith(RAW)]
    specs = [_asked_for(cluster, spec) for spec in (*TOPICS, *map(raw_topic, ["", *named]))]
    hours = _hours(cluster, specs)
    raw = max(each for name, each in hours.items() if name.startswith(RAW))
    return raw + hours[Message.topic] + hours[Threaded.topic]


def _hours(cluster: Cluster, specs: Sequence[TopicSpec]) -> dict[str, int]:
    return {spec.name: (spec.retention_hours or 0) + segment_hours(cluster, spec) for spec in specs}
