"""Every stage keeps the contract of stages."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta

import pytest

from connectors._blobs import BlobStore
from connectors.mail import Mail
from normalizer.default_rules import POLICY
from normalizer.events import Contact, Fate, Origin, RawEvent, Routed, StatusChange, Threaded
from normalizer.tickets import ClosedPolicy
from normalizer.wire import decode, raw_headers
from sinks.memory import Memory
from streams._fate import told
from streams._record import Record
from streams._state import State
from streams.deliver import Deliver
from streams.ledger import Ledger
from streams.normalize import Normalize
from streams.route import Route
from streams.thread import Thread
from tests.conformance.stage import StageContract, WriterContract
from tests.unit.streams.samples import NOW, arrived, message, record

pytestmark = pytest.mark.slow

DEDUPE = timedelta(days=45)
MESSAGES = [
    message("m1", offset=0),
    message("m2", parents=["m1"], minutes=1, offset=1),
    message("other", "dan@d.example", minutes=2, offset=2),
    message("m1", minutes=3, offset=3),
    message("away", parents=["m1"], minutes=4, kind="auto_reply", offset=4),
]


def _threaded() -> list[Threaded]:
    stage = Thread()
    state = State(stage.tables)
    found = []
    for number, each in enumerate(MESSAGES):
        outputs = stage.decide(record(each, number), state)
        state.accept()
        found += [decode(Threaded, o.value, o.headers) for o in outputs if o.topic == Threaded.topic]
    return found


def _routed() -> list[Routed]:
    stage = Route(POLICY, ClosedPolicy())
    state = State(stage.tables)
    outputs = [output for each in _threaded() for output in stage.decide(record(each), state)]
    return [decode(Routed, o.value, o.headers) for o in outputs if o.topic == Routed.topic]


class TestNormalize(StageContract):
    """Raw mails."""

    def make(self) -> Normalize:
        """With the mail reader and a folder for the attachments."""
        return Normalize({"mail": Mail.read}, BlobStore(tempfile.mkdtemp()))

    def records(self) -> Sequence[Record]:
        """Two mails, one of them with an attachment."""
        return [self._raw(number, body) for number, body in enumerate((PLAIN, WITH_FILE))]

    @staticmethod
    def _raw(number: int, body: bytes) -> Record:
        raw = RawEvent(
            channel="mail",
            account="us",
            source_id=f"INBOX;1;{number}",
            body=body,
            content_type="message/rfc822",
            received_at=NOW,
        )
        return Record("raw.mail", 0, number, b"us", body, list(raw_headers(raw)))


class TestThread(StageContract):
    """A conversation, another one, a duplicate and an automatic reply."""

    def make(self) -> Thread:
        """With a memory that forgets."""
        return Thread(dedupe=DEDUPE)

    def records(self) -> Sequence[Record]:
        """The messages."""
        return [record(each, number) for number, each in enumerate(MESSAGES)]


class TestRoute(StageContract):
    """The same conversations, one of which is closed."""

    def make(self) -> Route:
        """With the rules that come with it, and a memory that forgets."""
        return Route(POLICY, ClosedPolicy(), DEDUPE)

    def records(self) -> Sequence[Record]:
        """The threaded messages, and a status change."""
        first = _routed()[0].ticket
        closed = StatusChange(
            ticket_id=first.id,
            conversation_id=first.conversation_id,
            customer_id=first.customer_id,
            status="closed",
            at=NOW,
        )
        return [record(each, number) for number, each in enumerate([*_threaded(), closed])]


class TestLedger(StageContract):
    """The fates of three records, one of which held two messages."""

    def make(self) -> Ledger:
        """As it is."""
        return Ledger()

    def records(self) -> Sequence[Record]:
        """A record of one message, one of two, one that a sink refused, and a dead letter."""
        cause = Record("raw.mail", 0, 0, None, b"")
        fates = [
            Fate(origin=Origin("raw.mail", 0, 0), outcome="routed", at=NOW, stage="route"),
            Fate(origin=Origin("raw.mail", 0, 1), outcome="routed", at=NOW, items=2, stage="route"),
            Fate(origin=Origin("raw.mail", 0, 1), outcome="duplicate", at=NOW, item=1, items=2, stage="thread"),
            Fate(origin=Origin("raw.mail", 0, 0), outcome="dead_lettered", at=NOW, stage="deliver.sqlite"),
            Fate(origin=Origin("raw.mail", 0, 2), outcome="dead_lettered", at=NOW, stage="normalize", reason="broken"),
        ]
        return [arrived(told(each, cause), number) for number, each in enumerate(fates)]


class TestDeliver(WriterContract):
    """Into a sink that remembers."""

    def make(self) -> Deliver:
        """With a sink of its own."""
        return Deliver(Memory())

    def records(self) -> Sequence[Record]:
        """The routed tickets."""
        return [record(each, number) for number, each in enumerate(_routed())]


CUSTOMER = Contact("email", "cara@c.example")
HEAD = b"From: %s\r\nTo: support@us.example\r\nMessage-ID: <%s@c.example>\r\nSubject: A question\r\n"
PLAIN = HEAD % (CUSTOMER.address.encode(), b"1") + b"\r\nHow do I do this?\r\n"
WITH_FILE = (
    HEAD % (CUSTOMER.address.encode(), b"2")
    + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
    + b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nabc\r\n--b--\r\n"
)
