"""What is forgotten by age, store by store, as the configuration's `retention` says. Topics forget by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from connectors._sweep import Swept, sweep
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from ops import channels
from ops.config import Config
from ops.retention import whole_way_hours
from sinks._forget import Gone, purge
from sinks._tickets import Tickets


class Forgotten(msgspec.Struct, frozen=True):
    """What went from the ticket store and from the blob store; None for one that was not asked, or that keeps everything."""

    store: Gone | None = None
    blobs: Swept | None = None


def forget(config: Config, url: str, now: datetime) -> Forgotten:
    """Forget what is too old. `url` is the ticket store as its owner reaches it, "" for who delivers.

    Tickets first: a blob of theirs may go in the same round. Raises `Misconfigured` when nothing shall ever be forgotten.
    """
    asked = config.retention
    if asked.tickets_days is None and not asked.sweep_blobs:
        raise Misconfigured(
            "nothing is ever forgotten: set tickets_days, sweep_blobs or both in the section [retention]"
        )
    gone = None
    if asked.tickets_days is not None:
        gone = purge(url or config.store.where, now - timedelta(days=asked.tickets_days))
    return Forgotten(gone, sweep_blobs(config) if asked.sweep_blobs and _has_tickets(config) else None)


def _has_tickets(config: Config) -> bool:
    """Whether the store's word on blobs counts. A new one gets its tickets later: no reason to end a service."""
    with Tickets(config.store.where) as store:
        return bool(store.list_tickets(limit=1))


def sweep_blobs(config: Config) -> Swept:
    """Delete the blobs that no ticket refers to, and that no topic can refer to any more."""
    hours = whole_way_hours(config.kafka or Cluster(), channels.names())
    with Tickets(config.store.where) as store:
        used = store.files()
    return sweep(config.blobs.url, used, hours * 3600)
