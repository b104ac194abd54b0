"""The eye of the X channel: what a post, a direct message, a withdrawn post or a gap says. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors._media import attachments
from connectors._x import snowflake
from connectors._x.items import older
from connectors._x.keys import customer, is_direct, thread
from connectors._x.payload import loads, rows, table, text, texts
from connectors._x.wording import Wording, excerpt, inherited, wording
from normalizer.errors import Rejected
from normalizer.events import Contact, Kind, Message, RawEvent, ThreadRefs
from normalizer.identity import contact
from normalizer.ids import message_id

GAP_TYPE = "application/vnd.switchboard.gap+json"
"""The content type of a raw event that says what could not be fetched any more."""
DELETION_TYPE = "application/vnd.switchboard.deletion+json"
"""The content type of a raw event that says that a post is gone: X's own error about it."""
_NOBODYS = {"ParticipantsJoin", "ParticipantsLeave"}


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The message of one delivery; () for what concerns nobody: reposts, our own monologues, people joining a group.

    Raises `Rejected`; ``known-gap`` for what X gives no more, so that it stays countable and in sight.
    """
    whole = loads(raw.body, raw.source_id)
    if raw.content_type == GAP_TYPE:
        raise Rejected("known-gap", _gap(whole))
    if raw.content_type == DELETION_TYPE:
        return (_deletion(raw, whole),)
    data = table(whole, "data")
    if not snowflake.number(text(data, "id")):
        raise Rejected("no-id", f"{raw.source_id} has no id: fetch it from X again")
    found = _direct(raw, data, whole) if is_direct(data) else _post(raw, data, whole)
    return () if found is None else (found,)


def _post(raw: RawEvent, data: dict[str, Any], whole: dict[str, Any]) -> Message | None:
    user = raw.attributes.get("user", "")
    kinds = {text(each, "type") for each in rows(data, "referenced_tweets")}
    if "retweeted" in kinds:
        return None
    kind: Kind = "message"
    about = ""
    if user and text(data, "author_id") == user:
        if not customer(data, user):
            return None
        kind = "echo"
    degradations = []
    if before := older(data):
        first = raw.attributes.get("edits", before[0])
        if first:
            kind, about = "edit", first
        else:
            degradations.append("edited-before-seen")
    if inherited(data, rows(table(whole, "includes"), "tweets"), user):
        degradations.append("inherited-mention")
    if data.get("withheld"):
        degradations.append("withheld")
    degradations += [f"referenced-missing:{_slug(each)}" for each in rows(whole, "errors")[:5]]
    return _message(raw, data, whole, kind, about, degradations)


def _direct(raw: RawEvent, data: dict[str, Any], whole: dict[str, Any]) -> Message | None:
    event = text(data, "event_type") or "MessageCreate"
    if event in _NOBODYS:
        return None
    kind: Kind = "echo" if text(data, "sender_id") == raw.attributes.get("user", "-") else "message"
    unknown = [] if event == "MessageCreate" else [f"unsupported:{event[:40]}"]
    return _message(raw, data, whole, kind, "", unknown)


def _message(
    raw: RawEvent, data: dict[str, Any], whole: dict[str, Any], kind: Kind, about: str, degradations: list[str]
) -> Message:
    user, own, direct = raw.attributes.get("user", ""), text(data, "id"), is_direct(data)
    includes = table(whole, "includes")
    people = {text(each, "id"): each for each in rows(includes, "users")}
    author = text(data, "sender_id" if direct else "author_id")
    if not author:  # nobody is taken for another one who is not told either
        degradations.append("no-author")
    files, lost = attachments(raw)
    said = wording(data, includes)
    if not said.visible and not files:
        said = Wording(f"[{_thing(data, includes)}]", said.quoted)
    refers = [each for each in rows(data, "referenced_tweets") if text(each, "id")]
    return Message(
        id=message_id(raw.channel, raw.account, f"{about};edit;{own}" if about else own),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=_contact(author or f"unknown-{own}", people),
        received_at=raw.received_at,
        sent_at=_moment(text(data, "created_at")) or snowflake.moment(own),
        origin=raw.origin,
        kind=kind,
        to=_to(data, user, kind, people),
        text=said.text,
        visible_text=said.visible,
        attachments=files,
        refs=ThreadRefs(
            own=own,
            parents=(about,) if about else tuple(text(each, "id") for each in refers[:20]),
            provider=thread(data, user),
        ),
        fields=_fields(data, people.get(author, {}), includes, direct),
        degradations=tuple(dict.fromkeys([*degradations, *lost])),
        about=message_id(raw.channel, raw.account, about) if about else "",
    )


def _deletion(raw: RawEvent, whole: dict[str, Any]) -> Message:
    own, (_, _, who) = raw.attributes.get("id", ""), raw.attributes.get("thread", "").partition(":")
    if not snowflake.number(own):
        raise Rejected("no-id", f"{raw.source_id} names no post: it cannot be told what was deleted")
    why = _slug(whole)
    return Message(
        id=message_id(raw.channel, raw.account, f"{own};deletion"),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=contact("x", who or f"unknown-{own}"),
        received_at=raw.received_at,
        origin=raw.origin,
        kind="deletion",
        refs=ThreadRefs(own=f"{own};deletion", parents=(own,), provider=raw.attributes.get("thread", "")),
        fields={"why": why},
        about=message_id(raw.channel, raw.account, own),
    )


def _to(data: dict[str, Any], user: str, kind: Kind, people: dict[str, dict[str, Any]]) -> tuple[Contact, ...]:
    """Us; for what our own side said, the customer (a group of direct messages stands for its people)."""
    whom = (customer(data, user) or text(data, "dm_conversation_id")) if kind == "echo" else user
    return (_contact(whom, people),) if whom else ()


def _contact(who: str, people: dict[str, dict[str, Any]]) -> Contact:
    """Known by the id, which stays; the handle, which may change, is part of the name."""
    person = people.get(who, {})
    name, handle = text(person, "name"), text(person, "username")
    return contact("x", who, f"{name} (@{handle})" if name and handle else name or handle)


def _fields(data: dict[str, Any], author: dict[str, Any], includes: dict[str, Any], direct: bool) -> dict[str, str]:
    found = {
        "visibility": "direct" if direct else "public",
        "username": text(author, "username"),
        "protected": "true" if author.get("protected") is True else "",
        "lang": text(data, "lang"),
        "withheld": " ".join(texts(table(data, "withheld"), "country_codes")),
        **excerpt(data, includes),
    }
    return {name: value for name, value in found.items() if value}


def _thing(data: dict[str, Any], includes: dict[str, Any]) -> str:
    media = rows(includes, "media")
    if direct := text(data, "event_type"):
        return text(media[0], "type") if media else ("empty" if direct == "MessageCreate" else direct[:40])
    return text(media[0], "type") if media else "empty"


def _gap(whole: dict[str, Any]) -> str:
    after, before = (snowflake.moment(text(whole, name)) for name in ("after", "before"))
    return (
        f"{text(whole, 'source')}: what came between {after} and {before} may be missing "
        f"({text(whole, 'why')}): look at X itself for that time, then discard this"
    )


def _slug(problem: dict[str, Any]) -> str:
    """The last part of a problem's type, as in ``resource-not-found``."""
    return text(problem, "type").rpartition("/")[2][:60] or "unknown"


def _moment(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
