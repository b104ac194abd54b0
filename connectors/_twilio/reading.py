"""From a delivery of Twilio's to a message: pure, whichever way it came."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors._media import attachments
from connectors._twilio.consent import Consent, consent
from connectors._twilio.parameters import Told, callback_status, is_ours, parameters, sent_at, sid
from connectors._twilio.parties import POOL, Parties, network_of, parties
from connectors._twilio.whatsapp import extras, profile_name
from normalizer.errors import Rejected
from normalizer.events import Kind, Message, RawEvent, ThreadRefs
from normalizer.ids import message_id

MOST_MEDIA = 10

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_PLAIN = ("messagingservicesid", "fromcountry", "fromcity", "fromstate", "optouttype")
_NAMES = {"messagingservicesid": "messaging_service", "fromcountry": "country", "optouttype": "opt_out_type"}


def read(raw: RawEvent, keywords: Mapping[str, Consent]) -> tuple[Message, ...]:
    """The one message in a delivery. `keywords` mean a consent where they are all that is said. Raises `Rejected`."""
    told = parameters(raw.content_type, raw.body)
    if not sid(told):
        raise Rejected("no-sid", f"{raw.source_id} has no MessageSid, so that it is no message of Twilio's: discard it")
    if profile := profile_name(told):
        told = {**told, "profilename": profile}
    between = parties(told, raw.attributes.get(POOL, ""))
    status = callback_status(told)
    return (_status(raw, told, between, status) if status else _message(raw, told, between, keywords),)


def _status(raw: RawEvent, told: Told, between: Parties, status: str) -> Message:
    error = told.get("errorcode", "")
    fields = {
        "status": status,
        "error": error,
        "detail": told.get("errormessage") or told.get("channelstatusmessage", ""),
    }
    own = f"{sid(told)};{status}"
    refs = ThreadRefs(own=own, parents=(sid(told),), provider=between.thread)
    known = {name: text[:500] for name, text in fields.items() if text}
    return _made(raw, told, between, kind="status", refs=refs, fields=known)


def _message(raw: RawEvent, told: Told, between: Parties, keywords: Mapping[str, Consent]) -> Message:
    files, degradations = attachments(raw)
    text = _CONTROL.sub("", told.get("body", ""))
    more = extras(told)
    fields = {_NAMES.get(name, name[4:]): told[name][:200] for name in _PLAIN if told.get(name)} | more.fields
    notes: dict[str, Any] = {
        "control-characters": text != told.get("body", ""),
        "bad-encoding": "\ufffd" in text,
        f"sender-cannot-be-answered:{between.sender}": between.sender in ("name", "withheld"),
        "too-many-files": _number(told, "nummedia") > MOST_MEDIA,
    }
    if between.sender != "number":
        fields["sender"] = between.sender
    if _number(told, "numsegments") > 1:
        fields["segments"] = told["numsegments"][:10]
    if (network := network_of(told.get("from", ""))) not in ("", "sms", raw.channel.partition("_")[0]):
        fields["network"] = network
    text = text if text.strip() else more.text
    if more.unsupported:
        notes[f"unsupported:{more.unsupported}"] = True
        text = text or f"[{more.unsupported}]"
    if not (text.strip() or files or degradations):
        notes["empty"] = True
        text = "[empty message]"
    kind, about = _kind(raw, told, keywords)
    if kind == "consent":
        fields["consent"] = consent(told.get("body", ""), told.get("optouttype", ""), keywords) or ""
    replied = told.get("originalrepliedmessagesid", "")[:100]
    return _made(
        raw,
        told,
        between,
        kind=kind,
        about=about,
        text=text,
        visible_text=text,
        attachments=files,
        refs=ThreadRefs(own=sid(told), parents=(replied,) if replied else (), provider=between.thread),
        fields=fields,
        degradations=(*degradations, *(name for name, noted in notes.items() if noted)),
    )


def _kind(raw: RawEvent, told: Told, keywords: Mapping[str, Consent]) -> tuple[Kind, str]:
    """The kind of a message, and the id of the one that a reaction is about."""
    if is_ours(told):
        return "echo", ""
    opt_out = told.get("optouttype", "")
    if consent(told.get("body", ""), opt_out, keywords) and (opt_out or not _number(told, "nummedia")):
        return "consent", ""
    replied = told.get("originalrepliedmessagesid", "")[:100]
    if told.get("messagetype", "").lower() == "reaction" and replied:
        return "reaction", message_id(raw.channel, raw.account, replied)
    return "message", ""


def _made(raw: RawEvent, told: Told, between: Parties, *, kind: Kind, refs: ThreadRefs, **more: Any) -> Message:
    ours, customer = between.ours, between.customer
    verified = network_of(told.get("from", "")) == "whatsapp" and kind not in ("echo", "status")
    return Message(
        id=message_id(raw.channel, raw.account, refs.own),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=ours if kind == "echo" else customer,
        to=(customer if kind == "echo" else ours,),
        received_at=raw.received_at,
        sent_at=sent_at(told),
        origin=raw.origin,
        kind=kind,
        refs=refs,
        trust="verified" if verified else "",
        **more,
    )


def _number(told: Told, name: str) -> int:
    text = told.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
