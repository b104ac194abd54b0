"""What the policies of threads and tickets do to messages on their way through the stages."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import msgspec

from normalizer.events import Contact, Forwarded, Message, Routed
from normalizer.ids import customer_id
from normalizer.mail import tokens
from normalizer.thread_policy import ThreadPolicy
from normalizer.tickets import ClosedPolicy
from tests.unit.streams.line import Line
from tests.unit.streams.samples import message

C, S, US, AGENT = "cara@c.example", "eve@e.example", "support@us.example", "jo@us.example"
SECRET = "a secret of good length"


def spoofed(found: Message) -> Message:
    """The same, found not to be from its sender."""
    return msgspec.structs.replace(found, trust="spoofed", fields={"trust_because": "DMARC fails for c.example"})


def rules(event: Routed) -> dict[str, tuple[str, str]]:
    """What was decided, by which rule and with what result."""
    return {decision.what: (decision.rule, decision.result) for decision in event.decisions}


def test_a_spoofed_mail_stays_alone_in_any_order() -> None:
    """It has the customer's address, a valid reference and even her Message-ID, and gets neither ticket nor priority."""
    mails = [
        message("m1", C, offset=1),
        message("m2", US, to=[C], parents=["m1"], minutes=1, offset=2),
        spoofed(message("s1", C, parents=["m1", "m2"], text="URGENT: pay now", minutes=2, offset=3)),
        spoofed(msgspec.structs.replace(message("s2", C, minutes=3, offset=4), refs=message("m1").refs)),
        message("m3", C, parents=["m2"], minutes=4, offset=5),
    ]
    boards = []
    for order in permutations(mails):
        line = Line()
        line.feed(*order)
        boards.append(line.board())
    assert all(board == boards[0] for board in boards)
    assert sorted((ticket[4], ticket[1]) for ticket in boards[0].values()) == [(1, "low"), (1, "low"), (3, "normal")]


def test_a_spoofed_mail_says_so() -> None:
    """In its decisions, and in the customer, who is nobody else."""
    line = Line()
    line.feed(message("m1", C, offset=1))
    event = line.feed(spoofed(message("s1", C, parents=["m1"], offset=2)))[0]
    assert rules(event)["customer"] == ("spoofed", f"spoofed:{C}")
    assert rules(event)["priority"] == ("spoofed-sender", "low")
    assert event.ticket.customer_id not in ("", customer_id("email", C))
    assert event.ticket.related_to == (line.routed[0].ticket.conversation_id,)


def test_a_flood_is_kept_and_wakes_nobody() -> None:
    """Every mail over the limit is suppressed as a loop, counted, and the same when it is delivered again."""
    line = Line(policy=ThreadPolicy(messages_per_hour=2))
    mails = [message(f"m{i}", parents=["m0"], minutes=i, offset=i) for i in range(4)]
    found = line.feed(*mails)
    assert [event.suppressed for event in found] == ["", "", "loop", "loop"]
    assert [(fate.outcome, fate.reason) for fate in line.fates[2:]] == [("suppressed", "loop")] * 2
    assert (found[-1].ticket.messages, rules(found[-1])["suppress"]) == (4, ("rate", "loop"))
    assert [event.suppressed for event in line.feed(*mails)] == ["", "", "loop", "loop"]


def test_an_hour_later_the_sender_is_heard_again() -> None:
    """And nobody else was ever kept back: not other senders, not agents, not where there is no limit."""
    line = Line(policy=ThreadPolicy(messages_per_hour=1, agents=("@us.example",)))
    found = line.feed(
        message("m1", offset=1),
        message("m2", minutes=61, offset=2),
        message("s1", S, minutes=61, offset=3),
        message("a1", AGENT, minutes=61, offset=4),
        message("a2", AGENT, minutes=61, offset=5),
    )
    assert [event.suppressed for event in found] == [""] * 5
    free = Line(policy=ThreadPolicy(messages_per_hour=0))
    assert {event.suppressed for event in free.feed(*(message(f"m{i}", offset=i) for i in range(70)))} == {""}


def test_what_an_agent_forwards_is_the_customers_ticket() -> None:
    """With her name, a decision that says why, and both may answer."""
    line = Line(policy=ThreadPolicy(forwards="original", agents=(AGENT,)))
    inside = Forwarded(sender=Contact("email", C, "Cara C."))
    event = line.feed(msgspec.structs.replace(message("f1", AGENT, offset=1), forwarded=inside))[0]
    assert event.ticket.customer == Contact("email", C, "Cara C.")
    assert rules(event)["customer"] == ("forwarded-by-agent", C)
    answers = line.feed(message("m2", AGENT, parents=["f1"], to=[C], offset=2), message("m3", parents=["m2"], offset=3))
    assert {answer.ticket.id for answer in answers} == {event.ticket.id}


def test_a_signed_address_finds_its_ticket() -> None:
    """Without any reference, from an address that nobody knows."""
    line = Line(policy=ThreadPolicy(token_secrets=(SECRET,)))
    first = line.feed(message("m1", offset=1))[0]
    address = tokens.plus_address(US, tokens.make(first.ticket.conversation_id, SECRET.encode()))
    answer = line.feed(message("x1", S, to=[address], offset=2))[0]
    assert (answer.ticket.id, answer.ticket.customer_id) == (first.ticket.id, first.ticket.customer_id)
    assert rules(answer)["thread"] == ("token", first.ticket.conversation_id)


def test_a_long_ticket_is_split() -> None:
    """The next message opens a ticket of the same conversation that follows it; what is suppressed does not."""
    line = Line(ClosedPolicy(split_after_messages=2))
    kinds = ["message", "message", "auto_reply", "message", "message"]
    mails = [message(f"m{i}", parents=["m0"] if i else [], kind=kind, offset=i) for i, kind in enumerate(kinds)]
    found = line.feed(*mails)
    first, second = found[0].ticket, found[3].ticket
    assert [event.ticket.id for event in found] == [first.id] * 3 + [second.id] * 2
    assert (second.follows, second.conversation_id, second.revision) == (first.id, first.conversation_id, 1)
    assert rules(found[3])["reopen"] == ("split", first.id)
    assert [event.ticket.id for event in line.feed(*mails)] == [event.ticket.id for event in found]


def test_an_old_ticket_is_split() -> None:
    """By the time since its last message, not by its age."""
    line = Line(ClosedPolicy(split_after_days=2))
    day = int(timedelta(days=1) / timedelta(minutes=1))
    times = [0, day, 2 * day, 4 * day]
    found = line.feed(
        *(message(f"m{i}", parents=["m0"] if i else [], minutes=at, offset=i) for i, at in enumerate(times))
    )
    assert [event.ticket.messages for event in found] == [1, 2, 3, 1]
    assert found[3].ticket.follows == found[2].ticket.id
    assert "longer ago than tickets.split_after_days" in found[3].decisions[-1].because
