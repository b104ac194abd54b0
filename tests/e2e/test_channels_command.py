"""`switchboard channels` from a machine that runs nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors._cursors import Cursors
from connectors._publisher import Publisher
from connectors._status import Status, health_records
from normalizer.cluster import Cluster
from normalizer.events import RawEvent
from tests.servers.switchboard import Switchboard

pytestmark = pytest.mark.engine

MAIL = '[channels.mail.main]\nhost = "127.0.0.1"\nuser = "u"\npassword = "p"\n'


def test_what_edges_report_is_shown_with_positions_and_what_waits(tmp_path: Path, cluster: Cluster) -> None:
    """One account that runs elsewhere, with its warning and its place; one that nobody has ever run."""
    with Switchboard(tmp_path, cluster, f"{MAIL}[channels.webform.site]\n") as board:
        publisher = Publisher(cluster)
        event = RawEvent(
            channel="mail", account="main", source_id="INBOX;1;42", body=b"x", content_type="message/rfc822",
            received_at=datetime.now(UTC),
        )  # fmt: skip
        publisher.publish([event])
        Cursors(cluster, publisher, [("mail", "main")]).save("mail", "main", "INBOX", {"uidvalidity": 1, "uid": 42})
        status = Status("mail/main/INBOX", lambda: ("The password ends on Friday: set a new one.",))
        status.stored(1, behind=7)
        publisher.write(health_records([status.health("edge-1:4711")]))
        publisher.close()
        mail, form = board.json("channels")
        text = board.command("channels").stdout
    assert (mail["channel"], mail["account"], mail["source"], mail["state"]) == ("mail", "main", "INBOX", "running")
    assert (mail["behind"], mail["waiting"], mail["rate"], mail["edge"]) == (7, 1, 1.0, "edge-1:4711")
    assert (mail["cursor"], mail["warning"]) == ("uidvalidity=1 uid=42", "The password ends on Friday: set a new one.")
    assert mail["looked_at"] == mail["last_received_at"]
    assert (form["name"], form["state"], form["waiting"]) == ("webform/site", "never ran", 0)
    assert "edge-1:4711" in text
    assert "never ran" in text
