"""What kind of mail is it: written by a person, or a report, a reply or a broadcast of some machine.

The kind tells downstream what to expect; it never drops a mail. The most particular kind wins: a delivery report
that came through a mailing list is a delivery report.
"""

from __future__ import annotations

import msgspec

from normalizer.events import Bounce, Kind
from normalizer.mail import automatic, bounce_signs, bounces, bulk, delivery_status, feedback, originals
from normalizer.mail.parsed import Mail


class Classified(msgspec.Struct, frozen=True, kw_only=True):
    """A mail's kind and which signal decided it.

    `bounces` has one entry per failed or delayed recipient. `original_message_id` (without brackets, "" when
    unknown) is that of the mail a report is about, so that the report joins that mail's conversation. `spam` is
    what upstream filters said.
    """

    kind: Kind = "message"
    reason: str = ""
    bounces: tuple[Bounce, ...] = ()
    original_message_id: str = ""
    spam: bool = False


def classify(mail: Mail) -> Classified:
    """The kind of `mail`. Pure, never raises, and reads no more than `originals.LOOKED_AT` of any part."""
    heads = mail.firsts
    spam = bulk.spam(heads)
    about = feedback.read(mail, heads)
    if about is not None:
        original = about.original_message_id or _original(mail, heads)
        return Classified(
            kind=about.kind, reason=about.reason, bounces=about.bounces, original_message_id=original, spam=spam
        )
    signs = bounce_signs.read(heads)
    receipt = automatic.receipt(mail, heads)
    # A mail system that says "rejected" in the form of a receipt (Sieve, RFC 5429, 2.2.1) speaks of a failure.
    report = bounces.read(mail, heads, signs) if signs.system or not receipt else None
    if report is not None:
        return Classified(
            kind=report.kind,
            reason=report.reason,
            bounces=report.bounces,
            original_message_id=_original(mail, heads),
            spam=spam,
        )
    if receipt:
        return Classified(kind="receipt", reason=receipt, original_message_id=_original(mail, heads), spam=spam)
    kind, reason = _other(mail, heads)
    return Classified(kind=kind, reason=reason, spam=spam)


def _other(mail: Mail, heads: dict[str, str]) -> tuple[Kind, str]:
    if reason := bulk.calendar(mail):
        return "calendar", reason
    reply = automatic.reply(heads)
    many = bulk.sent_to_many(heads)
    if reply and not (many and "auto-generated" in reply):
        return "auto_reply", reply
    if many:
        return "list", many
    return "message", "nothing shows that a machine sent it"


def _original(mail: Mail, heads: dict[str, str]) -> str:
    """The reported mail's id: from the mail that came back, a field of the report, or what the report answers."""
    found = originals.message_id(originals.returned(mail))
    if found:
        return found
    for part in mail.parts:
        if part.content_type in delivery_status.PART_TYPES or part.content_type == "message/disposition-notification":
            found = delivery_status.original_message_id(part.content[: originals.LOOKED_AT].decode("utf-8", "replace"))
            if found:
                return found
    return heads.get("in-reply-to", "").strip().split(" ")[0].strip("<>")[:998]
