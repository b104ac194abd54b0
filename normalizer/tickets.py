"""What a message does to its ticket: pure, and the same result whatever order the messages come in.

Everything in a ticket is a minimum, a maximum or a sum over its messages, so that two runs over the same
messages end with the same tickets, however their partitions were interleaved. Only the revision counts arrivals.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

import msgspec

from normalizer import ids
from normalizer.events import Absorbed, Contact, Lead, Merged, Message, Priority, StatusChange, Ticket

_RANK = {priority: rank for rank, priority in enumerate(get_args(Priority))}
_CLOCKS_ARE_WRONG_BEYOND = timedelta(days=30)
MOST_RELATED = 50
"""How many related conversations a ticket names: the first ones by their ids."""


class ClosedPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a reply to a closed ticket does: reopen it, or open a follow-up once it was closed for long enough.

    Conversations without an end can be split: after `split_after_messages` messages, or when the last one is older than
    `split_after_days`, the next message opens a ticket of the same conversation that follows the old one, open or closed.
    0 never splits. Which messages a ticket has then depends on the order in which they came.
    """

    reply_to_closed: Literal["reopen", "follow_up"] = "reopen"
    follow_up_after_days: float = 14.0
    split_after_messages: Annotated[int, msgspec.Meta(ge=0)] = 0
    split_after_days: Annotated[float, msgspec.Meta(ge=0, le=36_500)] = 0.0


class TicketState(msgspec.Struct, frozen=True):
    """A ticket with what is needed to take in the next message.

    `closed_at` is None unless somebody closed it. `left` is how its conversation last became part of another; while
    the status is ``merged``, all that the ticket shows is counted there, and it starts anew when it comes back.
    """

    ticket: Ticket
    lead: Lead
    closed_at: datetime | None = None
    left: Merged | None = None


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


def too_long(state: TicketState, message: Message, policy: ClosedPolicy) -> str:
    """Why the ticket takes no more messages and the next one opens a follow-up, "" when it goes on."""
    ticket = state.ticket
    if ticket.status == "merged":
        return ""
    if policy.split_after_messages and ticket.messages >= policy.split_after_messages:
        return f"it has {ticket.messages} messages, and tickets.split_after_messages is {policy.split_after_messages}"
    if policy.split_after_days and when(message) - ticket.updated_at >= timedelta(days=policy.split_after_days):
        return f"its last message is of {ticket.updated_at.isoformat()}, longer ago than tickets.split_after_days"
    return ""


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
    """A ticket of one message; after `follows`, a closed one, when it is a follow-up."""
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
    return TicketState(ticket, Lead(bool(verdict.suppressed), at, message.id), left=follows.left if follows else None)


def joined(state: TicketState, one: TicketState) -> TicketState:
    """The ticket after one more message, given as a ticket of that message alone.

    A suppressed message neither reopens it nor raises its priority.
    """
    return _sum(state, one.ticket, one.lead, None)


def changed(state: TicketState, change: StatusChange) -> TicketState:
    """The ticket after somebody closed or reopened it."""
    ticket = msgspec.structs.replace(
        state.ticket,
        revision=state.ticket.revision + 1,
        status=change.status,
        updated_at=max(state.ticket.updated_at, change.at),
    )
    return TicketState(ticket, state.lead, change.at if change.status == "closed" else None, state.left)


def ended(state: TicketState, merged: Merged) -> TicketState:
    """The ticket of a conversation that turned out to be part of another."""
    ticket = msgspec.structs.replace(
        state.ticket,
        revision=state.ticket.revision + 1,
        status="merged",
        merged_into=ids.ticket_id(merged.into_conversation_id),
    )
    return TicketState(ticket, state.lead, left=merged)


def passed_on(state: TicketState | None, other: Absorbed) -> Absorbed | None:
    """What a conversation was sent before it became part of another itself goes after it; None for what may stay.

    The two came by different partitions, so that only their sequence tells which was first.
    """
    left = state.left if state else None
    if left is None or left.sequence <= other.sequence:
        return None
    return msgspec.structs.replace(
        other,
        into_conversation_id=left.into_conversation_id,
        into_customer_id=left.into_customer_id,
        into_customer=left.into_customer,
        sequence=left.sequence,
    )


def absorbed(state: TicketState | None, other: Absorbed) -> TicketState:
    """The ticket that another one was merged into; it may be that nothing else is known of it yet."""
    if state is not None:
        return _sum(state, other.ticket, other.lead, other.closed_at)
    ticket = msgspec.structs.replace(
        other.ticket,
        id=ids.ticket_id(other.into_conversation_id),
        revision=1,
        conversation_id=other.into_conversation_id,
        customer_id=other.into_customer_id,
        customer=_fuller(other.into_customer, other.ticket.customer),
        follows="",
    )
    return TicketState(ticket, other.lead, other.closed_at)


def _sum(state: TicketState, theirs: Ticket, lead: Lead, closed_at: datetime | None) -> TicketState:
    """Both together, as the next revision of the first."""
    ours, at = state.ticket, [at for at in (state.closed_at, closed_at) if at]
    same = {"id": ours.id, "revision": ours.revision + 1, "conversation_id": ours.conversation_id,
            "customer_id": ours.customer_id, "customer": _fuller(ours.customer, theirs.customer),
            "follows": ours.follows}  # fmt: skip
    if ours.status == "merged":  # what it had is counted elsewhere by now
        return TicketState(msgspec.structs.replace(theirs, **same), lead, closed_at, state.left)
    first = theirs if lead < state.lead else ours
    status = _most_open(ours, theirs)
    ticket = msgspec.structs.replace(
        first,
        **same,
        status=status,
        priority=_priority(state.ticket, state.lead, theirs, lead),
        opened_at=min(ours.opened_at, theirs.opened_at),
        updated_at=max(ours.updated_at, theirs.updated_at),
        messages=ours.messages + theirs.messages,
        related_to=tuple(sorted({*ours.related_to, *theirs.related_to} - {ours.conversation_id})[:MOST_RELATED]),
    )
    return TicketState(ticket, min(state.lead, lead), max(at, default=None) if status == "closed" else None, state.left)


def _priority(one: Ticket, lead: Lead, other: Ticket, other_lead: Lead) -> Priority:
    """The most urgent of those that ask somebody to act; of all when nobody does."""
    if lead.suppressed != other_lead.suppressed:
        return other.priority if lead.suppressed else one.priority
    return max(one.priority, other.priority, key=_RANK.__getitem__)


def _fuller(one: Contact, other: Contact) -> Contact:
    """The customer with the fullest name that was given for this address."""
    if (one.scheme, one.address) != (other.scheme, other.address):
        return one
    return max(one, other, key=lambda contact: (len(contact.name), contact.name))


def _most_open(one: Ticket, other: Ticket) -> Literal["open", "closed", "suppressed"]:
    found = {one.status, other.status}
    return "open" if "open" in found else "closed" if "closed" in found else "suppressed"
