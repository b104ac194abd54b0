"""The stages one after the other, without Kafka: what comes out does not depend on the order of arrival."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normalizer.default_rules import POLICY
from normalizer.errors import Rejected
from normalizer.events import Merged, Message, Origin, Routed, StatusChange
from normalizer.tickets import ClosedPolicy
from normalizer.wire import header
from streams._batch import Progress, decide
from streams._record import Record
from streams._state import State
from streams._window import CHUNK_IDS
from streams.route import Route
from streams.thread import Thread
from tests.unit.streams.line import Line
from tests.unit.streams.samples import NOW, arrived, message, record

C, D, S, US = "cara@c.example", "dan@d.example", "eve@e.example", "support@us.example"


def test_a_conversation_is_one_ticket_whose_revisions_count() -> None:
    """Each message makes the next revision."""
    line = Line()
    found = line.feed(message("m1"), message("m2", parents=["m1"], offset=1), message("m3", parents=["m2"], offset=2))
    assert [event.ticket.revision for event in found] == [1, 2, 3]
    assert len({event.ticket.id for event in found}) == 1
    assert [fate.outcome for fate in line.fates] == ["routed"] * 3


def test_a_redelivery_is_not_a_duplicate() -> None:
    """The same raw record again gives the same output again."""
    line = Line()
    first = line.feed(message("m1", offset=5))
    assert first == line.feed(message("m1", offset=5))
    assert [fate.outcome for fate in line.fates] == ["routed", "routed"]


def test_the_same_message_from_another_record_is_a_duplicate_of_the_first() -> None:
    """It reaches nobody twice, and its fate names which it was a copy of."""
    line = Line()
    line.feed(message("m1", offset=5))
    assert line.feed(message("m1", offset=9)) == []
    assert (line.fates[-1].outcome, "raw.mail/0/5" in line.fates[-1].reason) == ("duplicate", True)


def test_equal_text_is_no_duplicate() -> None:
    """People say the same thing twice and mean it."""
    line = Line()
    line.feed(message("m1", offset=1), message("m2", offset=2))
    assert [fate.outcome for fate in line.fates] == ["routed", "routed"]


def test_an_automatic_reply_joins_silently() -> None:
    """It is in the ticket, and it neither raises its priority nor opens it again."""
    line = Line()
    opened = line.feed(message("m1", text="urgent"))[0]
    line.change(_closing(opened))
    away = line.feed(message("a1", parents=["m1"], kind="auto_reply", minutes=5, offset=1))[0]
    assert (away.ticket.status, away.ticket.messages, away.suppressed) == ("closed", 2, "auto-reply")
    assert (line.fates[-1].outcome, line.fates[-1].reason) == ("suppressed", "auto-reply")


def test_a_change_that_comes_twice_does_not_undo_what_came_after_it() -> None:
    """A dead letter that is redriven once more: closed, opened again by a reply, and it stays open."""
    line = Line()
    opened = line.feed(message("m1"))[0]
    closed = line.change(_closing(opened))
    again = line.feed(message("m2", parents=["m1"], minutes=60, offset=1))[0]
    assert [len(closed), again.ticket.status, line.change(_closing(opened))] == [1, "open", []]


def test_a_reply_to_a_closed_ticket_reopens_it() -> None:
    """The default policy; the decision says so."""
    line = Line()
    opened = line.feed(message("m1"))[0]
    closed = line.change(_closing(opened))[0]
    again = line.feed(message("m2", parents=["m1"], minutes=60, offset=1))[0]
    assert [closed.ticket.status, again.ticket.status] == ["closed", "open"]
    assert opened.ticket.id == again.ticket.id
    assert "reopen" in [decision.rule for decision in again.decisions]


def test_after_long_enough_a_reply_opens_a_follow_up() -> None:
    """By policy, and the follow-up names the ticket it follows."""
    line = Line(ClosedPolicy(reply_to_closed="follow_up", follow_up_after_days=1))
    opened = line.feed(message("m1"))[0]
    line.change(_closing(opened))
    soon = line.feed(message("m2", parents=["m1"], minutes=30, offset=1))[0]
    assert opened.ticket.id == soon.ticket.id
    line.change(_closing(soon))
    late = line.feed(message("m3", parents=["m1"], minutes=3 * 24 * 60, offset=2))[0]
    assert (opened.ticket.id, 1) == (late.ticket.follows, late.ticket.revision)
    assert late.ticket.id != opened.ticket.id


def test_closing_twice_makes_one_revision() -> None:
    """Two agents press the button; the second changes nothing."""
    line = Line()
    opened = line.feed(message("m1"))[0]
    assert [len(line.change(_closing(opened))), len(line.change(_closing(opened)))] == [1, 0]


def test_a_late_parent_merges_two_tickets() -> None:
    """The one that ends says where it went, and the other has the messages of both."""
    line = Line()
    line.feed(message("m2", parents=["m1"], offset=1), message("d1", D, parents=["m1"], offset=2, to=[US]))
    line.feed(message("m1", to=[US, D], offset=3))
    board = line.board()
    assert [ticket[4] for ticket in board.values()] == [3]
    merged = [event.ticket for event in line.routed if event.ticket.status == "merged"]
    assert {*board} == {ticket.merged_into for ticket in merged}


def test_what_is_no_message_is_rejected_with_its_reason() -> None:
    """And the reason can be counted."""
    with pytest.raises(Rejected, match="expected here") as caught:
        Thread().decide(Record("messages.normalized", 0, 0, b"k", b"{}"), State(Thread.tables))
    assert caught.value.reason == "wrong-type"


@pytest.mark.parametrize("origin", [None, Origin("raw.mail", 0, 1 << 63), Origin("raw.mail", -1, 0)])
def test_a_message_of_no_raw_record_is_rejected(origin: Origin | None) -> None:
    """Somebody else wrote it: nothing could be said of its fate, nor remembered of it."""
    stranger = msgspec.structs.replace(message("m1"), origin=origin)
    with pytest.raises(Rejected, match="names no raw record: only the normalize stage may write it"):
        Thread().decide(record(stranger), State(Thread.tables))
    with pytest.raises(Rejected, match="names no raw record"):
        Thread().origin(record(stranger))


def test_a_number_over_64_bits_becomes_a_dead_letter() -> None:
    """Nobody of ours writes it, and nothing could be remembered of it; the stage goes on."""
    line = Line()
    (first,) = line.feed(message("m1"))
    ticket = first.ticket
    merged = Merged(
        conversation_id=ticket.conversation_id, customer_id=ticket.customer_id, into_conversation_id="c2",
        into_customer_id=ticket.customer_id, into_customer=ticket.customer, sequence=1 << 70,
    )  # fmt: skip
    before = line.tickets.snapshot()
    letter, *_ = asyncio.run(decide(line.route, [([record(merged)], line.tickets)], Progress()))
    assert letter.topic == "dead.letters"
    assert dict(letter.headers)["sb_reason"] == b"out-of-range"
    assert b"holds or leads to a number over 64 bits or an impossible date (" in dict(letter.headers)["sb_error"]
    assert line.tickets.snapshot() == before


def test_within_its_days_a_duplicate_is_known_and_long_after_them_it_is_a_message() -> None:
    """The days are those of the input, and the ticket of old goes on with it."""
    days = 24 * 3_600_000
    thread, route = Thread(dedupe=timedelta(days=45)), Route(POLICY, ClosedPolicy(), timedelta(days=45))
    threads, tickets = State(thread.tables), State(route.tables)

    def feed(name: str, day: int, offset: int) -> list[str]:
        stood = msgspec.structs.replace(record(message(name, offset=offset), offset), timestamp=day * days)
        given = thread.decide(stood, threads)
        threads.accept()
        for each in [each for each in given if each.topic == "messages.threaded"]:
            given = route.decide(msgspec.structs.replace(arrived(each, offset), timestamp=day * days), tickets)
            tickets.accept()
        return [output.topic for output in given]

    first = feed("m1", 0, 0)
    assert first == ["tickets.routed", "fates"]
    for offset in range(1, 2 * CHUNK_IDS):
        feed(f"other-{offset}", 1, offset)
    assert feed("m1", 44, 1000) == ["fates"]
    for offset in range(2 * CHUNK_IDS, 5 * CHUNK_IDS):
        feed(f"other-{offset}", 47, offset)
    assert feed("m1", 47, 1001) == first
    assert all(len(state.snapshot()[f"{name}.queue"]) < 6 for name, state in (("seen", threads), ("applied", tickets)))


def test_the_trace_goes_on() -> None:
    """Every output carries the trace of the record that caused it."""
    found = record(message("m1"))
    traced = Record(found.topic, 0, 0, found.key, found.value, (*found.headers, ("traceparent", b"00-a-b-01")))
    outputs = Thread().decide(traced, State(Thread.tables))
    assert [header(output.headers, "traceparent") for output in outputs] == ["00-a-b-01"]


@settings(max_examples=60)
@given(st.permutations(range(7)))
def test_the_order_of_arrival_does_not_change_the_board(order: list[int]) -> None:
    """Every order of the same mails ends with the same tickets: status, priority, queue, subject, times and all."""
    mails = [
        message("m1", to=[US, D], text="please help", minutes=1),
        message("m2", US, parents=["m1"], to=[C], minutes=2, subject="Re: A question"),
        message("m3", parents=["m2"], text="this is urgent", minutes=3, subject="Re: A question"),
        message("d1", D, parents=["m3"], minutes=4, to=[US, C]),
        message("s1", S, parents=["m1"], minutes=5, subject="Invoice", text="your invoice"),
        message("a1", parents=["m2"], kind="auto_reply", minutes=6, subject="Away"),
        message("x1", D, minutes=7, subject="Something else"),
    ]
    mails = [_at(mail, offset) for offset, mail in enumerate(mails)]
    straight, shuffled = Line(), Line()
    straight.feed(*mails)
    shuffled.feed(*(mails[i] for i in order))
    assert straight.board() == shuffled.board()


def _at(mail: Message, offset: int) -> Message:
    return message(
        mail.source_id, mail.sender.address, parents=mail.refs.parents, to=[c.address for c in mail.to],
        minutes=int((mail.received_at - NOW) / timedelta(minutes=1)), subject=mail.subject, text=mail.text,
        kind=mail.kind, offset=offset,
    )  # fmt: skip


def _closing(event: Routed) -> StatusChange:
    ticket = event.ticket
    at = ticket.updated_at + timedelta(minutes=1)
    return StatusChange(
        ticket_id=ticket.id,
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id,
        status="closed",
        at=at,
    )
