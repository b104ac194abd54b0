"""From a raw record of the chat to its message: pure, so that history can be read again."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from connectors._media import attachments
from connectors._webchat.frames import Answer, Read, Say
from normalizer.errors import Rejected
from normalizer.events import Contact, Kind, Message, RawEvent, ThreadRefs
from normalizer.identity import contact
from normalizer.ids import message_id

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_EARLY = timedelta(minutes=5)  # that a browser's clock may be ahead
_LATE = timedelta(days=60)  # longer than any queue of a browser is kept
_CLAIMS = ("email", "phone", "topic")
_VISITOR = msgspec.json.Decoder(Say | Read)
_AGENT = msgspec.json.Decoder(Answer)


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The one message of a record: words, an agent's words (`echo`), or that something was read (`status`)."""
    try:
        if raw.attributes.get("by") == "agent":
            return (_answer(raw, _AGENT.decode(raw.body)),)
        frame = _VISITOR.decode(raw.body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Rejected("bad-frame", f"{raw.source_id} is no frame of the chat ({error}): discard it") from error
    return (_said(raw, frame) if isinstance(frame, Say) else _receipt(raw, frame),)


def _said(raw: RawEvent, frame: Say) -> Message:
    files, degradations = attachments(raw)
    text = _CONTROLS.sub("", frame.text)
    sent_at, doubt = _sent_at(frame.at, raw.received_at)
    known = _is_known(raw)
    claims = {name: getattr(frame.profile, name).strip() for name in _CLAIMS}
    fields = {} if known else {name: claim for name, claim in claims.items() if claim}
    if page := raw.attributes.get("page"):
        fields["page"] = page
    notes = {
        "unverified-sender": not known,
        "control-characters": text != frame.text,
        "bad-timestamp": doubt,
    }
    return _message(
        raw,
        kind="message",
        own=frame.id,
        sender=_customer(raw, frame.profile.name),
        sent_at=sent_at,
        text=text,
        attachments=files,
        fields=fields,
        trust="verified" if known else "unknown",
        degradations=(*(name for name, noted in notes.items() if noted), *degradations),
    )


def _receipt(raw: RawEvent, frame: Read) -> Message:
    sent_at, _ = _sent_at(frame.at, raw.received_at)
    return _message(
        raw,
        kind="status",
        own=f"read;{frame.id}",
        parents=(frame.id,),
        sender=_customer(raw),
        sent_at=sent_at,
        fields={"status": "read", "error": ""},
    )


def _answer(raw: RawEvent, answer: Answer) -> Message:
    text = _CONTROLS.sub("", answer.text)
    sent_at, _ = _sent_at(answer.at, raw.received_at)
    return _message(
        raw,
        kind="echo",
        own=answer.id,
        sender=contact("chat", f"{raw.account}/agents", answer.name),
        to=(contact("chat", answer.session),),
        sent_at=sent_at,
        text=text,
    )


def _message(
    raw: RawEvent, *, kind: Kind, own: str, text: str = "", parents: tuple[str, ...] = (), **more: object
) -> Message:
    return Message(
        id=message_id(raw.channel, raw.account, raw.source_id),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        received_at=raw.received_at,
        origin=raw.origin,
        kind=kind,
        text=text,
        visible_text=text,
        refs=ThreadRefs(own=own, parents=parents, provider=raw.key or raw.source_id.partition(";")[0]),
        **more,  # type: ignore[arg-type]  # each caller names fields of a message
    )


def _is_known(raw: RawEvent) -> bool:
    """Whether the site's server has signed who this is."""
    return bool(raw.attributes.get("user"))


def _customer(raw: RawEvent, claimed: str = "") -> Contact:
    """Whoever is verified; else the session itself, whatever address was typed: a claim makes nobody a customer."""
    known = raw.attributes
    if not _is_known(raw):
        return contact("chat", raw.key or raw.source_id.partition(";")[0], claimed)
    if "@" in known.get("email", ""):
        return contact("email", known["email"], known.get("name", ""))
    return contact("chat", f"{raw.account}/{known['user']}", known.get("name", ""))


def _sent_at(at: float | None, received: datetime) -> tuple[datetime | None, bool]:
    """When it was written by the browser's clock, and whether that cannot be."""
    if at is None:
        return None, False
    try:
        found = datetime.fromtimestamp(at / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None, True
    if not received - _LATE <= found <= received + _EARLY:
        return None, True
    return found, False
