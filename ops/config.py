"""The configuration: one TOML file, checked whole before anything starts.

Unknown settings are refused with the nearest known one. A text setting may name its value instead of holding it:
``env:NAME`` is read from the environment and ``file:PATH`` from a file, so that no secret stands in the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from math import ceil
from pathlib import Path
from typing import Annotated, Any

import msgspec
import platformdirs
from msgspec import Meta

from connectors._base import Blobs, Connector
from normalizer import secret
from normalizer.cluster import DAY, Cluster
from normalizer.default_rules import POLICY
from normalizer.errors import Misconfigured
from normalizer.policy import Policy
from normalizer.secret import Secret
from normalizer.thread_policy import ThreadPolicy
from normalizer.tickets import ClosedPolicy
from ops.channels import channel
from ops.destinations import KINDS, Destination, PostgresSettings, SqliteSettings
from ops.retention import redelivery_hours
from sinks._base import Sink
from streams._breaker import BreakerPolicy

HOME = Path(platformdirs.user_data_dir("switchboard"))
"""Where a local installation keeps its engine, its blobs and its ticket store."""


class Store(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ticket store, which `switchboard tickets` reads: the SQLite file at `path`, or the PostgreSQL database at `url`.

    `url` is ``postgresql://USER@HOST:PORT/DATABASE``; when it is given, `path` does not matter. The stage that fills
    the store is `deliver.sqlite` or `deliver.postgres`.
    """

    path: str = str(HOME / "tickets.db")
    url: Secret = ""

    @property
    def where(self) -> str:
        """What `sinks._tickets.Tickets` reads."""
        return self.url or self.path

    def __repr__(self) -> str:
        """Names the file and never a credential."""
        return f"Store({'PostgreSQL' if self.url else self.path})"


class BlobSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where attachments and oversize bodies go: any fsspec URL."""

    url: str = f"file://{HOME / 'blobs'}"


class StateSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where stages keep what they remember: a folder on a local disk, or "" for memory alone.

    It is a copy of their changelogs in Kafka, which spares a restart from reading them: it may be lost at any time.

    Which messages came before is known for ever; with `dedupe_days` for that long, and room is freed on disk and in Kafka.
    Within these days a duplicate is always found; what a source gives once more after them, as a backfill or a folder that is read
    anew may, is a new message. Redeliveries end sooner: raw records are kept for 30 days.
    """

    folder: str = str(HOME / "state")
    dedupe_days: Annotated[int, Meta(ge=1, le=36_500)] | None = None

    @property
    def dedupe(self) -> timedelta | None:
        """For how long a message is known; None for ever."""
        return None if self.dedupe_days is None else timedelta(days=self.dedupe_days)

    @property
    def place(self) -> Path | None:
        """The folder; None for memory alone."""
        return Path(self.folder) if self.folder else None


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `switchboard purge` forgets; topics are in `kafka.retention_days`.

    Tickets go `tickets_days` after their last update, whatever their status; without it they stay for ever. With
    `sweep_blobs` the files go that no ticket names and no topic can; only where the blob store is a folder.
    """

    tickets_days: Annotated[int, Meta(ge=1)] | None = None
    sweep_blobs: bool = False


class Http(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the doors of the push channels listen.

    With `certificate` and `key` (PEM files: the certificate with its chain, its key without a password) they speak TLS 1.2
    or newer and nothing else; changed files are taken within half a minute. Without them, keep the doors on the loopback or
    behind a proxy that speaks TLS. `monitor_token` lets Prometheus read ``/metrics`` and you the reasons of ``/healthz``
    (``Authorization: Bearer …``); without one nobody may.
    """

    host: str = "127.0.0.1"
    port: int = 8480
    certificate: str = ""
    key: str = ""
    monitor_token: Secret = ""

    def __repr__(self) -> str:
        """Says where, and never a credential."""
        return f"Http({self.host}:{self.port}, certificate={self.certificate!r})"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an operator may change. `kafka` without brokers means the local engine.

    `channels` is channel, then account, then the settings of that channel's connector. `sinks` are further
    destinations by their names, each with its `kind` and the settings of that kind.
    """

    kafka: Cluster | None = None
    store: Store = Store()
    blobs: BlobSettings = BlobSettings()
    retention: Retention = Retention()
    http: Http = Http()
    state: StateSettings = StateSettings()
    rules: Policy = POLICY
    threads: ThreadPolicy = ThreadPolicy()
    tickets: ClosedPolicy = ClosedPolicy()
    breaker: BreakerPolicy = BreakerPolicy()
    channels: dict[str, dict[str, dict[str, Any]]] = {}
    sinks: dict[str, dict[str, Any]] = {}

    def __repr__(self) -> str:
        """Names the channels and never a setting: what an account is told may be a secret."""
        return f"Config({self.kafka!r}, channels={list(self.channel_names)})"

    def secrets(self) -> Iterator[str]:
        """Every secret that it holds, for whoever has to keep them out of something."""
        yield from secret.values(self)
        for name, accounts in self.channels.items():
            for account, settings in accounts.items():
                yield from secret.values(_checked(settings, channel(name).settings_type, f"channels.{name}.{account}"))
        for name, settings in self.sinks.items():
            yield from secret.values(_destination(name, settings))

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels that have at least one account."""
        return tuple(sorted(name for name, accounts in self.channels.items() if accounts))

    def connectors(self, blobs: Blobs, only: str = "") -> Iterator[Connector[Any]]:
        """The configured accounts, ready to run. `only` is ``channel`` or ``channel:account``."""
        found = [f"{name}:{account}" for name, accounts in sorted(self.channels.items()) for account in accounts]
        wanted = [which for which in found if only in ("", which, which.partition(":")[0])]
        if only and not wanted:
            raise Misconfigured(f"no account matches {only!r}: configured are {', '.join(found) or 'none'}")
        for which in wanted:
            name, _, account = which.partition(":")
            kind = channel(name)
            settings = _checked(self.channels[name][account], kind.settings_type, f"channels.{name}.{account}")
            yield kind(account, settings, blobs)

    def destinations(self) -> Iterator[tuple[str, Sink]]:
        """The ticket store, then the further destinations, each with the name that its stage has after ``deliver.``."""
        store: Destination = PostgresSettings(url=self.store.url) if self.store.url else SqliteSettings(self.store.path)
        yield store.kind, store.sink()
        for name, settings in sorted(self.sinks.items()):
            if name == store.kind or not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
                raise Misconfigured(
                    f"sinks.{name}: the stage of a destination is named deliver.NAME, and this name "
                    f"{'is that of the ticket store' if name == store.kind else 'has other than a-z, 0-9, _ and -'}: "
                    "choose another"
                )
            yield name, _destination(name, settings).sink()


def load(path: Path | None) -> Config:
    """The configuration in `path`, or the defaults for None. Raises `Misconfigured` with the setting and the remedy."""
    if path is None:
        return Config()
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise Misconfigured(f"there is no configuration {path}: give its path with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not TOML ({error}): correct it there") from error
    config: Config = _checked(_resolved(raw, ""), Config, "")
    for name, accounts in config.channels.items():
        for account, settings in accounts.items():
            _checked(settings, channel(name).settings_type, f"channels.{name}.{account}")
    for name, settings in config.sinks.items():
        _destination(name, settings)
    _check_dedupe(config)
    return config


def _check_dedupe(config: Config) -> None:
    """Whatever can be delivered again must be known."""
    least = ceil(redelivery_hours(config.kafka or Cluster()) / DAY)
    if config.state.dedupe_days is not None and config.state.dedupe_days < least:
        raise Misconfigured(
            f"state.dedupe_days is {config.state.dedupe_days}, and raw records may be delivered again for longer: make it {least} "
            "at least, or leave it out"
        )


def _destination(name: str, settings: Mapping[str, Any]) -> Destination:
    """The settings of a further destination."""
    kind = str(settings.get("kind", ""))
    if kind not in KINDS:
        raise Misconfigured(f"sinks.{name}.kind is {kind!r}: it must be one of {', '.join(KINDS)}")
    found: Destination = _checked({k: v for k, v in settings.items() if k != "kind"}, KINDS[kind], f"sinks.{name}")
    return found


def _resolved(value: Any, where: str) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(item, f"{where}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, where) for item in value]
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in os.environ:
            raise Misconfigured(f"{where} is read from the environment variable {name}, which is not set: set it")
        return os.environ[name]
    if isinstance(value, str) and value.startswith("file:") and not value.startswith("file://"):
        try:
            return Path(value.removeprefix("file:")).read_text("utf-8").strip()
        except OSError as error:
            raise Misconfigured(f"{where} is read from a file, which cannot be read ({error}): correct it") from error
    return value


def _checked(raw: Mapping[str, Any], kind: type[Any], where: str) -> Any:
    """`raw` as a `kind`; the first thing that is wrong is named with its path and what would be right."""
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        message = str(error)
        inner = re.search(r" - at `\$\.?(.*?)`$", message)
        path = ".".join(filter(None, (where, inner[1] if inner else "")))
        if unknown := re.search(r"contains unknown field `(.*?)`", message):
            known = _fields(kind, (inner[1] if inner else "").split("."))
            near = get_close_matches(unknown[1], known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            setting = ".".join(filter(None, (path, unknown[1])))
            raise Misconfigured(f"there is no setting {setting}: {hint}") from None
        reason = message[: inner.start()] if inner else message
        raise Misconfigured(f"{path or 'the configuration'} is wrong ({reason}): correct it") from None


def _fields(kind: Any, path: Iterable[str]) -> tuple[str, ...]:
    """The names of the settings at a path below a struct."""
    for step in path:
        if not step:
            continue
        found = next((f.type for f in msgspec.structs.fields(kind) if f.name == step.split("[")[0]), None)
        if found is None:
            break
        inner = msgspec.inspect.type_info(found)
        while not isinstance(inner, msgspec.inspect.StructType):
            nested = getattr(inner, "item_type", None) or next(
                (t for t in getattr(inner, "types", ()) if isinstance(t, msgspec.inspect.StructType)), None
            )
            if nested is None:
                return ()
            inner = nested
        kind = inner.cls
    return tuple(field.name for field in msgspec.structs.fields(kind))
