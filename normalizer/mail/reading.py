"""A raw mail to its message: exactly one, whatever the bytes."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime, timedelta

from normalizer import ids
from normalizer.errors import Rejected
from normalizer.events import Attachment, Message, RawEvent, ThreadRefs
from normalizer.mail import dates, html, identifiers, people
from normalizer.mail.filenames import safe_name
from normalizer.mail.parse import parse
from normalizer.mail.parsed import Mail, Part

MAX_TEXT = 256 * 1024  # characters
MAX_SUBJECT = 1000  # characters
MAX_FIELD = 1000  # characters
_FUTURE = timedelta(days=1)
_THREAD_INDEX_ROOT = 22  # bytes: a time and a GUID that all mails of a conversation share ([MS-OXOMSG] 2.2.1.3)
_FIELDS = {
    "list_id": "list-id",
    "delivered_to": "delivered-to",
    "original_to": "x-original-to",
    "auto_submitted": "auto-submitted",
    "precedence": "precedence",
    "importance": "importance",
    "priority": "x-priority",
    "mailer": "x-mailer",
    "spam_flag": "x-spam-flag",
    "return_path": "return-path",
}


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The one message of a raw mail (``message/rfc822``). Raises `Rejected` for a body of no bytes only.

    The mail's source id is its Message-ID with its Date: copies over two routes are equal, and other mails of a
    sender who reuses one Message-ID are not. Without a Message-ID it is a hash of sender, date, subject,
    recipients and text, never of the whole payload, since trace headers differ by route.
    """
    if not raw.body:
        raise Rejected("empty", f"mail {raw.source_id} has no bytes at all: look at it in its mailbox, then discard it")
    mail = parse(raw.body)
    notes = list(mail.degradations)
    if raw.dataref:
        notes.append("body-cut")
    sender, note = people.sender(mail)
    notes.append(note)
    sent_at = _sent_at(mail, raw.received_at, notes)
    text = _bounded(mail.text, MAX_TEXT, "text-cut", notes)
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
        to=people.contacts(mail, "to"),
        cc=people.contacts(mail, "cc"),
        reply_to=people.contacts(mail, "reply-to"),
        subject=_bounded(mail.header("subject"), MAX_SUBJECT, "subject-cut", notes),
        text=text,
        visible_text=text,
        html=_shown_html(mail, notes),
        attachments=tuple(_attachment(part) for part in mail.attachments),
        refs=_refs(mail, own),
        fields=_fields(mail),
        degradations=tuple(sorted({each for each in notes if each})),
    )
    return (message,)


def _sent_at(mail: Mail, received_at: datetime, notes: list[str]) -> datetime | None:
    values = mail.all("date")
    found = next((each for each in map(dates.parse, values[:10]) if each), None)
    if found is None:
        notes.append("date-unreadable" if values else "no-date")
    elif found > received_at + _FUTURE:
        notes.append("future-date")
    return found


def _source_id(mail: Mail, own: str, sent_at: datetime | None, notes: list[str]) -> str:
    date = sent_at.isoformat() if sent_at else " ".join(mail.header("date").split())[:MAX_FIELD]
    if own:
        return f"{own} {date}".rstrip()
    notes.append("no-message-id")
    told = (mail.header("from"), date, mail.header("subject"), mail.header("to"), mail.text)
    return "sha256:" + hashlib.sha256("\0".join(told).encode()).hexdigest()


def _bounded(text: str, most: int, note: str, notes: list[str]) -> str:
    if len(text) > most:
        notes.append(note)
        return text[:most]
    return text


def _shown_html(mail: Mail, notes: list[str]) -> str:
    if not mail.html:
        return ""
    if len(mail.html) > html.MAX_HTML:
        notes.append("html-cut")
    return html.sanitize(html.bounded(mail.html))


def _attachment(part: Part) -> Attachment:
    return Attachment.of(
        part.content,
        name=safe_name(part.name),
        content_type=part.content_type[:MAX_FIELD],
        content_id=part.content_id[:MAX_FIELD],
        inline=part.disposition == "inline" or bool(part.content_id and not part.disposition),
    )


def _refs(mail: Mail, own: str) -> ThreadRefs:
    parents = identifiers.parse(" ".join(mail.all("references")))
    parents += tuple(each for each in identifiers.parse(mail.header("in-reply-to")) if each not in parents)
    return ThreadRefs(own=own, parents=tuple(each for each in parents if each != own), provider=_provider(mail))


def _provider(mail: Mail) -> str:
    gmail = mail.header("x-gm-thrid").strip()
    if gmail:
        return "gmail:" + gmail[:64]
    index = mail.header("thread-index")
    if not index:
        return ""
    try:
        root = binascii.a2b_base64(index)[:_THREAD_INDEX_ROOT]
    except (binascii.Error, ValueError):
        return ""
    return "outlook:" + base64.b64encode(root).decode() if len(root) == _THREAD_INDEX_ROOT else ""


def _fields(mail: Mail) -> dict[str, str]:
    wanted = {header: field for field, header in _FIELDS.items()}
    found: dict[str, str] = {}
    for name, value in mail.headers:
        field = wanted.get(name.lower())
        if field and value:
            found.setdefault(field, value[:MAX_FIELD])
    return found
