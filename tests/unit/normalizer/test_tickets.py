"""What a message does to its ticket: sums, minima and maxima, so that no order shows in the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer import ids
from normalizer.events import Absorbed, Contact, Merged, Message, StatusChange, Ticket
from normalizer.tickets import (
    MOST_RELATED,
    ClosedPolicy,
    TicketState,
    Verdict,
    absorbed,
    changed,
    ended,
    joined,
    opened,
    opens_follow_up,
    passed_on,
    when,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CARA = Contact("email", "cara@c.example")
Part = tuple[Message, Verdict, str, tuple[str, ...]]


def message(number: int = 0, *, minutes: int = 0, sent: datetime | None = None) -> Message:
    """Message `number`, received `minutes` after noon."""
    return Message(
        id=f"m{number}", channel="mail", account="us", source_id=f"{number}", sender=CARA, sent_at=sent,
        received_at=NOW + timedelta(minutes=minutes), subject=f"Subject {number}",
    )  # fmt: skip


def ticket(
    part: Message | None = None,
    verdict: Verdict | None = None,
    *,
    conversation: str = "a",
    name: str = "",
    related_to: tuple[str, ...] = (),
    follows: TicketState | None = None,
) -> TicketState:
    """A ticket of one message."""
    return opened(
        part or message(), verdict or Verdict("normal", "general"), conversation_id=conversation,
        customer_id="cara", customer=Contact("email", CARA.address, name), related_to=related_to, follows=follows,
    )  # fmt: skip


def status(state: TicketState, to: str, minutes: int = 60) -> TicketState:
    """Somebody opens or closes a ticket, `minutes` after noon."""
    at = NOW + timedelta(minutes=minutes)
    return changed(
        state,
        StatusChange(ticket_id="", conversation_id="a", customer_id="cara", status=to, at=at),  # type: ignore[arg-type]  # a status
    )


def merge(conversation: str, into: str, sequence: int = 1) -> Merged:
    """Conversation by conversation, all of one customer."""
    return Merged(
        conversation_id=conversation, customer_id="cara", into_conversation_id=into, into_customer_id="cara",
        into_customer=CARA, sequence=sequence,
    )  # fmt: skip


def brings(state: TicketState, into: str = "b", sequence: int = 1) -> Absorbed:
    """What a ticket brings to the conversation that it is merged into."""
    return Absorbed(
        ticket=state.ticket, lead=state.lead, closed_at=state.closed_at, into_conversation_id=into,
        into_customer_id="cara", into_customer=CARA, sequence=sequence,
    )  # fmt: skip


def said(state: TicketState) -> tuple[Ticket, object, object]:
    """A state without the count of arrivals."""
    return msgspec.structs.replace(state.ticket, revision=0), state.lead, state.closed_at


SUPPRESSED = Verdict("urgent", "robots", "auto-reply")
VERDICTS = st.builds(
    Verdict,
    st.sampled_from(["low", "normal", "high", "urgent"]),
    st.sampled_from(["general", "billing"]),
    st.sampled_from(["", "", "auto-reply", "bounce"]),
)
PARTS = st.lists(
    st.tuples(
        st.integers(0, 5).map(lambda minutes: message(minutes=minutes)),
        VERDICTS,
        st.sampled_from(["", "Cara", "Cara C"]),
        st.sets(st.sampled_from(["a", "x", "y", "z"]), max_size=2).map(lambda found: tuple(sorted(found))),
    ),
    min_size=1,
    max_size=7,
).map(
    lambda parts: [
        (msgspec.structs.replace(p, id=f"m{i}", subject=f"S{i}"), *rest) for i, (p, *rest) in enumerate(parts)
    ]
)


def together(parts: Sequence[Part], conversation: str = "a") -> TicketState:
    """All parts in one ticket, in this order."""
    ones = [
        ticket(part, verdict, conversation=conversation, name=name, related_to=tuple(c for c in related if c != "a"))
        for part, verdict, name, related in parts
    ]
    return reduce(joined, ones)


@given(PARTS, st.randoms(use_true_random=False))
def test_the_order_of_messages_does_not_matter(parts: list[Part], order: Random) -> None:
    """Any order ends with the same ticket: status, priority, queue, subject, times, name and all."""
    shuffled = list(parts)
    order.shuffle(shuffled)
    assert said(together(parts)) == said(together(shuffled))
    assert (len(parts), len(parts)) == (together(parts).ticket.revision, together(parts).ticket.messages)


@given(PARTS, st.data(), st.randoms(use_true_random=False))
def test_merging_tickets_is_the_same_as_one_ticket(parts: list[Part], data: Any, order: Random) -> None:
    """However the messages were spread over tickets, in whatever order these come together and whether any was first."""
    of = data.draw(st.lists(st.integers(0, 3), min_size=len(parts), max_size=len(parts)))
    groups = [[part for part, group in zip(parts, of, strict=True) if group == number] for number in range(4)]
    steps: list[Callable[[TicketState | None], TicketState]] = []
    for number, group in enumerate(groups):
        if group and number:
            other = brings(together(group, f"other {number}"), "a")
            steps.append(lambda state, other=other: absorbed(state, other))  # type: ignore[misc]  # bound at once
    for part in groups[0]:
        one = together([part])
        steps.append(lambda state, one=one: joined(state, one) if state else one)  # type: ignore[misc]  # bound at once
    order.shuffle(steps)
    state: TicketState | None = None
    for step in steps:
        state = step(state)
    assert state is not None
    assert said(together(parts)) == said(state)


@pytest.mark.parametrize(
    ("sent", "believed"),
    [
        (timedelta(0), True),
        (timedelta(days=-30), True),
        (timedelta(days=-30, seconds=-1), False),
        (timedelta(seconds=1), False),
        (timedelta(days=365), False),
    ],
)
def test_a_wrong_clock_is_not_believed(sent: timedelta, believed: bool) -> None:
    """Nobody sends a mail after it was received, and hardly one more than 30 days before. Some channels have no clock."""
    found = message(sent=NOW + sent)
    assert when(found) == (NOW + sent if believed else NOW)
    assert ticket(found).ticket.opened_at == when(found)
    assert when(message(minutes=3)) == NOW + timedelta(minutes=3)


def test_the_first_message_gives_subject_and_queue() -> None:
    """The one that was said first, whenever it arrived; a suppressed one only while there is no other."""
    late = ticket(message(1, minutes=5), Verdict("low", "billing"))
    early = ticket(message(2, minutes=1), Verdict("low", "general"))
    robot = ticket(message(3, minutes=0), SUPPRESSED)
    both = joined(late, early).ticket
    assert (both.subject, both.queue) == ("Subject 2", "general")
    found = joined(robot, late).ticket
    assert (found.subject, found.queue) == ("Subject 1", "billing")


def test_a_suppressed_message_asks_for_nothing() -> None:
    """It is counted, and neither opens a ticket, nor makes it urgent."""
    robot = ticket(message(1), SUPPRESSED)
    assert robot.ticket.status == "suppressed"
    found = joined(status(ticket(), "closed"), robot)
    assert (found.ticket.status, found.ticket.priority, found.ticket.messages) == ("closed", "normal", 2)
    assert found.closed_at == NOW + timedelta(hours=1)


def test_closing_a_suppressed_ticket_does_not_make_its_urgency_count() -> None:
    """What a robot said is not urgent, whatever has become of the ticket since."""
    found = joined(status(ticket(message(1), SUPPRESSED), "closed"), ticket(message(2), Verdict("low", "general")))
    assert (found.ticket.status, found.ticket.priority) == ("open", "low")


def test_somebody_closes_and_opens_a_ticket() -> None:
    """Each is a revision, and when it was closed is known until it is open again."""
    closed = status(ticket(), "closed")
    again = status(closed, "open", minutes=90)
    assert [(s.ticket.status, s.ticket.revision) for s in (closed, again)] == [("closed", 2), ("open", 3)]
    assert [NOW + timedelta(hours=1), None] == [closed.closed_at, again.closed_at]
    assert again.ticket.updated_at == NOW + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("policy", "days", "follow_up"),
    [
        (ClosedPolicy(), 1000.0, False),
        (ClosedPolicy("follow_up", 14.0), 13.9, False),
        (ClosedPolicy("follow_up", 14.0), 14.0, True),
        (ClosedPolicy("follow_up", 0.0), 0.0, True),
        (ClosedPolicy("follow_up", 0.0), -0.1, False),
    ],
)
def test_a_reply_to_a_closed_ticket_follows_the_policy(policy: ClosedPolicy, days: float, follow_up: bool) -> None:
    """Reopen it, or a ticket of its own once it was closed for long enough; mail from before the closing reopens it."""
    closed = status(ticket(), "closed", minutes=0)
    reply = message(1, minutes=round(days * 24 * 60))
    assert opens_follow_up(closed, reply, policy) is follow_up
    assert opens_follow_up(ticket(), reply, policy) is False
    assert joined(closed, ticket(reply)).ticket.status == "open"


def test_a_follow_up_has_an_id_of_its_own() -> None:
    """It names the ticket that it follows, and so does the next one."""
    first = ticket()
    second = ticket(message(1), follows=first)
    third = ticket(message(2), follows=second)
    assert len({state.ticket.id for state in (first, second, third)}) == 3
    assert ["", first.ticket.id, second.ticket.id] == [s.ticket.follows for s in (first, second, third)]


def test_a_merged_ticket_says_where_it_went() -> None:
    """All else is as it was, so that it can still be read."""
    before = joined(ticket(), ticket(message(1)))
    after = ended(before, merge("a", "b"))
    assert ("merged", ids.ticket_id("b"), 3) == (after.ticket.status, after.ticket.merged_into, after.ticket.revision)
    unmerged = msgspec.structs.replace(after.ticket, status="open", merged_into="", revision=2)
    assert unmerged == before.ticket


def test_a_ticket_that_is_not_known_yet_begins_with_what_it_absorbs() -> None:
    """As a first revision, under its own name and customer; it follows nothing."""
    theirs = ticket(message(1), Verdict("high", "billing"), follows=ticket(), name="Cara")
    found = absorbed(None, brings(theirs)).ticket
    assert (ids.ticket_id("b"), 1, "b", "") == (found.id, found.revision, found.conversation_id, found.follows)
    assert (found.priority, found.queue, found.customer.name, found.messages) == ("high", "billing", "Cara", 1)


@pytest.mark.parametrize("known", [True, False])
def test_a_closed_ticket_stays_closed_in_the_one_that_absorbs_it(known: bool) -> None:
    """With the time of closing, by which the next reply is judged; an open one opens both."""
    mine = status(ticket(conversation="b"), "closed", minutes=5) if known else None
    closed = absorbed(mine, brings(status(ticket(message(1)), "closed", minutes=9)))
    assert ("closed", NOW + timedelta(minutes=9)) == (closed.ticket.status, closed.closed_at)
    both = absorbed(closed, brings(ticket(message(2))))
    assert (both.ticket.status, both.closed_at) == ("open", None)


def test_a_ticket_that_comes_back_starts_anew() -> None:
    """What it had is counted where it went; its id and its revisions go on."""
    gone = ended(joined(ticket(), ticket(message(1))), merge("a", "b"))
    for back in (joined(gone, ticket(message(2))), absorbed(gone, brings(ticket(message(2)), "a", 2))):
        found = back.ticket
        assert (gone.ticket.id, 4, 1) == (found.id, found.revision, found.messages)
        assert (found.status, found.merged_into, found.subject) == ("open", "", "Subject 2")
    whole = absorbed(joined(gone, ticket(message(2))), brings(ticket(message(3), conversation="b"), "a", 2))
    assert whole.ticket.messages == 2


def test_what_was_meant_for_a_ticket_before_it_was_merged_goes_after_it() -> None:
    """Also when it has come back since; what was merged into it later is its own."""
    other = brings(ticket(conversation="x"), "a", 3)
    gone = ended(ticket(), merge("a", "b", 5))
    for state in (gone, joined(gone, ticket(message(1)))):
        onward = passed_on(state, other)
        assert onward is not None
        assert ("b", 5, other.ticket) == (onward.into_conversation_id, onward.sequence, onward.ticket)
        assert passed_on(state, brings(ticket(conversation="x"), "a", 6)) is None
    assert passed_on(None, other) is None
    assert passed_on(ticket(), other) is None


def test_where_a_conversation_went_is_known_to_its_follow_up() -> None:
    """The follow-up stands for the conversation from then on."""
    back = joined(ended(ticket(), merge("a", "b", 5)), ticket(message(1)))
    assert ticket(message(2), follows=status(back, "closed")).left == merge("a", "b", 5)


def test_a_ticket_names_a_bounded_number_of_related_conversations() -> None:
    """The first by their ids, whatever came first; never its own."""
    names = [f"c{number:03}" for number in range(MOST_RELATED + 10)]
    found = reduce(joined, (ticket(message(i), related_to=(name, "a")) for i, name in enumerate(reversed(names))))
    assert found.ticket.related_to == tuple(names[:MOST_RELATED])
