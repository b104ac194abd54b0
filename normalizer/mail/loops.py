"""Signs that a mail goes in circles: it is our own come back, or a machine answers a machine.

A loop costs twice, since each side's answer makes the next. These functions decide; what to do is policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from normalizer.mail.parsed import Mail

MAX_HOPS = 50  # Postfix' hopcount_limit; honest mail takes some ten
_LOOP_HEADERS = ("x-loop", "x-loop-detect", "x-autoreply-from")
OWN = "own"
"""The attribute of a raw mail that names our own addresses and domains, with white space between them."""


def told(mail: Mail, attributes: Mapping[str, str]) -> str:
    """Why a raw mail with these attributes looks like a loop, "" when it does not; see `find`."""
    own = attributes.get(OWN, "").lower().split()
    return find(
        mail, frozenset(name for name in own if "@" not in name), frozenset(name for name in own if "@" in name)
    )


def find(mail: Mail, own_domains: frozenset[str], own_addresses: frozenset[str]) -> str:
    """Why `mail` looks like a loop, "" when it does not.

    `own_domains` are the domains of our outgoing Message-IDs, `own_addresses` the mailboxes that we answer from;
    both lower case. A reply of a person holds our ids in References only, and is no loop.
    """
    own_id = mail.header("message-id").strip("<> \t").rpartition("@")[2].lower()
    if own_id and own_id in own_domains:
        return "our own mail came back: its Message-ID is of " + own_id
    for name in _LOOP_HEADERS:
        seen = {value.strip("<> \t").lower() for value in mail.all(name)}
        if seen & own_addresses:
            return f"{name.title()} holds our own address"
    hops = len(mail.all("received"))
    return f"it took {hops} hops, more than {MAX_HOPS}" if hops > MAX_HOPS else ""


def is_automatic(mail: Mail) -> bool:
    """Whether no automatic answer may be given (RFC 3834, 2): a machine wrote it, to many, or takes no answer."""
    submitted = mail.header("auto-submitted").strip().lower()
    if submitted and not submitted.startswith("no"):
        return True
    if mail.header("precedence").strip().lower() in ("bulk", "list", "junk", "auto_reply"):
        return True
    if any(mail.header(name) for name in ("list-id", "list-unsubscribe", "x-auto-response-suppress")):
        return True
    return "".join(mail.header("return-path").split()) == "<>"


def too_many(
    times: Sequence[datetime], now: datetime, *, limit: int = 10, window: timedelta = timedelta(hours=1)
) -> bool:
    """Whether one correspondent wrote more than `limit` times in the `window` up to `now`.

    `times` are the arrivals of his earlier mails in any order; those after `now` count, since clocks differ.
    """
    return sum(now - time <= window for time in times) > limit
