"""The commands that show tickets, on both stores; and the one by which an owner prepares a store for others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from normalizer.ids import event_id
from sinks._base import Sink
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import HISTORY, MERGES
from tests.servers.postgres import PostgresServer
from tests.servers.switchboard import BIN, environment

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def command(folder: Path, store: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command over a store."""
    config = folder / "switchboard.toml"
    config.write_text(f"[store]\n{store}\n", "utf-8")
    return subprocess.run(
        [BIN, "--config", config, *arguments],
        capture_output=True, text=True, timeout=60, check=False, env={**environment(folder), **more},
    )  # fmt: skip


def test_both_stores_show_the_same(tmp_path: Path, store_url: str) -> None:
    """Every command that reads, for people and for programs."""
    stores: dict[str, Sink] = {
        f'path = "{tmp_path}/tickets.db"': Sqlite(tmp_path / "tickets.db"),
        f'url = "{store_url}"': Postgres(store_url),
    }
    for sink in stores.values():
        sink.open()
        assert not sink.write([*HISTORY, *MERGES])
        sink.close()
    one = event_id("t", "1")
    for arguments in (("list", "--json"), ("show", one[:8]), ("search", "subject", "2", "--json"), ("export",)):
        first, second = (command(tmp_path, store, "tickets", *arguments) for store in stores)
        assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
        assert sorted(first.stdout.splitlines()) == sorted(second.stdout.splitlines()), arguments
    assert len(first.stdout.splitlines()) > len(HISTORY)
    assert {json.loads(line)["table"] for line in first.stdout.splitlines()} >= {"tickets", "messages", "decisions"}


def test_an_owner_prepares_a_store_for_others(tmp_path: Path, postgres: PostgresServer) -> None:
    """Who delivers needs no right to change the schema, and the owner's password is in no configuration."""
    database = postgres.database()
    url = postgres.url(database, f"w_{database}", "x")
    postgres.execute(f"CREATE ROLE w_{database} LOGIN PASSWORD 'x'")
    refused = command(tmp_path, f'url = "{url}"', "store", "prepare")
    assert refused.returncode == 2
    assert "refuses this role (permission denied for database" in refused.stderr
    for _ in range(2):
        done = command(tmp_path, f'url = "{url}"', "store", "prepare", SWITCHBOARD_OWNER_URL=postgres.url(database))
        assert (done.returncode, done.stdout.endswith(f"/{database} has schema version 2\n")) == (0, True), done.stderr
    postgres.execute(f"GRANT switchboard_writer TO w_{database}")
    assert command(tmp_path, f'url = "{url}"', "tickets", "list").stdout == "no ticket matches\n"
    nothing = command(tmp_path, 'path = "x.db"', "store", "prepare")
    assert (nothing.returncode, "no PostgreSQL store is named: give --url" in nothing.stderr) == (2, True)
