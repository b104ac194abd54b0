"""A Switchboard as ops run it: its configuration, its processes, and what its commands say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench.chaos.processes import Supervisor, environment
from bench.chaos.shelves import PostgresShelf, Shelves, SqliteShelf
from bench.chaos.sources import Accounts
from normalizer.cluster import Cluster
from ops import wiring
from ops.config import load
from ops.engine import java
from sinks._tickets import Tickets

BIN = Path(sys.executable).with_name("switchboard")
COMMAND_SECONDS = 90
LATE = 75
SECOND = "postgres"
"""The name of a second store beside the first: both get every event, and neither waits for the other."""


class Board:
    """One configuration in `folder`; `store` and `blobs` are where its tickets and attachments are, `database` a second store."""

    def __init__(self, folder: Path, cluster: Cluster, accounts: Accounts, database: str = "") -> None:
        self.folder = folder
        self.cluster = cluster
        self.accounts = accounts
        self.store = folder / "store" / "tickets.db"
        self.blobs = folder / "blobs"
        self.ports: dict[str, int] = {}
        for each in (self.store.parent, self.blobs):
            each.mkdir(parents=True, exist_ok=True)
        self._database = database
        self._common = self.configure("common", 0)

    def declare(self) -> None:
        """Make the topics."""
        self.command("topics", "declare").check_returncode()

    def stages(self) -> list[str]:
        """The names of the stages that this configuration has."""
        return [stage.name for stage in wiring.stages(load(self._common))]

    def configure(self, name: str, port: int) -> Path:
        """Write the configuration for processes whose doors are at `port`."""
        path = self.folder / f"{name}.toml"
        sections: dict[str, Mapping[str, Any]] = {
            "kafka": {key: value for key, value in msgspec.structs.asdict(self.cluster).items() if value != ""},
            "store": {"path": str(self.store)},
            "blobs": {"url": self.blobs.as_uri()},
            "threads": {"messages_per_hour": 0},  # who is the first of a flood depends on the order of arrival
            "state": {"folder": str(self.folder / "state")},  # two boards share this machine, and may not share a disk
            "http": {"port": port or 8480},
        }
        sections |= {f"channels.{channel}.{name}": settings
                     for channel, accounts in self.accounts.items() for name, settings in accounts.items()}  # fmt: skip
        if self._database:
            sections[f"sinks.{SECOND}"] = {"kind": "postgres", "url": self._database}
        path.write_text("\n".join(f"[{name}]\n{toml(values)}" for name, values in sections.items()))
        return path

    def connector(self, channel: str) -> list[str]:
        """The command of a connector process, whose doors get a port of their own; `ports` knows it."""
        port = self.ports.get(channel) or java.free_ports(1)[0]
        self.ports[channel] = port
        return [str(BIN), "--config", str(self.configure(channel, port)), "run", "connector", channel]

    def stage(self, name: str) -> list[str]:
        """The command of a stage process."""
        return [str(BIN), "--config", str(self._common), "run", "stage", name]

    def door(self, channel: str) -> str:
        """Where a connector's doors are."""
        return f"http://127.0.0.1:{self.ports[channel]}"

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [BIN, "--config", self._common, *arguments],
            capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, env=environment(self.folder, {}),
        )  # fmt: skip

    def ledger(self) -> tuple[int, list[dict[str, Any]]]:
        """What `switchboard ledger --json` says, with its exit status; 75 when it does not end in time."""
        try:
            done = self.command("ledger", "--json")
        except subprocess.TimeoutExpired:
            return LATE, []
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def export(self) -> dict[str, list[bytes]]:
        """Each ticket store whole, a line for each row."""
        stores: dict[str, Path | str] = {"SQLite": self.store}
        if self._database:
            stores["PostgreSQL"] = self._database
        found = {}
        for name, where in stores.items():
            with Tickets(where) as store:
                found[name] = list(store.export())
        return found

    def shelves(self) -> Shelves:
        """What the stores hold while they are written."""
        second = [PostgresShelf(self._database)] if self._database else []
        return Shelves([SqliteShelf(self.store), *second])


def start(supervisor: Supervisor, board: Board, channels: Sequence[str]) -> None:
    """Each connector and each stage of a board as a process of its own."""
    for stage in board.stages():
        supervisor.start(stage, board.stage(stage))
    for channel in channels:
        supervisor.start(channel, board.connector(channel))


def toml(values: Mapping[str, Any]) -> str:
    """Settings as lines of TOML."""
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return json.dumps(value)
