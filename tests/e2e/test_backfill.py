"""A mailbox read again from a day on: killed in the middle, taken up, and everything that was known is a duplicate."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from normalizer.cluster import Cluster
from normalizer.wire import header
from ops import ledger, wiring
from ops.config import load
from tests.e2e.stages_at_work import at_work
from tests.servers.dovecot import PASSWORD, Mailbox
from tests.servers.mailsource import mail
from tests.servers.switchboard import BIN, Switchboard, environment
from tests.servers.topic import ends, records, wait

pytestmark = pytest.mark.engine
OLD, WANTED = 30, 200


def test_a_backfill_is_taken_up_after_kill_9(box: Mailbox, cluster: Cluster, tmp_path: Path) -> None:
    """Every mail since the day, none before it; the live place is not touched; the second time all are duplicates."""
    old, later = (datetime(year, 2, 1, tzinfo=UTC).timestamp() for year in (2023, 2024))
    box.deliver(*(mail(f"old{number}@e2e") for number in range(OLD)), received=old)
    box.deliver(*(mail(f"{number}@e2e") for number in range(WANTED)), received=later)
    account = (
        f'[channels.mail.support]\nhost = "{box.server.host}"\nport = {box.server.port}\ntls = "none"\n'
        f'user = "{box.user}"\npassword = "{PASSWORD}"\npage_size = 10\n'
    )
    with Switchboard(tmp_path, cluster, account) as board:
        arguments = ["backfill", "mail:support", "--since", "2024-01-01"]
        with (tmp_path / "backfill.log").open("wb") as log:
            process = subprocess.Popen(
                [BIN, "--config", board.config, *arguments, "--rate", "60"],
                stdout=log, stderr=log, env=environment(tmp_path),
            )  # fmt: skip
            board.wait(lambda: ends(cluster, "raw.mail") > 40)
            process.kill()
            process.wait()
        before = ends(cluster, "raw.mail")
        assert before < WANTED
        (done,) = board.json(*arguments)
        # The page that was in hand when it was killed, at most, comes twice.
        assert WANTED - before <= done["published"] <= WANTED - before + 10
        assert sorted(_uids(cluster)) == list(range(OLD + 1, OLD + WANTED + 1))
        assert board.json(*arguments) == [{"source": "mail/support/INBOX", "published": 0, "left_out": 0}]
        (again,) = board.json(*arguments, "--again")
        assert (again["published"], again["source"]) == (WANTED, "mail/support/INBOX")
        places = {each.key.decode() for each in records(cluster, "cursors")}
        assert places == {"mail/support/backfill 2024-01-01T00:00:00/INBOX"}
        config = load(board.config)
    every = ends(cluster, "raw.mail")
    with at_work(wiring.stages(config), cluster):
        wait(lambda: [account.in_flight for account in ledger.take(cluster, ["mail"])] == [0])
    (found,) = ledger.take(cluster, ["mail"])
    # Beyond the first sixty the one who wrote them all is a flood: kept, and nobody is woken.
    reached = found.routed + found.suppressed
    assert (reached, found.duplicate, found.adds_up) == (WANTED, every - WANTED, True)


def _uids(cluster: Cluster) -> set[int]:
    return {int((header(each.headers, "ce_subject") or "").rpartition(";")[2]) for each in records(cluster, "raw.mail")}
