"""What threading sees of a message: its ids, its parties, and in whose name it speaks."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from normalizer.events import Contact, Message
from normalizer.identity import email_address
from normalizer.mail import subject_prefix, tokens
from normalizer.thread_policy import DEFAULT, ThreadPolicy

MOST_PARENTS = 20
"""How many references count: the first, which is the root, and the nearest ones."""
MOST_PARTIES = 30
MOST_TAGS = 3
SHORTEST_SUBJECT = 6
"""Characters below which a subject ("Hi", "Help") says nothing about what a mail belongs to."""
_TAG = re.compile(r"\[#([0-9a-f]{8})\]", re.IGNORECASE)
_MOST_MARKS = 10  # "Re: AW: Re:" before a subject


class Subject(msgspec.Struct, frozen=True):
    """A subject without the marks before it; `reply` when it had one. It holds together for so long."""

    base: str
    reply: bool
    at: datetime
    within: timedelta


class Speaker(msgspec.Struct, frozen=True):
    """Who speaks in a message. `rule` and `because` are set when it is not simply the sender."""

    contact: Contact
    rule: str = ""
    because: str = ""


class Facts(msgspec.Struct, frozen=True):
    """What threading needs to know of a message. `parents` go from the root to the nearest.

    `token` is the conversation of a genuine reply token, `tags` are first digits of ids of tickets and conversations in the subject,
    `subject` is None unless the policy goes by subjects. `provider` is the thread that the provider vouches for, `customer`
    the party that is not our own.
    """

    id: str
    scope: tuple[str, str]
    own: str
    parents: tuple[str, ...]
    sender: str
    parties: tuple[str, ...]
    lists: tuple[str, ...]
    scheme: str
    customer: Contact
    provider: str = ""
    token: str = ""
    tags: tuple[str, ...] = ()
    subject: Subject | None = None


def facts(message: Message, policy: ThreadPolicy = DEFAULT) -> Facts:
    """What threading sees of a message.

    A spoofed mail grants nothing to anybody and has no token, tag or list: it shares no key with honest mail.
    """
    sender = speaker(message, policy).contact.address
    spoofed = message.trust == "spoofed"
    own = message.refs.own if message.refs.own and not spoofed else f"item:{message.id}"
    everyone = tuple(_mailbox(address) for address in _everyone(message, sender))
    # "In-Reply-To: Your message of Monday <jo@example.com>" names a person, whom many threads have in common.
    none = {message.refs.own, *everyone}
    parents = tuple(dict.fromkeys(parent for parent in message.refs.parents if parent not in none))
    if len(parents) > MOST_PARENTS:
        parents = (parents[0], *parents[1 - MOST_PARENTS :])
    return Facts(
        id=message.id,
        scope=(message.channel, message.account),
        own=own,
        parents=parents,
        sender=sender,
        parties=tuple(islice(dict.fromkeys(everyone), MOST_PARTIES)),
        lists=() if spoofed else _ways(message),
        scheme=message.sender.scheme,
        customer=customer_of(message, policy),
        # A mail's headers are its sender's: nobody vouches for them.
        provider="" if spoofed or message.channel == "mail" else message.refs.provider,
        token="" if spoofed else _token(message, parents, policy),
        tags=_tags(message) if policy.subject_tags and not spoofed else (),
        subject=_subject(message, policy) if policy.same_subject_days and not spoofed else None,
    )


def speaker(message: Message, policy: ThreadPolicy) -> Speaker:
    """In whose name a message is threaded: the sender's, as a rule.

    A report speaks for the address that it is about; a spoofed mail for nobody who exists; what one of our agents
    forwards, by policy, for the customer who wrote it.
    """
    sender = message.sender
    address = message.bounces[0].address if message.bounces else sender.address
    if message.trust == "spoofed":
        because = message.fields.get("trust_because", "it is not from the sender whom it shows")
        return Speaker(Contact(sender.scheme, f"spoofed:{address}"), "spoofed", because)
    forwarded = message.forwarded.sender if message.forwarded else None
    if policy.forwards == "original" and forwarded and policy.is_agent(sender.address) and not message.bounces:
        original = Contact("email", email_address(forwarded.address), forwarded.name)
        if "@" in original.address and not policy.is_agent(original.address):
            return Speaker(original, "forwarded-by-agent", f"{sender.address} forwarded what {original.address} wrote")
    return Speaker(Contact(sender.scheme, address))


def customer_of(message: Message, policy: ThreadPolicy) -> Contact:
    """The party that is not our own: whoever speaks, or whom our side spoke to."""
    ours = message.kind == "echo" or message.outgoing
    return message.to[0] if ours and message.to else speaker(message, policy).contact


def _everyone(message: Message, speaker: str) -> tuple[str, ...]:
    """The parties with whoever speaks first. A spoofed sender's real address is none of them."""
    others = tuple(contact.address for contact in (*message.reply_to, *message.to, *message.cc))
    forwarder = message.forwarded and not message.bounces and message.trust != "spoofed"
    return (speaker, message.sender.address, *others) if forwarder else (speaker, *others)


def _mailbox(address: str) -> str:
    """An address without the token in it: who writes to ``support+TOKEN@…`` writes to support."""
    return tokens.mailbox(address) if "+" in address else address


def _ways(message: Message) -> tuple[str, ...]:
    """The lists that a message came through. Mail that names no recipient came by one that hides itself."""
    if message.fields.get("list_id"):
        return (message.fields["list_id"].lower(),)
    hidden = message.sender.scheme == "email" and not (message.to or message.cc)
    return ("undisclosed-recipients",) if hidden else ()


def _token(message: Message, parents: tuple[str, ...], policy: ThreadPolicy) -> str:
    """The conversation of a genuine token in an address that the mail went to, or in an id that it answers."""
    if not policy.token_secrets:
        return ""
    went_to = (contact.address for contact in (*message.to, *message.cc))
    envelope = (message.fields.get(name, "") for name in ("delivered_to", "original_to"))
    return tokens.find(" ".join((*envelope, *went_to, *reversed(parents))), policy.secrets) or ""


def _tags(message: Message) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(tag.lower() for tag in _TAG.findall(message.subject)), MOST_TAGS))


def _subject(message: Message, policy: ThreadPolicy) -> Subject | None:
    base, reply = message.subject, False
    for _ in range(_MOST_MARKS):
        mark = subject_prefix.read(base)
        if not mark.kinds:
            break
        base, reply = mark.rest, reply or "reply" in mark.kinds
    base = " ".join(base.casefold().split())
    if len(base) < SHORTEST_SUBJECT:
        return None
    return Subject(base, reply, message.received_at, timedelta(days=policy.same_subject_days))
