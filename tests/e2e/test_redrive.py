"""Dead letters sent again, on a real Kafka: each says what became of it, and however often, it is one message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from connectors._publisher import Publisher, Record
from normalizer.cluster import DEAD_LETTERS, Cluster
from normalizer.errors import Rejected
from normalizer.events import RawEvent, Routed, StatusChange
from normalizer.wire import decode, encode, headers
from ops import dead_letters, ledger, wiring
from ops.config import BlobSettings, Config, Store
from ops.outcomes import Outcome
from ops.redrive import redrive
from ops.status import stage_status
from sinks._tickets import Tickets
from sinks.sqlite import Sqlite
from streams._record import Output
from streams._record import Record as Taken
from streams._run import run
from streams._stage import Processor, Source, Stage
from streams._state import State
from streams.deliver import Deliver
from tests.servers.topic import ends, records, wait

pytestmark = pytest.mark.engine
MAIL = (
    b"From: Ada <ada@calc.example>\r\nTo: us@us.example\r\nMessage-ID: <%d@e2e>\r\nSubject: %s\r\n\r\nIt is wrong.\r\n"
)


class Older(Stage):
    """A stage as it was before it could read some of what it reads today: all that holds its `word`."""

    def __init__(self, today: Stage, word: bytes) -> None:
        self.name = today.name  # type: ignore[misc]  # it stands in for each stage in turn
        self.inputs = today.inputs
        self.tables = today.tables  # type: ignore[misc]  # as above
        self.today = today
        self.word = word

    def decide(self, record: Taken, state: State) -> Sequence[Output]:
        """Reject, or decide as today."""
        if self.word in record.value:
            raise Rejected("not-yet", "this version cannot read it: upgrade, then redrive")
        return self.today.decide(record, state)

    def origin(self, record: Taken) -> Source | None:
        """That of the stage of today."""
        return self.today.origin(record)


class OlderDeliver(Deliver):
    """The same of the last stage."""

    def write(self, records: Sequence[Taken]) -> Sequence[Sequence[Output] | Rejected]:
        """Refuse, or write as today."""
        refused = Rejected("not-yet", "this version cannot write it: upgrade, then redrive")
        return [refused if b"at-deliver" in record.value else super().write([record])[0] for record in records]


@pytest.fixture
def config(cluster: Cluster, tmp_path: Path) -> Config:
    """A configuration with a store of this test's own, on declared topics."""
    blobs = BlobSettings(url=(tmp_path / "blobs").as_uri())
    found = Config(kafka=cluster, store=Store(path=str(tmp_path / "tickets.db")), blobs=blobs)
    wiring.declare_topics(found, cluster)
    return found


@contextmanager
def at_work(stages: Sequence[Processor], cluster: Cluster) -> Iterator[None]:
    """These stages, until the block ends."""
    stop, ready = Event(), Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run, stages, cluster, ready=lambda _: ready.set(), stop=stop)
        try:
            while not ready.wait(0.1):
                assert not running.done(), running.result()
            yield
        finally:
            stop.set()
            assert running.result() == 0


def accepted(cluster: Cluster, *subjects: str) -> None:
    """Mails as a connector would have published them."""
    publisher = Publisher(cluster)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    publisher.publish(
        [
            RawEvent(channel="mail", account="us", source_id=f"INBOX;1;{number}", content_type="message/rfc822",
                     body=MAIL % (number, subject.encode()), received_at=at)
            for number, subject in enumerate(subjects)
        ]
    )  # fmt: skip
    publisher.close()


def sent_again(cluster: Cluster, letters: Sequence[dead_letters.DeadLetter]) -> list[Outcome]:
    """The outcomes of a redrive."""
    return list(redrive(cluster, letters, 60, _untold))


def test_a_letter_of_any_stage_is_redriven_to_its_outcome_and_never_twice(config: Config, cluster: Cluster) -> None:
    """By two people at once, and once more: one message each, and the ledger adds up."""
    normalize, thread, route, _ = cast("list[Stage]", wiring.stages(config))
    older = [Older(normalize, b"at-normalize"), Older(thread, b"at-thread"), Older(route, b"at-route")]
    accepted(cluster, "at-normalize", "at-thread", "at-route", "at-deliver")
    with at_work([*older, OlderDeliver(Sqlite(Path(config.store.path)))], cluster):
        wait(lambda: len(dead_letters.waiting(cluster)) == 4)
    letters = dead_letters.waiting(cluster)
    stages = ["deliver.sqlite", "normalize", "route", "thread"]
    assert sorted((each.stage, each.reason, each.channel) for each in letters) == [
        (s, "not-yet", "mail") for s in stages
    ]
    with at_work(wiring.stages(config), cluster), ThreadPoolExecutor(2) as people:
        both = [people.submit(sent_again, cluster, letters) for _ in range(2)]
        found = [each for done in both for each in done.result()]
        assert dead_letters.waiting(cluster) == []
        found += sent_again(cluster, letters)
        wait(lambda: not any(stage.lag for stage in stage_status(cluster, wiring.stages(config))))
    was = {letter.id: letter.stage for letter in letters}
    became = sorted((was[outcome.letter], outcome.became) for outcome in found)
    twice = [("normalize", "duplicate"), ("normalize", "duplicate"), ("normalize", "routed")]
    assert became == [("deliver.sqlite", "routed")] * 3 + twice + [("route", "routed")] * 3 + [("thread", "routed")] * 3
    assert _subjects(config) == ["at-deliver", "at-normalize", "at-route", "at-thread"]
    (account,) = ledger.take(cluster, ["mail"])
    told = (account.accepted, account.routed, account.duplicate, account.dead_lettered, account.adds_up)
    assert told == (4 + 3, 4, 2, 1, True)


def test_a_letter_is_set_aside_again_or_left_in_flight(config: Config, cluster: Cluster) -> None:
    """The cause was not mended, or nobody works; then the next redrive finds the new letter."""
    stages = wiring.stages(config)
    accepted(cluster, "one", "two")
    with at_work([Older(cast("Stage", stages[0]), b"")], cluster):
        wait(lambda: len(dead_letters.waiting(cluster)) == 2)
        found = sent_again(cluster, dead_letters.waiting(cluster))
    assert [(outcome.was, outcome.became, outcome.reason, outcome.well) for outcome in found] == [
        ("not-yet", "dead_lettered", "not-yet", False)
    ] * 2
    again = dead_letters.waiting(cluster)
    assert len(again) == 2
    (left, *_) = redrive(cluster, again[:1], 0.1, _untold)
    assert (left.became, left.well) == ("in_flight", False)


def test_a_change_that_is_sent_twice_does_not_undo_what_came_after_it(config: Config, cluster: Cluster) -> None:
    """Closed, opened again by an answer, and the letter of the closing is redriven once more: it stays open."""
    stages = wiring.stages(config)
    accepted(cluster, "one")
    with at_work(stages, cluster):
        wait(lambda: ends(cluster, Routed.topic) == 1)
    (routed,) = [decode(Routed, each.value, each.headers) for each in records(cluster, Routed.topic)]
    ticket, now = routed.ticket, datetime.now(UTC)
    asked = StatusChange(ticket_id=ticket.id, conversation_id=ticket.conversation_id, customer_id=ticket.customer_id,
                         status="closed", at=now)  # fmt: skip
    publisher = Publisher(cluster)
    head = headers(asked, ce_id="1", source="/test", time=now)
    publisher.write([Record(asked.topic, asked.customer_id.encode(), encode(asked), head)])
    with at_work([Older(cast("Stage", stages[2]), b"")], cluster):
        wait(lambda: len(dead_letters.waiting(cluster)) == 1)
    letters = dead_letters.waiting(cluster)
    with at_work(wiring.stages(config), cluster):
        assert [outcome.became for outcome in sent_again(cluster, letters)] == ["taken"]
        opened = StatusChange(ticket_id=ticket.id, conversation_id=ticket.conversation_id,
                              customer_id=ticket.customer_id, status="open", at=datetime.now(UTC))  # fmt: skip
        head = headers(opened, ce_id="2", source="/test", time=opened.at)
        publisher.write([Record(opened.topic, opened.customer_id.encode(), encode(opened), head)])
        wait(lambda: ends(cluster, Routed.topic) == 3)
        assert [outcome.became for outcome in sent_again(cluster, letters)] == ["taken"]
    publisher.close()
    last = max((decode(Routed, e.value, e.headers).ticket for e in records(cluster, Routed.topic)),
               key=lambda each: each.revision)  # fmt: skip
    assert (last.status, last.revision) == ("open", 3)


@pytest.mark.usefixtures("config")
def test_what_cannot_be_sent_is_told_and_stops_no_other(cluster: Cluster) -> None:
    """A record of which only the first part is here, and one that no stage wrote."""
    publisher = Publisher(cluster)
    cut = [("sb_stage", b"normalize"), ("sb_reason", b"large"), ("sb_topic", b"raw.mail"), ("sb_size", b"9")]
    publisher.write([Record(DEAD_LETTERS, b"k", b"12", cut), Record(DEAD_LETTERS, b"k", b"?", [])])
    publisher.close()
    found = sent_again(cluster, dead_letters.waiting(cluster))
    assert [(outcome.was, outcome.became) for outcome in found] == [("large", "not_sent"), ("no-letter", "not_sent")]
    assert len(dead_letters.waiting(cluster)) == 2


def _untold(done: int, total: int) -> None:
    assert done <= total


def _subjects(config: Config) -> list[str]:
    with Tickets(config.store.path) as store:
        found = [store.ticket(ticket.id) for ticket in store.list_tickets(limit=100)]
    return sorted(each.message.subject for history in found for each in history.messages)
