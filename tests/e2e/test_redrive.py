"""Dead letters sent again, on a real Kafka: each says what became of it, and however often, it is one message."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from connectors._publisher import Publisher, Record
from normalizer.cluster import DEAD_LETTERS, Cluster
from normalizer.errors import Rejected
from normalizer.events import StatusChange
from normalizer.wire import encode, headers
from ops import dead_letters, ledger, wiring
from ops.config import Config
from ops.outcomes import Outcome
from ops.redrive import redrive
from ops.status import stage_status
from sinks._tickets import Tickets
from sinks.sqlite import Sqlite
from streams._record import Output
from streams._record import Record as Taken
from streams._stage import Source, Stage
from streams._state import State
from streams.deliver import Deliver
from tests.e2e.stages_at_work import AT, accepted, at_work, configured, mail
from tests.servers.topic import wait

pytestmark = pytest.mark.engine


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
    return configured(cluster, tmp_path)


def sent_again(cluster: Cluster, letters: Sequence[dead_letters.DeadLetter]) -> list[Outcome]:
    """The outcomes of a redrive."""
    return list(redrive(cluster, letters, 60, _untold))


def test_a_letter_of_any_stage_is_redriven_to_its_outcome_and_never_twice(config: Config, cluster: Cluster) -> None:
    """By two people at once, and once more: one message each, and the ledger adds up."""
    normalize, thread, route, *_ = cast("list[Stage]", wiring.stages(config))
    older = [Older(normalize, b"at-normalize"), Older(thread, b"at-thread"), Older(route, b"at-route")]
    subjects = ["at-deliver", "at-normalize", "at-route", "at-thread"]
    accepted(cluster, *(mail(number, subject) for number, subject in enumerate(subjects)))
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
    assert _subjects(config) == subjects
    (account,) = ledger.take(cluster, ["mail"])
    told = (account.accepted, account.routed, account.duplicate, account.dead_lettered, account.adds_up)
    assert told == (4 + 3, 4, 2, 1, True)


def test_a_letter_is_set_aside_again_or_left_in_flight(config: Config, cluster: Cluster) -> None:
    """The cause was not mended, or nobody works; then the next redrive finds the new letter."""
    stages = wiring.stages(config)
    accepted(cluster, mail(1, "one"), mail(2, "two"))
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


def test_what_has_no_fate_is_taken(config: Config, cluster: Cluster) -> None:
    """A change of a ticket: its stage has committed it, and did not set it aside again."""
    asked = StatusChange(ticket_id="t", conversation_id="v", customer_id="c", status="closed", at=AT)
    publisher = Publisher(cluster)
    head = headers(asked, ce_id="1", source="/test", time=AT)
    publisher.write([Record(asked.topic, b"c", encode(asked), head)])
    publisher.close()
    route = cast("Stage", wiring.stage(config, "route"))
    with at_work([Older(route, b"")], cluster):
        wait(lambda: len(dead_letters.waiting(cluster)) == 1)
    with at_work([route], cluster):
        assert [outcome.became for outcome in sent_again(cluster, dead_letters.waiting(cluster))] == ["taken"]


@pytest.mark.usefixtures("config")
def test_what_cannot_be_sent_is_told_and_stops_no_other(cluster: Cluster) -> None:
    """A record of which only the first part is here, one that no stage wrote, and one whose topic is gone."""
    publisher = Publisher(cluster)
    cut = [("sb_stage", b"normalize"), ("sb_reason", b"large"), ("sb_topic", b"raw.mail"), ("sb_size", b"9")]
    gone = [("sb_stage", b"normalize"), ("sb_reason", b"bad"), ("sb_topic", b"raw.gone")]
    letters = [(b"12", cut), (b"?", []), (b"3", gone)]
    publisher.write([Record(DEAD_LETTERS, b"k", value, head) for value, head in letters])
    publisher.close()
    found = sent_again(cluster, dead_letters.waiting(cluster))
    assert [(outcome.was, outcome.became, outcome.reason.partition(":")[0]) for outcome in found] == [
        ("large", "not_sent", "only the first part of the record is here"),
        ("no-letter", "not_sent", "no stage wrote this record here"),
        ("bad", "not_sent", "there is no topic raw.gone any more"),
    ]
    assert len(dead_letters.waiting(cluster)) == 3


def _untold(done: int, total: int) -> None:
    assert done <= total


def _subjects(config: Config) -> list[str]:
    with Tickets(config.store.path) as store:
        found = [store.ticket(ticket.id) for ticket in store.list_tickets(limit=100)]
    return sorted(each.message.subject for history in found for each in history.messages)
