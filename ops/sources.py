"""Every configured account and what is known of its sources: what they report, how far they are read, what waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from connectors._cursors import cursor_key
from normalizer.cluster import Cluster
from normalizer.events import RAW, Cursor, Health
from ops.status import last_of
from ops.view import View
from streams.normalize import Normalize

QUIET = timedelta(minutes=2)
"""A process that has not reported for so long has ended without saying so, or hangs."""
_CURSOR_LENGTH = 40


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A source as it is now. `name` is ``channel/account`` for the doors of an account, else with the source behind it.

    `state` is that of its last report, ``silent`` when that is older than `QUIET`, and ``never ran`` without one.
    `looked_at` is when it was last asked with success, news or not; `behind` what it still holds, where it can say;
    `waiting` the records of its channel that normalize has not taken yet; `rate` what came a minute, of late;
    `edge` the process that reads it, or was the last to answer at its doors; `cursor` the saved position, in short.
    """

    name: str
    channel: str
    account: str
    state: str
    source: str = ""
    last_received_at: datetime | None = None
    looked_at: datetime | None = None
    reported_at: datetime | None = None
    behind: int | None = None
    waiting: int = 0
    rate: float = 0.0
    received: int = 0
    errors: int = 0
    detail: str = ""
    warning: str = ""
    cursor: str = ""
    edge: str = ""


def look(cluster: Cluster, accounts: Mapping[str, Collection[str]], now: datetime) -> list[Source]:
    """The sources of `accounts` (by channel) on a cluster. Raises `Retriable` when Kafka does not answer."""
    with View(cluster) as view:
        health = last_of(view, Health)
        positions = {cursor_key(c.channel, c.account, c.source): bytes(c.position) for c in last_of(view, Cursor)}
        existing = view.topics()
        waiting: dict[str, int] = {}
        topics = [RAW + channel for channel in accounts if RAW + channel in existing]
        for place, lag in view.lag(Normalize.name, topics).items():
            channel = place.topic.removeprefix(RAW)
            waiting[channel] = waiting.get(channel, 0) + lag
    return listed(accounts, health, positions, waiting, now)


def listed(
    accounts: Mapping[str, Collection[str]],
    health: Sequence[Health],
    cursors: Mapping[str, bytes],
    waiting: Mapping[str, int],
    now: datetime,
) -> list[Source]:
    """A row for each source that has reported, and one for each account that never has; by name.

    `cursors` are positions by ``channel/account/source``, `waiting` is by channel.
    """
    found: list[Source] = []
    for channel, names in accounts.items():
        for account in names:
            prefix = f"{channel}/{account}"
            mine = [each for each in health if each.name == prefix or each.name.startswith(f"{prefix}/")]
            common: dict[str, Any] = {"channel": channel, "account": account, "waiting": waiting.get(channel, 0)}
            found += [_reported(each, common, cursors.get(each.name), now) for each in mine]
            if not mine:
                found.append(Source(name=prefix, state="never ran", **common))
    return sorted(found, key=lambda each: each.name)


def short(position: bytes) -> str:
    """A position in a few words: its plain values, the rest left out."""
    value = msgspec.json.decode(position)
    if isinstance(value, dict):
        plain = (f"{key}={item}" for key, item in value.items() if isinstance(item, str | int | float) and item != "")
        text = " ".join(plain) or "…"
    else:
        text = str(value)
    return text if len(text) <= _CURSOR_LENGTH else text[: _CURSOR_LENGTH - 1] + "…"


def _reported(health: Health, common: dict[str, Any], position: bytes | None, now: datetime) -> Source:
    silent = health.state != "stopped" and now - health.at > QUIET
    return Source(
        name=health.name,
        source="/".join(health.name.split("/")[2:]),
        state="silent" if silent else health.state,
        last_received_at=health.last_received_at,
        looked_at=health.looked_at,
        reported_at=health.at,
        behind=health.behind,
        rate=0.0 if silent or health.state == "stopped" else health.rate,
        received=health.received,
        errors=health.errors,
        detail=health.detail,
        warning=health.warning,
        cursor=short(position) if position is not None else "",
        edge=health.edge,
        **common,
    )
