"""What a message does to its ticket: pure, and the same result whatever order the messages come in.

Everything in a ticket is a minimum, a maximum or a sum over its messages, so that two runs over the same
messages end with the same tickets, however their partitions were interleaved. Only the revision counts arrivals.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

import msgspec

from normalizer import ids
from normalizer.events import Absorbed, Contact, Lead, Message, Priority, StatusChange, Ticket

_RANK = {priority: rank for rank, priority in enumerate(get_args(Priority))}
_CLOCKS_ARE_WRONG_BEYOND = timedelta(days=30)


class ClosedPolicy(msgspec.Struct, frozen=True):
    """What a reply to a closed ticket does: reopen it, or open a follow-up once it was closed for long enough."""

    reply_to_closed: Literal["reopen", "follow_up"] = "reopen"
    follow_up_after_days: float = 14.0


class TicketState(msgspec.Struct, frozen=True):
    """A ticket with what is needed to take in the next message. `closed_at` is None unless somebody closed it."""

    ticket: Ticket
    lead: Lead
    closed_at: datetime | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What the rules said of one message."""

    priority: Priority
    queue: str
    suppressed: str = ""


def when(message: Message) -> datetime:
    """When it was said: the sender's clock where it can be believed, else the receiving server's."""
    sent, received = message.sent_at, message.received_at
    believable = sent is not None and received - _CLOCKS_ARE_WRONG_BEYOND <= sent <= received
    return sent if sent is not None and believable else received


def opens_follow_up(state: TicketState, message: Message, policy: ClosedPolicy) -> bool:
    """Whether a message that belongs to a closed ticket is old enough news to get a ticket of its own."""
    if state.closed_at is None or policy.reply_to_closed == "reopen":
        return False
    return message.received_at - state.closed_at >= timedelta(days=policy.follow_up_after_days)


def opened(
    message: Message,
    verdict: Verdict,
    *,
    conversation_id: str,
    customer_id: str,
    customer: Contact,
    related_to: tuple[str, ...] = (),
    follows: TicketState | None = None,
) -> TicketState:
    """The ticket that a message opens; after `follows`, a closed one, when it is a follow-up."""
    at = when(message)
    part = follows.ticket.id if follows else ""
    ticket = Ticket(
        id=ids.ticket_id(conversation_id, part),
        revision=1,
        conversation_id=conversation_id,
        customer_id=customer_id,
        customer=customer,
        channel=message.channel,
        account=message.account,
        subject=message.subject,
        status="suppressed" if verdict.suppressed else "open",
        priority=verdict.priority,
        queue=verdict.queue,
        opened_at=at,
        updated_at=at,
        messages=1,
        follows=part,
        related_to=related_to,
    )
    return TicketState(ticket, Lead(bool(verdict.suppressed), at, message.id))


def joined(state: TicketState, message: Message, verdict: Verdict) -> TicketState:
    """The ticket after one more message. A suppressed message neither reopens it nor raises its priority."""
    ticket, at = state.ticket, when(message)
    lead = Lead(bool(verdict.suppressed), at, message.id)
    leads = lead < state.lead
    asks = not verdict.suppressed
    priority = ticket.priority
    if asks:
        priority = verdict.priority if ticket.status == "suppressed" else _most_urgent(priority, verdict.priority)
    return TicketState(
        msgspec.structs.replace(
            ticket,
            revision=ticket.revision + 1,
            subject=message.subject if leads else ticket.subject,
            queue=verdict.queue if leads else ticket.queue,
            priority=priority,
            status="open" if asks else ticket.status,
            opened_at=min(ticket.opened_at, at),
            updated_at=max(ticket.updated_at, at),
            messages=ticket.messages + 1,
            merged_into="" if asks else ticket.merged_into,
        ),
        min(lead, state.lead),
        None if asks else state.closed_at,
    )


def changed(state: TicketState, change: StatusChange) -> TicketState:
    """The ticket after somebody closed or reopened it."""
    ticket = msgspec.structs.replace(
        state.ticket,
        revision=state.ticket.revision + 1,
        status=change.status,
        updated_at=max(state.ticket.updated_at, change.at),
    )
    return TicketState(ticket, state.lead, change.at if change.status == "closed" else None)


def ended(state: TicketState, into: str) -> TicketState:
    """The ticket of a conversation that turned out to be part of another, whose ticket is `into`."""
    ticket = msgspec.structs.replace(
        state.ticket, revision=state.ticket.revision + 1, status="merged", merged_into=into
    )
    return TicketState(ticket, state.lead, state.closed_at)


def absorbed(state: TicketState | None, other: Absorbed) -> TicketState:
    """The ticket that another one was merged into; it may be that nothing else is known of it yet."""
    theirs = other.ticket
    if state is None:
        ticket = msgspec.structs.replace(
            theirs,
            id=ids.ticket_id(other.into_conversation_id),
            revision=1,
            conversation_id=other.into_conversation_id,
            customer_id=other.into_customer_id,
            customer=other.into_customer,
        )
        return TicketState(ticket, other.lead)
    ours, leads = state.ticket, other.lead < state.lead
    asking = [t.priority for t in (ours, theirs) if t.status != "suppressed"] or [ours.priority, theirs.priority]
    ticket = msgspec.structs.replace(
        ours,
        revision=ours.revision + 1,
        subject=theirs.subject if leads else ours.subject,
        queue=theirs.queue if leads else ours.queue,
        priority=max(asking, key=_RANK.__getitem__),
        status=_more_open(ours, theirs),
        opened_at=min(ours.opened_at, theirs.opened_at),
        updated_at=max(ours.updated_at, theirs.updated_at),
        messages=ours.messages + theirs.messages,
        merged_into="",
    )
    return TicketState(ticket, min(state.lead, other.lead), state.closed_at if ticket.status == "closed" else None)


def _most_urgent(one: Priority, other: Priority) -> Priority:
    return max(one, other, key=_RANK.__getitem__)


def _more_open(one: Ticket, other: Ticket) -> Literal["open", "closed", "suppressed"]:
    found = {one.status, other.status}
    return "open" if "open" in found else "closed" if "closed" in found else "suppressed"
