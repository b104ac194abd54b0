"""`switchboard purge`: what is older than the configuration keeps it, on both kinds of store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from connectors._blobs import BlobStore
from normalizer.errors import Misconfigured
from normalizer.events import Attachment, Routed
from ops.config import BlobSettings, Config, Retention, Store
from ops.forgetting import Forgotten, forget
from sinks._base import Sink
from sinks._forget import Gone
from sinks._tickets import Tickets
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import routed
from tests.servers.postgres import PostgresServer
from tests.servers.switchboard import BIN, environment

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
OLD, NEW = START + timedelta(days=1), START + timedelta(days=36_500)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engine)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """One with a ticket of the first day and one of a century later."""
    sink: Sink
    if request.param == "sqlite":
        found, sink = Store(path=str(tmp_path / "tickets.db")), Sqlite(tmp_path / "tickets.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.url(server.database())
        found, sink = Store(url=url), Postgres(url)
    fill(sink, routed(1, 1), later(routed(2, 1)))
    return found


def fill(sink: Sink, *events: Routed) -> None:
    """Store events."""
    sink.open()
    assert sink.write(events) == {}
    sink.close()


def later(event: Routed) -> Routed:
    """The same of a century later."""
    ticket = msgspec.structs.replace(event.ticket, updated_at=NEW)
    return msgspec.structs.replace(event, ticket=ticket)


def aged(blobs: BlobStore, folder: Path, content: bytes, days: int) -> Path:
    """A blob that was put so many days ago."""
    reference = blobs.put(content)
    [path] = folder.rglob(reference)
    then = path.stat().st_mtime - days * 86_400
    os.utime(path, (then, then))
    return path


def test_tickets_go_after_their_days_and_blobs_with_them(store: Store, tmp_path: Path) -> None:
    """What is younger stays; the next round finds nothing."""
    folder = tmp_path / "blobs"
    gone, young = (
        aged(BlobStore(folder.as_uri()), folder, content, days) for content, days in ((b"a", 300), (b"b", 1))
    )
    config = Config(
        store=store, blobs=BlobSettings(url=folder.as_uri()), retention=Retention(tickets_days=365, sweep_blobs=True)
    )
    first = forget(config, "", NEW)
    assert (first.store, first.blobs and (first.blobs.blobs, first.blobs.left)) == (Gone(1, 1, 1), (1, 1))
    assert (gone.exists(), young.exists()) == (False, True)
    with Tickets(store.where) as tickets:
        assert [ticket.id for ticket in tickets.list_tickets()] == [routed(2, 1).ticket.id]
    assert forget(config, "", NEW).store == Gone()


def test_what_is_not_asked_for_stays(tmp_path: Path) -> None:
    """Each store has a setting of its own, and without any there is nothing to do."""
    path = tmp_path / "tickets.db"
    fill(Sqlite(path), routed(1, 1))
    config = Config(store=Store(path=str(path)), retention=Retention(tickets_days=700))
    assert forget(config, "", OLD) == Forgotten(Gone(), None)
    with pytest.raises(
        Misconfigured, match=r"nothing is ever forgotten: set tickets_days, sweep_blobs or both in the section \[ret"
    ):
        forget(Config(store=Store(path=str(path))), "", OLD)


def test_a_blob_of_a_ticket_stays_however_old(tmp_path: Path) -> None:
    """The store is asked, and nothing is deleted by age alone."""
    folder, path = tmp_path / "blobs", tmp_path / "tickets.db"
    kept = aged(BlobStore(folder.as_uri()), folder, b"picture", 900)
    event = routed(1, 1)
    assert event.message is not None
    file = Attachment(name="a.png", content_type="image/png", size=7, sha256=kept.name)
    fill(
        Sqlite(path),
        msgspec.structs.replace(event, message=msgspec.structs.replace(event.message, attachments=(file,))),
    )
    config = Config(
        store=Store(path=str(path)), blobs=BlobSettings(url=folder.as_uri()), retention=Retention(sweep_blobs=True)
    )
    swept = forget(config, "", NEW).blobs
    assert (swept and swept.left, kept.exists()) == (1, True)


def test_the_service_goes_on_until_it_is_asked_to_stop(store: Store, tmp_path: Path) -> None:
    """A line a round, the ticket of a day to come is left; the end is in order, so a supervisor does not take it for a failure."""
    config = tmp_path / "switchboard.toml"
    where = f'url = "{store.url}"' if store.url else f'path = "{store.path}"'
    config.write_text(f"[store]\n{where}\n[retention]\ntickets_days = 1\n")
    command = [str(BIN), "--config", str(config), "purge", "--every", "1s", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(tmp_path)) as service:
        assert service.stdout is not None
        told = [json.loads(service.stdout.readline())["store"]["tickets"] for _ in range(2)]
        service.send_signal(signal.SIGTERM)
        assert (told, service.wait(30)) == ([1, 0], 0)


def test_a_new_store_ends_no_service(tmp_path: Path) -> None:
    """It has no ticket yet: no blob goes on its word, and the next round asks again."""
    folder, path = tmp_path / "blobs", tmp_path / "tickets.db"
    kept = aged(BlobStore(folder.as_uri()), folder, b"picture", 900)
    config = Config(
        store=Store(path=str(path)),
        blobs=BlobSettings(url=folder.as_uri()),
        retention=Retention(tickets_days=365, sweep_blobs=True),
    )
    assert (forget(config, "", NEW), kept.exists()) == (Forgotten(Gone(), None), True)
