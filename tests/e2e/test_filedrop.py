"""Files that are dropped, from the disk over real Kafka to the ticket store."""

from __future__ import annotations

import json
from mailbox import Maildir
from pathlib import Path

import pytest

from normalizer.cluster import Cluster
from tests.servers.whole import whole

pytestmark = pytest.mark.engine


def test_lines_and_mails_end_in_the_store(cluster: Cluster, tmp_path: Path) -> None:
    """A mail that answers another is in its conversation; a broken line stops no good one."""
    box, lines = Maildir(tmp_path / "maildir"), tmp_path / "lines"
    lines.mkdir()
    quick = {"poll_seconds": 0.1, "quiet_seconds": 0.2}
    channels = {
        "filedrop": {
            "mails": {"folder": str(tmp_path / "maildir"), "format": "maildir", **quick},
            "lines": {"folder": str(lines), "format": "jsonl", **quick},
        }
    }
    with whole(cluster, tmp_path, channels) as world:
        mail = b"From: ann@example.com\nMessage-ID: <1@a.example>\nSubject: Late\n\nWhere is it?\n"
        box.add(mail)
        box.add(mail.replace(b"<1@a.example>", b"<2@a.example>\nIn-Reply-To: <1@a.example>"))
        good = [
            json.dumps({"id": n, "email": "bo@example.com", "thread": "kiosk", "text": f"line {n}"}) for n in range(3)
        ]
        (lines / "a.jsonl").write_text("\n".join([*good[:2], "{ broken", good[2], ""]))
        account = world.settled(6)["filedrop"]
        tickets = {history.ticket.customer.address: history for history in world.tickets()}
        assert (account.accepted, account.adds_up) == (6, True)
        assert {name: len(history.messages) for name, history in tickets.items()} == {
            "ann@example.com": 2,
            "bo@example.com": 3,
        }
