"""Who wrote a mail, to whom, and where an answer goes."""

from __future__ import annotations

from normalizer.events import Contact
from normalizer.mail import addresses
from normalizer.mail.parsed import Mail

NOBODY = Contact("email", "")
_FALLBACKS = ("reply-to", "sender", "return-path")


def contacts(mail: Mail, name: str) -> tuple[Contact, ...]:
    """Everybody in all headers of that name, each address once."""
    values = mail.all(name)
    if not values:
        return ()
    found = addresses.parse(values[0] if len(values) == 1 else ", ".join(values))
    return tuple({each.address: each for each in reversed(found)}.values())[::-1]


def sender(mail: Mail) -> tuple[Contact, str]:
    """The author and what had to be guessed: "", ``sender-guessed``, ``sender-behind-list`` or ``no-sender``.

    From (RFC 5322 section 3.6.2), then Reply-To, Sender and Return-Path. A list that writes its own address into
    From names the author in X-Original-From or X-Original-Sender (Google Groups) or in Reply-To (Mailman).
    """
    author = addresses.first(mail.header("from"))
    if author is not None and "@" in author.address:
        behind = _behind_list(mail, author)
        return (behind, "sender-behind-list") if behind else (author, "")
    for name in _FALLBACKS:
        found = addresses.first(mail.header(name))
        if found is not None and "@" in found.address:
            named = found if found.name or author is None else Contact("email", found.address, author.name)
            return named, "sender-guessed"
    return (author, "sender-guessed") if author is not None else (NOBODY, "no-sender")


def _behind_list(mail: Mail, author: Contact) -> Contact | None:
    """The author behind a list, only when the list itself wrote From: nobody else may name another sender."""
    if not (mail.header("list-id") or mail.header("x-google-group-id") or mail.header("list-post")):
        return None
    values = [mail.header("x-original-from"), mail.header("x-original-sender")]
    if " via " in author.name:
        values.append(mail.header("reply-to"))
    if not any(values):
        return None
    own = {each.address for name in ("to", "cc", "list-post", "delivered-to") for each in contacts(mail, name)}
    if author.address not in own:
        return None
    for value in values:
        found = addresses.first(value)
        if found is not None and "@" in found.address and found.address != author.address:
            plain = author.name.partition(" via ")[0].strip("' ")
            return found if found.name else Contact("email", found.address, plain)
    return None
