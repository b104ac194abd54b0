"""The `switchboard up` of this user that runs: one at a time may say so here, and other commands find its configuration.

What holds is the lock, which ends with its process however that ends; the record beside it says who, and with what.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import msgspec
import psutil
import tomli_w
from filelock import FileLock, Timeout

from ops.config import HOME, Config


class Running(msgspec.Struct, frozen=True):
    """Who runs it, the path of its configuration ("" for none), and the broker it was told to use ("" for none)."""

    pid: int
    started: float
    config: str = ""
    broker: str = ""


def running(folder: Path = HOME) -> Running | None:
    """The one that runs now; None when there is none, also when its process was killed."""
    try:
        found = msgspec.json.decode(_record(folder).read_bytes(), type=Running)
        same = abs(psutil.Process(found.pid).create_time() - found.started) < 1
    except (OSError, msgspec.DecodeError, psutil.Error):
        return None
    return found if same else None


class Place:
    """Where the one that runs says with what."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "up.toml"

    def tell(self, config: Path | None = None, broker: str = "") -> None:
        """From now on `running` finds this process, with this configuration."""
        me = psutil.Process()
        path = str(config.resolve()) if config else ""
        _write(_record(self._folder), msgspec.json.encode(Running(me.pid, me.create_time(), path, broker)))

    def keep(self, config: Config) -> Path:
        """Write a configuration that is in no file, secrets and all, for this user's eyes alone; gives its path."""
        _write(self._config, tomli_w.dumps(_plain(config)).encode())
        return self._config

    def forget(self) -> None:
        """It ends."""
        _record(self._folder).unlink(missing_ok=True)
        self._config.unlink(missing_ok=True)


@contextlib.contextmanager
def alone(folder: Path = HOME) -> Iterator[Place | None]:
    """The place, for as long as the context lasts; None while another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "up.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield None
        return
    place = Place(folder)
    try:
        yield place
    finally:
        place.forget()
        lock.release()


def _record(folder: Path) -> Path:
    return folder / "up.json"


def _write(path: Path, content: bytes) -> None:
    """The whole file or none of it, for this user alone from the first byte on."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    new.replace(path)


def _plain(config: Config) -> dict[str, Any]:
    """The settings that are not the default, as TOML can say them: what is None is left out."""
    given = {
        field.encode_name: getattr(config, field.name)
        for field in msgspec.structs.fields(config)
        if getattr(config, field.name) != field.default
    }
    found: dict[str, Any] = _without_none(msgspec.to_builtins(given, builtin_types=(datetime, date, time)))
    return found


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value
