"""A raw mail to its message: exactly one, whatever the bytes."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from normalizer import ids
from normalizer.errors import Rejected
from normalizer.events import Attachment, Message, RawEvent
from normalizer.mail import dates, html, identifiers, kinds, loops, people, trust
from normalizer.mail.filenames import safe_name
from normalizer.mail.fitting import fit
from normalizer.mail.forwards import find_forward
from normalizer.mail.kinds import Classified
from normalizer.mail.parse import parse
from normalizer.mail.parsed import Mail, Part
from normalizer.mail.quotes import visible_reply
from normalizer.mail.uuencode import without_files

MAX_TEXT = 256 * 1024  # characters
MAX_SUBJECT = 1000  # characters
MAX_FIELD = 1000  # characters
_FUTURE = timedelta(days=1)
_PGP = "-----BEGIN PGP MESSAGE-----"
_FIELDS = {
    "auto-submitted": "auto_submitted",
    "delivered-to": "delivered_to",
    "importance": "importance",
    "list-id": "list_id",
    "precedence": "precedence",
    "return-path": "return_path",
    "x-mailer": "mailer",
    "x-original-to": "original_to",
    "x-priority": "priority",
}


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The one message of a raw mail (``message/rfc822``). Raises `Rejected` for a body of no bytes only.

    The mail's source id is its Message-ID with its Date: copies over two routes are equal, and other mails of a
    sender who reuses one Message-ID are not. Without a Message-ID it is a hash of sender, date, subject,
    recipients and text, never of the whole payload, since trace headers differ by route.
    The field ``no_auto_answer`` is ``yes`` where no machine may answer (RFC 3834): such a mail is read by people all the same.
    """
    if not raw.body:
        raise Rejected("empty", f"mail {raw.source_id} has no bytes at all: look at it in its mailbox, then discard it")
    mail = parse(raw.body)
    kind = kinds.classify(mail)
    notes = set(mail.degradations)
    if raw.dataref:
        notes.add("body-cut")
    sender, note = people.sender(mail)
    notes.add(note)
    trusted = trust.told(mail, raw.attributes)
    if trusted and trusted.verdict == "spoofed":
        notes.add("spoofed-sender")
    if loop := loops.told(mail, raw.attributes):
        notes.add("mail-loop")
    sent_at = _sent_at(mail, raw.received_at, notes)
    text = _bounded(mail.text, MAX_TEXT, "text-cut", notes)
    subject = _bounded(mail.header("subject"), MAX_SUBJECT, "subject-cut", notes)
    own = identifiers.own(mail.header("message-id"))
    source_id = _source_id(mail, own, sent_at, notes)
    message = Message(
        id=ids.message_id(raw.channel, raw.account, source_id),
        channel=raw.channel,
        account=raw.account,
        source_id=source_id,
        sender=sender,
        received_at=raw.received_at,
        sent_at=sent_at,
        origin=raw.origin,
        kind=kind.kind,
        to=people.contacts(mail, "to"),
        cc=people.contacts(mail, "cc"),
        reply_to=people.contacts(mail, "reply-to"),
        subject=subject,
        text=text,
        visible_text=_visible(text, notes),
        html=_shown_html(mail, notes),
        attachments=tuple(_attachment(part) for part in mail.attachments),
        refs=identifiers.refs(mail, own, kind.original_message_id),
        bounces=kind.bounces,
        forwarded=find_forward(subject, text),
        fields=_fields(
            mail,
            kind,
            loop=loop,
            no_auto_answer="yes" if loops.is_automatic(mail) else "",
            trust_because=trusted.because if trusted else "",
        ),
        degradations=tuple(sorted(notes - {""})),
        trust=trusted.verdict if trusted else "",
    )
    return (fit(message),)


def _sent_at(mail: Mail, received_at: datetime, notes: set[str]) -> datetime | None:
    values = mail.all("date")
    found = next((each for each in map(dates.parse, values[:10]) if each), None)
    if found is None:
        notes.add("date-unreadable" if values else "no-date")
    elif found > received_at + _FUTURE:
        notes.add("future-date")
    return found


def _source_id(mail: Mail, own: str, sent_at: datetime | None, notes: set[str]) -> str:
    date = sent_at.isoformat() if sent_at else " ".join(mail.header("date").split())[:MAX_FIELD]
    if own:
        return f"{own} {date}".rstrip()
    notes.add("no-message-id")
    told = (mail.header("from"), date, mail.header("subject"), mail.header("to"), mail.text)
    return "sha256:" + hashlib.sha256("\0".join(told).encode()).hexdigest()


def _bounded(text: str, most: int, note: str, notes: set[str]) -> str:
    if len(text) > most:
        notes.add(note)
        return text[:most]
    return text


def _visible(text: str, notes: set[str]) -> str:
    if _PGP in text:
        notes.add("encrypted")
    bare = without_files(text)
    if bare is not text:
        notes.add("uuencode")
    return visible_reply(bare)


def _shown_html(mail: Mail, notes: set[str]) -> str:
    if not mail.html:
        return ""
    bounded = html.bounded(mail.html)
    if bounded is not mail.html:
        notes.add("html-cut")
    return html.sanitize(bounded)


def _attachment(part: Part) -> Attachment:
    return Attachment.of(
        part.content,
        name=safe_name(part.name),
        content_type=part.content_type[:MAX_FIELD],
        content_id=part.content_id[:MAX_FIELD],
        inline=part.disposition == "inline" or bool(part.content_id and not part.disposition),
    )


def _fields(mail: Mail, kind: Classified, **more: str) -> dict[str, str]:
    found = {name: value[:MAX_FIELD] for name, value in more.items() if value}
    for name, value in mail.headers:
        field = _FIELDS.get(name.lower())
        if field and value:
            found.setdefault(field, value[:MAX_FIELD])
    if kind.reason:
        found["kind_reason"] = kind.reason[:MAX_FIELD]
    if kind.spam:
        found["spam"] = "true"
    return found
