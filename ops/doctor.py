"""Is everything in place? Each check says what it looked at, and what to do when it is not well."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from normalizer.events import Health
from ops import channels, wiring
from ops.config import Config
from ops.engine.jars import Lock, cache_folder, verify
from ops.ledger import take
from ops.sources import QUIET
from ops.status import source_health, stage_status
from ops.topics import drift
from sinks._tickets import Tickets

_ROOM = 2 * 1024**3


class Finding(msgspec.Struct, frozen=True):
    """What one check saw. `remedy` is "" when it is well."""

    check: str
    well: bool
    saw: str
    remedy: str = ""


def examine(config: Config, reach: Callable[[], Cluster]) -> Iterator[Finding]:
    """The checks from the ground up; those that need Kafka are left out when it cannot be reached."""
    yield _python()
    yield _disk(Path(config.store.path))
    if config.store.url:
        yield _store(config)
    yield _jars()
    yield _configuration(config)
    try:
        cluster = reach()
        existing = stage_status(cluster, wiring.stages(config))
    except SwitchboardError as error:
        yield Finding("kafka", False, "cannot be reached", str(error))
        return
    yield Finding("kafka", True, f"answers at {cluster.brokers}")
    yield _topics(config, cluster)
    for stage in existing:
        remedy = stage.paused or (_start(stage.name) if stage.never_ran and stage.lag else "")
        yield Finding(f"stage {stage.name}", not remedy, f"{stage.lag} records wait", remedy)
    yield from sources(source_health(cluster), config, datetime.now(UTC))
    missing = sum(account.missing_total for account in take(cluster, channels.names()))
    remedy = "run `switchboard ledger` for their names, and redrive or backfill them" if missing else ""
    yield Finding("ledger", not missing, f"{missing} records are missing", remedy)


def _python() -> Finding:
    saw = f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}"
    return Finding("runtime", sys.version_info >= (3, 11), saw, "" if sys.version_info >= (3, 11) else "use 3.11")


def _disk(store: Path) -> Finding:
    folder = next(parent for parent in store.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    remedy = "" if free > _ROOM else f"make room at {folder}: Kafka and the store stop when it is full"
    return Finding("disk", free > _ROOM, f"{free / 1e9:.1f} GB free at {folder}", remedy)


def _store(config: Config) -> Finding:
    try:
        Tickets(config.store.where).close()
    except SwitchboardError as error:
        return Finding("store", False, "cannot be read", str(error))
    return Finding("store", True, "answers")


def _jars() -> Finding:
    """The local engine's archives, hashed again: what was fetched whole may have been changed since."""
    lock, folder = Lock.load("kafka"), cache_folder()
    if not folder.exists():
        return Finding("engine", True, "has not been fetched; `switchboard up` does it")
    try:
        verify(lock, folder)
    except SwitchboardError as error:
        return Finding("engine", False, "is not the locked one", str(error))
    return Finding("engine", True, f"every archive in {folder} is the locked one")


def _configuration(config: Config) -> Finding:
    try:
        found = wiring.connectors(config)
        wiring.stages(config)
    except SwitchboardError as error:
        return Finding("configuration", False, "is wrong", str(error))
    return Finding("configuration", True, f"{len(found)} accounts")


def _topics(config: Config, cluster: Cluster) -> Finding:
    found = drift(cluster, channels.names(), wiring.stage_topics(wiring.stages(config)))
    remedy = "run `switchboard topics drift` for what to do" if found else ""
    return Finding("topics", not found, f"{len(found)} differ from what is declared", remedy)


def _start(stage: str) -> str:
    return f"start it: `switchboard run stage {stage}`"


def sources(reports: Sequence[Health], config: Config, now: datetime) -> Iterator[Finding]:
    """Each source of this configuration, and each other one that somebody runs on the same Kafka just now.

    Of what another configuration had, and nobody runs any more, only the last report is left: it is left out.
    """
    ours = {f"{channel}/{account}" for channel, accounts in config.channels.items() for account in accounts}
    for health in reports:
        own = "/".join(health.name.split("/")[:2]) in ours
        quiet = health.state != "stopped" and now - health.at > QUIET
        if not own and (quiet or health.state == "stopped"):
            continue
        check, whose = f"source {health.name}", "" if own else ", of another configuration"
        if health.state == "failing":
            yield Finding(check, False, f"failing{whose}, {health.errors} errors", health.detail)
        elif quiet:
            remedy = "its process has ended without saying so, or hangs: look at its log and start it again"
            yield Finding(check, False, f"last heard of at {health.at:%H:%M:%S}", remedy)
        else:
            yield Finding(check, True, f"{health.state}{whose}" + (f": {health.detail}" if health.detail else ""))
