"""A mailbox against what was accepted of it, on a real Kafka and Dovecot, by the command that ops run."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from connectors._publisher import Publisher
from connectors.mail import Mail
from normalizer.cluster import Cluster
from ops import wiring
from ops.config import load
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.mailsource import mail
from tests.servers.switchboard import Switchboard
from tests.servers.topic import records

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]
HOUR = 3600


@pytest.fixture
def board(tmp_path: Path, cluster: Cluster, dovecot: Dovecot) -> Iterator[Switchboard]:
    """A mailbox of six mails that came an hour ago and one of now; of the six a connector has skipped two."""
    box = dovecot.mailbox()
    box.deliver(*(mail(f"m{number}") for number in range(6)), received=time.time() - HOUR)
    box.deliver(mail("now"))
    account = (
        f'[channels.mail.support]\nhost = "{dovecot.host}"\nport = {dovecot.port}\ntls = "none"\n'
        f'user = "{box.user}"\npassword = "{PASSWORD}"\n[channels.webform.site]\n'
    )
    with Switchboard(tmp_path, cluster, account) as found:
        [connector] = wiring.connectors(load(found.config), "mail")
        assert isinstance(connector, Mail)
        since = datetime.now(UTC) - timedelta(hours=2)
        pages = connector.recount("INBOX", since, lambda _: False, Event())
        publisher = Publisher(cluster)
        publisher.publish(
            [raw for page in pages for raw in page.events if raw.attributes["uid"] in {"1", "3", "4", "6"}]
        )
        publisher.close()
        yield found


def test_gaps_are_named_and_then_closed(board: Switchboard, cluster: Cluster) -> None:
    """Status 1 with their names; with --repair they are published, once; accounts without a list are left out."""
    told = board.command("reconcile", "--json", check=False)
    [count] = map(json.loads, told.stdout.splitlines())
    assert told.returncode == 1
    assert [gap.rpartition(";")[2] for gap in count["gaps"]] == ["2", "5"]
    assert (count["listed"], count["recent"], count["repaired"]) == (7, 1, 0)
    [line] = [each for each in board.json("channels") if each["source"] == "reconcile"]
    assert (line["state"], line["detail"]) == ("failing", "2 items of the source were never accepted")

    [repaired] = board.json("reconcile", "mail:support", "--repair")
    assert (len(repaired["gaps"]), repaired["repaired"]) == (2, 2)
    [again] = board.json("reconcile", "mail", "--since", "3h", "--repair")
    assert (again["listed"], again["gaps"]) == (7, [])
    uids = sorted(dict(record.headers)["ce_sbuid"] for record in records(cluster, "raw.mail"))
    assert uids == [b"1", b"2", b"3", b"4", b"5", b"6"]


def test_a_source_that_does_not_answer_is_told(board: Switchboard) -> None:
    """What could not be looked at is no success."""
    board.config.write_text(board.config.read_text().replace(f'password = "{PASSWORD}"', 'password = "another"'))
    told = board.command("reconcile", "mail", "--json", check=False)
    [count] = map(json.loads, told.stdout.splitlines())
    assert (told.returncode, "password" in count["problem"]) == (1, True)


def test_accounts_without_a_list_cannot_be_counted(board: Switchboard) -> None:
    """Whoever asks for one is told."""
    told = board.command("reconcile", "webform", check=False)
    assert (told.returncode, "has a source that can be counted again" in told.stderr) == (2, True)
