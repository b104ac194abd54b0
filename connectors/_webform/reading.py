"""From a raw record of a form to its message: pure, so that history can be read again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from connectors._webform.decode import TEXT_LIMIT, Fields, decode
from connectors._webform.submission import File, Submission, submission
from normalizer.errors import Rejected
from normalizer.events import Attachment, Contact, Message, RawEvent, ThreadRefs
from normalizer.identity import contact, phone_number
from normalizer.ids import message_id

RECORD = "application/vnd.switchboard.form+json"
"""The media type of a raw record that stands for a multipart post, whose own bytes are in the blob store."""

_RECORD_LIMIT = 3 * TEXT_LIMIT  # bytes; text of control characters alone would grow more than that as JSON
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")


class Record(msgspec.Struct, frozen=True):
    """The fields of a multipart post in their order, and its files by reference."""

    fields: Fields
    files: tuple[File, ...]
    guessed: bool = False

    def encode(self) -> bytes:
        """The body of the raw record, which always fits a topic. Raises `Rejected` for what is no text."""
        body = msgspec.json.encode(self)
        if len(body) > _RECORD_LIMIT:
            raise Rejected("too-large", "the fields are mostly control characters: send text")
        return body


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The one message of a post, or none when it says nothing. Raises `Rejected` when it cannot be read."""
    honeypot = raw.attributes.get("honeypot", "")
    if raw.content_type == RECORD:
        try:
            record = msgspec.json.decode(raw.body, type=Record)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Rejected("broken-record", f"the record of a form is broken ({error}): discard it") from error
        found, guessed = submission(record.fields, record.files, honeypot=honeypot), record.guessed
    else:
        post = decode(raw.content_type, raw.body)
        found, guessed = submission(post.fields, honeypot=honeypot), post.guessed
    return () if found.empty else (_message(raw, found, guessed=guessed),)


def sender_email(text: str) -> Contact | None:
    """The contact of a mail address that somebody typed; None when it can be no address."""
    party = contact("email", text)
    return party if _EMAIL.fullmatch(party.address) else None


def _message(raw: RawEvent, found: Submission, *, guessed: bool) -> Message:
    region = raw.attributes.get("region", "")
    fields = dict(found.fields)
    degradations = ["unverified-sender"]  # anybody can type anybody's address
    if found.phone:
        fields["phone"] = phone_number(found.phone, region)
    party = sender_email(found.email) if found.email else None
    if found.email and party is None:
        fields["email"] = found.email
        degradations.append("bad-email")
    if party is None and fields.get("phone", "").startswith("+"):
        party = contact("tel", found.phone, region=region)
    if party is None:
        party = Contact("form", raw.source_id)
    notes: Mapping[str, Any] = {
        "honeypot": raw.attributes.get("honeypot"),
        "too-long": found.cut,
        "control-characters": found.cleaned,
        "charset-guessed": guessed,
    }
    degradations += [name for name, noted in notes.items() if noted]
    return Message(
        id=message_id(raw.channel, raw.account, raw.source_id),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=contact(party.scheme, party.address, found.name),
        received_at=raw.received_at,
        origin=raw.origin,
        subject=found.subject,
        text=found.message,
        visible_text=found.message,
        attachments=tuple(
            Attachment(sha256=file.sha256, size=file.size, name=file.name, content_type=file.content_type)
            for file in found.files
        ),
        refs=ThreadRefs(own=raw.source_id),
        fields=fields,
        degradations=tuple(degradations),
    )
