"""The whole way on real servers: from SMTP and HTTP to the ticket store, by the processes that ops run."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # as above

from connectors._publisher import Publisher, Record
from normalizer.cluster import Cluster
from ops.engine.greenmail import GreenMail
from ops.engine.java import free_ports
from tests.servers.switchboard import Switchboard

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


class World:
    """A Switchboard with a mailbox and a web form, and what customers do to them."""

    def __init__(self, board: Switchboard, greenmail: GreenMail, address: str, port: int) -> None:
        self.board, self.greenmail, self.address, self.port = board, greenmail, address, port

    def mail(self, name: str, sender: str, subject: str, text: str, *parents: str) -> EmailMessage:
        """Send a mail over SMTP."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = sender, self.address, subject, f"<{name}>"
        if parents:
            mail["References"] = " ".join(f"<{parent}>" for parent in parents)
        mail.set_content(text)
        self.send(mail)
        return mail

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail in."""
        with smtplib.SMTP("127.0.0.1", self.greenmail.smtp_port) as server:
            server.send_message(mail)

    def settled(self, accepted: int) -> list[dict[str, object]]:
        """The ledger once so many records have found their fate."""
        self.board.wait(lambda: self._fates() >= accepted)
        return self.board.json("ledger")

    def _fates(self) -> int:
        return sum(account["accepted"] - account["in_flight"] for account in self.board.json("ledger", check=False))


@pytest.fixture
def world(tmp_path: Path, cluster: Cluster, greenmail: GreenMail) -> Iterator[World]:
    """Everything runs, and one mail was there before."""
    address, port = f"u{uuid4().hex[:8]}@us.example", free_ports(1)[0]
    channels = (
        f'[channels.mail.support]\nhost = "127.0.0.1"\nport = {greenmail.imap_port}\ntls = "none"\n'
        f'user = "{address}"\npassword = "{address}"\npoll_seconds = 1\n[channels.webform.site]\n'
    )
    with Switchboard(tmp_path, cluster, channels, http_port=port) as board:
        found = World(board, greenmail, address, port)
        found.mail("first@e2e", "Ada <ada@calc.example>", "Cannot log in", "Please help, this is urgent.")
        board.start_all()
        yield found


def test_mail_and_a_web_form_travel_all_the_way(world: World, cluster: Cluster) -> None:
    """Threads, a copy, an automatic reply, a form and a broken record: everything is where it belongs."""
    again = world.mail("second@e2e", "Ada <ada@calc.example>", "Re: Cannot log in", "Solved!\n\n> old", "first@e2e")
    world.send(again)
    away = EmailMessage()
    away["From"], away["To"], away["Subject"] = "sam@reed.example", world.address, "Away"
    away["Message-ID"], away["Auto-Submitted"] = "<away@e2e>", "auto-replied"
    away.set_content("I am away.")
    world.send(away)
    publisher = Publisher(cluster)
    publisher.write([Record("raw.mail", b"k", b"From: half", [])])
    publisher.close()
    form = {"name": "Noor", "email": "noor@delta.example", "subject": "Bill", "message": "My invoice is wrong."}
    world.board.wait(lambda: _answers(world.port))
    answer = httpx.post(f"http://127.0.0.1:{world.port}/webform/site", json=form)
    assert answer.status_code == 202

    ledger = {account["channel"]: account for account in world.settled(6)}
    mail = ledger["mail"]
    assert tuple(
        mail[name] for name in ("accepted", "routed", "duplicate", "suppressed", "dead_lettered", "in_flight")
    ) == (5, 2, 1, 1, 1, 0)
    assert (ledger["webform"]["accepted"], ledger["webform"]["routed"]) == (1, 1)
    world.board.wait(lambda: len(world.board.json("tickets", "list")) == 3)
    tickets = {ticket["subject"]: ticket for ticket in world.board.json("tickets", "list")}
    ada = tickets["Cannot log in"]
    assert (ada["messages"], ada["priority"], ada["status"]) == (2, "urgent", "open")
    assert (tickets["Bill"]["channel"], tickets["Bill"]["queue"]) == ("webform", "billing")
    assert tickets["Away"]["status"] == "suppressed"

    shown = world.board.command("tickets", "show", ada["id"][:8]).stdout
    assert "Solved!" in shown
    assert "refers to first@e2e" in shown
    assert [ada["id"]] == [hit["ticket"]["id"] for hit in world.board.json("tickets", "search", "solv")]

    world.board.command("tickets", "close", ada["id"])
    world.board.wait(lambda: world.board.json("tickets", "show", ada["id"])[0]["ticket"]["status"] == "closed")
    world.mail("third@e2e", "Ada <ada@calc.example>", "Re: Cannot log in", "Not solved.", "first@e2e", "second@e2e")
    world.board.wait(lambda: world.board.json("tickets", "show", ada["id"])[0]["ticket"]["status"] == "open")

    dead = world.board.json("dead-letters", "list")
    assert [(letter["stage"], letter["reason"]) for letter in dead] == [("normalize", "broken-raw-record")]
    assert world.board.command("dead-letters", "show", dead[0]["id"], "--raw").stdout.encode() == b"From: half"
    world.board.command("dead-letters", "download", str(world.board.folder / "letters"))
    letters = sorted(path.name for path in (world.board.folder / "letters").iterdir())
    assert letters == [f"{dead[0]['id']}.bin", f"{dead[0]['id']}.letter.json"]
    redriven = world.board.json("dead-letters", "redrive", "--all", "--reason", "broken-raw-record", check=False)
    assert [(each["was"], each["became"]) for each in redriven] == [("broken-raw-record", "dead_lettered")]
    (group,) = world.board.json("dead-letters", "groups")
    assert (group["count"], group["example"] != dead[0]["id"]) == (1, True)  # it is still broken, and a new letter
    assert {"running"} == {line["source"]["state"] for line in world.board.json("status") if "source" in line}
    assert world.board.command("topics", "drift").returncode == 0
    assert world.board.command("doctor").returncode == 0


def test_a_ledger_that_does_not_add_up_names_what_is_missing(world: World, cluster: Cluster) -> None:
    """A record that a stage lost is found: here the group is moved past it by hand."""
    world.settled(1)
    for name in ("stage", "connector"):
        world.board.processes[name].terminate()
        world.board.processes[name].wait(30)
    publisher = Publisher(cluster)
    publisher.write([Record("raw.webform", b"k", b"never read", [])])
    publisher.close()
    _skip_to_the_end(cluster, "raw.webform")
    world.board.wait(lambda: world.board.command("ledger", check=False).returncode == 1)
    missing = [name for account in world.board.json("ledger", check=False) for name in account["missing"]]
    assert [name.startswith("raw.webform/") for name in missing] == [True]


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _skip_to_the_end(cluster: Cluster, topic: str) -> None:
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers)
    places = [TopicPartition(cluster.named(topic), n) for n in range(cluster.partitions)]
    ends = consumer.end_offsets(places)
    consumer.close()
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    admin.alter_group_offsets(
        cluster.named("normalize"), {place: OffsetAndMetadata(end, "", -1) for place, end in ends.items()}
    )
    admin.close()
