"""Processes and servers that die while mail flows: nothing is lost, and the places are right."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from connectors._blobs import BlobStore
from connectors._edge import Edge
from connectors._mailsettings import MailSettings
from connectors._memory import MemoryKafka
from connectors._persist import Pauses
from connectors.mail import Mail
from normalizer.cluster import Cluster
from normalizer.events import Cursor
from normalizer.wire import decode, header
from tests.servers.dovecot import PASSWORD, Dovecot, Mailbox, running
from tests.servers.mailpages import fill
from tests.servers.mailsource import mail
from tests.servers.topic import ends, records, wait

pytestmark = pytest.mark.engine

Topics = Callable[..., list[str]]
QUICK = Pauses(first=0.05, longest=0.5, patience=0.5)


def settings(box: Mailbox, **more: object) -> MailSettings:
    """Of a mailbox on Dovecot, polled often."""
    given = {"host": box.server.host, "port": box.server.port, "user": box.user, "password": PASSWORD}
    return msgspec.convert(given | {"tls": "none", "poll_seconds": 0.5} | more, MailSettings)


def start(cluster: Cluster, folder: Path, *accounts: MailSettings) -> subprocess.Popen[bytes]:
    """An edge in a process of its own."""
    script = str(Path(__file__).with_name("edge_process.py"))
    given = [msgspec.json.encode(account).decode() for account in accounts]
    return subprocess.Popen([sys.executable, script, cluster.brokers, cluster.namespace, folder.as_uri(), *given])


def arrived(cluster: Cluster) -> set[str]:
    """The mails on the raw topic, by account and UID."""
    return {
        f"{header(each.headers, 'ce_source')} {(header(each.headers, 'ce_subject') or '').rpartition(';')[2]}"
        for each in records(cluster, "raw.mail")
    }


def test_kill_9_while_mail_flows_loses_nothing(
    dovecot: Dovecot, cluster: Cluster, topics: Topics, tmp_path: Path
) -> None:
    """Killed five times in two mailboxes that are being filled: every mail is on the topic, and the saved place
    is that of the last one.
    """
    topics("mail")
    boxes = [dovecot.mailbox(), dovecot.mailbox()]
    accounts = [settings(box, page_size=20) for box in boxes]
    chance = random.Random(7)
    for life in range(6):
        process = start(cluster, tmp_path, *accounts)
        for box in boxes:
            fill(box, 150, life * 150)
        if life < 5:
            seen = ends(cluster, "raw.mail")
            wait(lambda seen=seen: ends(cluster, "raw.mail") > seen)  # type: ignore[misc]  # bound at once
            threading.Event().wait(chance.random() * 0.3)  # killed at no step in particular
            process.kill()
            process.wait()
    expected = {f"/mail/{box.user} {uid}" for box in boxes for uid in range(1, 6 * 150 + 1)}
    wait(lambda: places(cluster) == {box.user: 6 * 150 for box in boxes})
    assert arrived(cluster) == expected
    process.kill()
    process.wait()


def places(cluster: Cluster) -> dict[str, int]:
    """The UID that each account has been read up to."""
    cursors = [decode(Cursor, each.value, each.headers) for each in records(cluster, "cursors")]
    return {cursor.account: msgspec.json.decode(cursor.position)["uid"] for cursor in cursors}


def test_a_first_sync_of_thousands_needs_little_memory(
    dovecot: Dovecot, cluster: Cluster, topics: Topics, tmp_path: Path
) -> None:
    """5,000 mails of 20 KB, 100 MB, go through a process that stays below 150 MB."""
    topics("mail")
    box = dovecot.mailbox()
    box.deliver(*(mail(f"{number}@x") + b"0123456789abcdef\r\n" * 1100 for number in range(5000)))
    process = start(cluster, tmp_path, settings(box))
    resident: list[int] = []

    def done() -> bool:
        resident.append(psutil.Process(process.pid).memory_info().rss)
        return ends(cluster, "raw.mail") >= 5000

    wait(done)
    process.kill()
    process.wait()
    assert len(arrived(cluster)) == 5000
    assert max(resident) < 150 << 20


def test_the_mail_server_restarts(tmp_path: Path) -> None:
    """The edge waits, connects again and goes on from its place; nothing comes twice."""
    with running() as server:
        box = server.mailbox()
        kafka = MemoryKafka()
        edge = Edge([Mail("main", settings(box), BlobStore(tmp_path.as_uri()))], kafka, kafka, print, pauses=QUICK)
        expected = fill(box, 30)
        edge.start()
        wait(lambda: len(kafka.events) == 30)
        server.stop()
        expected += fill(box, 30, 31)
        wait(lambda: edge.health()[0].state == "waiting")
        server.start()
        wait(lambda: len(kafka.events) >= 60)
        assert edge.stop()
    assert [each.key for each in kafka.events] == expected


def test_one_account_that_fails_stops_no_other(dovecot: Dovecot, tmp_path: Path) -> None:
    """Wrong password, missing folder, no such host: each says so, while the good ones go on."""
    box = dovecot.mailbox()
    with box.client() as client:
        client.create_folder("Work")
        client.append("Work", mail("work@x"))
    fill(box, 3)
    kafka = MemoryKafka()
    accounts = {
        "good": settings(box, folders=["INBOX", "Work", "Nowhere"]),
        "stranger": settings(box, password="wrong"),
        "away": settings(box, port=9),
    }
    blobs = BlobStore(tmp_path.as_uri())
    edge = Edge([Mail(name, given, blobs) for name, given in accounts.items()], kafka, kafka, print, pauses=QUICK)
    edge.start()
    wait(lambda: len(kafka.events) == 4)
    states = {"good/INBOX": "running", "good/Nowhere": "failing", "good/Work": "running"}
    states |= {"away/INBOX": "waiting", "stranger/INBOX": "failing"}
    wait(lambda: {each.name.removeprefix("mail/"): each.state for each in edge.health()} == states)
    assert [each.partition(":")[0] for each in edge.problems()] == ["mail/good/Nowhere", "mail/stranger/INBOX"]
    assert edge.stop()
    assert {each.state for each in edge.health()} == {"stopped"}
