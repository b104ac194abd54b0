"""Delivery reports (RFC 3464, and the many of no standard): which recipients failed, why, and for good or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from normalizer.events import Bounce, Kind
from normalizer.mail import automatic, bounce_reasons, bounce_text, delivery_status, originals
from normalizer.mail.bounce_signs import Signs
from normalizer.mail.delivery_status import Recipient
from normalizer.mail.parsed import Mail
from normalizer.mail.vocabulary import DELAY_NOTICE, FAILURE_NOTICE, FAILURE_REPLY

MAX_DIAGNOSTIC = 500  # characters kept of what the server said
LOOKED_AT = 64 * 1024
NOTICE_LENGTH = 8192  # characters in which a notice says what it is

_DELAY_SUBJECT = re.compile(
    r"\bdelay(?:ed)?\b|warning: could not send|still being retried|verzögert|retard|задерж|遅延", re.IGNORECASE
)
_REPLY_LINE = re.compile(r"^[ \t]{0,8}(?:<<< )?5\d\d[ -]", re.MULTILINE)
_FINAL = re.compile(
    r"permanent(?:ly)?\b|i've given up|giving up|failed permanently|fatal error|not going to try again", re.IGNORECASE
)


class Report(msgspec.Struct, frozen=True):
    """A delivery report: ``bounce``, ``delay``, or ``receipt`` when it only says that the mail arrived."""

    kind: Kind
    bounces: tuple[Bounce, ...]
    reason: str


def read(mail: Mail, heads: Mapping[str, str], signs: Signs) -> Report | None:
    """What `mail` reports of a delivery, None when it is no delivery report."""
    machine_half = _machine_half(mail)
    because = _because(mail, heads, signs, machine_half)
    if not because:
        return None
    notice, pasted = originals.split(_text(mail))
    stated = delivery_status.read(machine_half or notice)
    recipients = stated or _from_prose(heads, signs, notice) or _from_returned(pasted or originals.returned(mail))
    kind = _kind(recipients, notice, heads.get("subject", ""), stated=bool(stated))
    said = _said(recipients, notice)
    bounces = tuple(_bounce(one, said(one.address)) for one in recipients if one.outcome != "delivered")
    return Report(kind=kind, bounces=bounces, reason=because)


def _because(mail: Mail, heads: Mapping[str, str], signs: Signs, machine_half: str) -> str:
    """Which signal shows that `mail` is a delivery report, "" when none does: the surest first."""
    report_type = mail.parameters.get("report-type", "").lower()
    if mail.content_type == "multipart/report" and report_type == "delivery-status":
        return "multipart/report; report-type=delivery-status"
    by_system = signs.system or signs.null_path
    forwarded = signs.answer or "in-reply-to" in heads  # people forward reports with all their parts
    if machine_half and (by_system or signs.machine or signs.automatic or signs.failure or not forwarded):
        return "a message/delivery-status part"
    if signs.failed and (by_system or signs.automatic or signs.failure):
        return "X-Failed-Recipients"
    if (signs.answer and not signs.system) or not (by_system or signs.failure or signs.machine):
        return ""
    return _because_of_text(mail, heads, signs)


def _because_of_text(mail: Mail, heads: Mapping[str, str], signs: Signs) -> str:
    text, pasted = originals.split(_text(mail))
    told = text[:NOTICE_LENGTH]
    notice = (FAILURE_NOTICE.search(told) or FAILURE_REPLY.search(told)) is not None
    if signs.answer and not signs.daemon and not _REPLY_LINE.search(told):
        return ""  # a person at a postmaster's desk answers
    returned = any(part.content_type in originals.RETURNED for part in mail.parts)
    if (signs.daemon or signs.postmaster) and (notice or signs.failure):
        return "a mail system wrote it, of a failed delivery"
    if signs.daemon and (returned or signs.null_path):
        return "a mail system sent a mail back"
    if not (returned or pasted or _names_a_mailbox(text, heads)):
        return ""  # parcels and payments fail to be delivered too
    if signs.system and (notice or signs.failure):
        return "a mail system wrote it, of a failed delivery"
    if signs.null_path and (notice or signs.failure) and not automatic.is_reply_subject(heads) and not signs.automatic:
        return "a notice of a failed delivery, with a null return path"
    if not notice or "in-reply-to" in heads or "list-unsubscribe" in heads:
        return ""
    if signs.failure and (signs.machine or signs.automatic or returned or pasted):
        return "subject and text of a failure notice"
    if signs.machine and returned:
        return "a machine returned a mail that it could not deliver"
    return ""


def _names_a_mailbox(text: str, heads: Mapping[str, str]) -> bool:
    own = _own(heads)
    named = bounce_text.recipients(text, own)
    return bool(bounce_reasons.status_of(text)) or any(one.address.lower() not in own for one in named)


def _own(heads: Mapping[str, str]) -> frozenset[str]:
    """Whoever wrote the report or got it: no recipients of the mail that it is about."""
    names = ("from", "to", "reply-to", "sender")
    return frozenset(delivery_status.address(heads.get(name, "")).lower() for name in names)


def _machine_half(mail: Mail) -> str:
    found = [
        part.content[:LOOKED_AT].decode("utf-8", "replace")
        for part in mail.parts
        if part.content_type in delivery_status.PART_TYPES
    ]
    return "\n\n".join(found)[:LOOKED_AT]


def _text(mail: Mail) -> str:
    if mail.text.strip():
        return mail.text[:LOOKED_AT]
    leaf = next((part for part in mail.parts if part.content_type.startswith(("text/", "multipart/"))), None)
    return leaf.content[:LOOKED_AT].decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n") if leaf else ""


def _from_prose(heads: Mapping[str, str], signs: Signs, notice: str) -> tuple[Recipient, ...]:
    boxes = [box for box in (delivery_status.address(one) for one in signs.failed.split(",")[:100]) if box]
    boxes = boxes or [one.address for one in bounce_text.recipients(notice, _own(heads))]
    if not boxes and signs.system:
        host = delivery_status.address(heads.get("from", "")).rpartition("@")[2]
        boxes = [f"{name}@{host}" for name in bounce_text.local_names(notice)] if host else []
    return tuple(Recipient(address=box, outcome="failed") for box in dict.fromkeys(boxes))


def _from_returned(returned: str) -> tuple[Recipient, ...]:
    """Nobody is named: whom the returned mail was for. It may itself be a report that a filter put into its own."""
    box = delivery_status.address(originals.recipients(returned))
    return delivery_status.read(returned) or ((Recipient(address=box, outcome="failed"),) if box else ())


def _kind(recipients: tuple[Recipient, ...], notice: str, subject: str, *, stated: bool) -> Kind:
    outcomes = {recipient.outcome for recipient in recipients}
    if stated:
        return "bounce" if "failed" in outcomes else "delay" if "delayed" in outcomes else "receipt"
    later = DELAY_NOTICE.search(notice) or _DELAY_SUBJECT.search(subject)
    return "delay" if later and not _FINAL.search(notice) else "bounce"


def _said(recipients: tuple[Recipient, ...], notice: str) -> Callable[[str], tuple[str, str]]:
    """What the prose says of an address, and what it says beside that: with one recipient, all of it is about him."""
    blocks = {one.address.lower(): one.block for one in bounce_text.recipients(notice)}
    own = {box: block for box, block in blocks.items() if bounce_reasons.is_telling(block)}
    rest = notice if len(recipients) == 1 or not own else ""
    return lambda box: (own.get(box.lower(), rest), rest)


def _bounce(recipient: Recipient, said: tuple[str, str]) -> Bounce:
    diagnostic = recipient.diagnostic or said[0]
    status = bounce_reasons.status_of(recipient.diagnostic)
    if not status or status.endswith(".0"):
        status = bounce_reasons.status_of(f"{status} {recipient.status} {said[0]}")
    reason = bounce_reasons.reason_of(diagnostic, status, said[0] + "\n" + said[1])
    return Bounce(
        address=recipient.address,
        hard=recipient.outcome == "failed" and bounce_reasons.is_hard(reason),
        status=status,
        reason=reason,
        diagnostic=" ".join(diagnostic.split())[:MAX_DIAGNOSTIC],
    )
