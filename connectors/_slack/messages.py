"""Messages, their edits and deletions, and reactions: the events of the Events API that people cause by talking.

Source: https://docs.slack.dev/reference/events/message and its subtypes.
"""

from __future__ import annotations

import msgspec

from connectors._media import MEDIA, attachments
from connectors._slack import blocks
from connectors._slack.context import Context, clean, team_of
from connectors._slack.mrkdwn import plain
from connectors._slack.ts import moment
from connectors._slack.value import Json, first, items, mapping, text
from normalizer.errors import Rejected
from normalizer.events import Contact, Kind, Message, ThreadRefs

_SAID = {"", "bot_message", "file_share", "file_mention", "me_message", "thread_broadcast", "file_comment"}
_SILENT = {
    *(f"{place}_{what}" for place in ("channel", "group") for what in (
        "join", "leave", "topic", "purpose", "name", "archive", "unarchive", "posting_permissions",
    )),
    "channel_convert_to_private", "channel_convert_to_public", "channel_canvas_updated", "pinned_item", "unpinned_item",
    "bot_add", "bot_remove", "bot_enable", "bot_disable", "message_replied", "reply_broadcast", "reminder_add",
    "app_conversation_join", "joiner_notification", "joiner_notification_for_inviter", "assistant_app_thread",
    "sh_room_created", "sh_room_shared", "ekm_access_denied", "document_mention", "document_comment_root",
}  # fmt: skip
_SLACKBOT = "USLACKBOT"


def spoken(context: Context, event: Json) -> tuple[Message, ...]:
    """What an event of type ``message`` or ``app_mention`` says, by its subtype."""
    match text(event.get("subtype")):
        case "message_changed":
            return _changed(context, event)
        case "message_deleted":
            return _deleted(context, event)
        case "tombstone":
            return (_withdrawn(context, text(event.get("ts")), event, text(event.get("ts"))),)
        case subtype if subtype in _SILENT:
            return ()
        case _:
            return (_said(context, event),)


def edited(context: Context, found: Json) -> tuple[Message, ...]:
    """The edit of a message that a history shows in its last form."""
    return (_edit(context, found, text(mapping(found.get("edited")).get("ts"))),)


def reacted(context: Context, event: Json) -> tuple[Message, ...]:
    """A reaction to a message that came or went; to files there are some too, which belong to no conversation."""
    item = mapping(event.get("item"))
    if item.get("type", "message") != "message" or not text(item.get("ts")):
        return ()
    sign, about = clean(text(event.get("reaction")))[:100], context.item(text(item["ts"]))
    added = event.get("type") == "reaction_added"
    own = ";".join(
        (about, "reaction", text(event.get("user")), sign, "+" if added else "-", text(event.get("event_ts")))
    )
    sent = moment(text(event.get("event_ts")))
    found = _message(context, event, own, "reaction", f":{sign}:" if added else "")
    return (
        msgspec.structs.replace(
            found,
            sent_at=sent,
            about=context.id(about),
            refs=ThreadRefs(own=own, parents=(about,), provider=context.channel if context.direct else ""),
            fields={**found.fields, "reaction": sign, "action": "added" if added else "removed"},
        ),
    )


def words(context: Context, said: Json) -> str:
    """All that a message says: its text, or its blocks when they are more than what was typed, and attachments."""
    typed = plain(text(said.get("text")), context.names)
    shown = blocks.words(said.get("blocks"), context.names)
    if shown and (not typed.strip() or not blocks.is_only_rich(said.get("blocks"))):
        summary = typed.strip()
        typed = shown if " ".join(summary.split()) in " ".join(shown.split()) else f"{summary}\n{shown}"
    attached = blocks.attached(said.get("attachments"), context.names)
    linked = "\n".join(filter(None, map(_linked, items(said.get("files")))))
    return clean("\n".join(part for part in (typed, attached, linked) if part.strip()))


def is_hosted(file: Json) -> bool:
    """Whether Slack has the bytes of a file: not of one that was deleted, hidden by a plan, or that is elsewhere."""
    return not file.get("is_external") and file.get("mode") not in ("external", "tombstone", "hidden_by_limit")


def _linked(file: Json) -> str:
    if file.get("mode") in ("tombstone", "hidden_by_limit"):
        return "[a file that is no longer there]"
    if is_hosted(file):
        return ""
    return " ".join(filter(None, (first((file.get("title"), file.get("name"))), text(file.get("url_private")))))


def _said(context: Context, said: Json) -> Message:
    ts, subtype = text(said.get("ts")), text(said.get("subtype"))
    if moment(ts) is None or not context.channel:
        raise Rejected("no-id", "a message of Slack has no channel or no ts: see who sends it")
    content, kind = words(context, said), _kind(context, said)
    unsupported = () if subtype in _SAID or kind != "message" else (f"unsupported:{subtype[:50]}",)
    found = _message(context, said, context.item(ts), kind, content)
    if not content.strip() and not found.attachments:
        names = [clean(first((file.get("name"), file.get("title"), file.get("id"))))[:200] for file in _hosted(said)]
        content = "\n".join(f"[file: {name}]" for name in names) or f"[{_first_block(said) or subtype or 'empty'}]"
        unsupported = unsupported or (() if names else (f"unsupported:{_first_block(said) or 'empty'}",))
    root = first((said.get("thread_ts"), ts))
    return msgspec.structs.replace(
        found,
        text=content,
        visible_text=content,
        refs=ThreadRefs(
            own=context.item(ts),
            parents=(context.item(root),) if root != ts else (),
            provider=context.provider(root),
        ),
        to=_to(context, said, ours=kind == "echo"),
        degradations=(*found.degradations, *unsupported),
    )


def _message(context: Context, said: Json, own: str, kind: Kind, content: str) -> Message:
    """What every message has: the sender, the time, the files that the hand fetched."""
    raw, team = context.raw, team_of(said)
    files, missing = attachments(raw)
    if _hosted(said) and MEDIA not in raw.attributes:
        missing = ("media-missing:not-fetched",)
    fields = {"channel": context.channel, "team": team if team != context.team else "", "bot": text(said.get("bot_id"))}
    return Message(
        id=context.id(own),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=context.party(said),
        received_at=raw.received_at,
        sent_at=moment(text(said.get("ts"))),
        origin=raw.origin,
        kind=kind,
        text=content,
        visible_text=content,
        attachments=files,
        refs=ThreadRefs(own=own),
        fields={name: clean(value)[:100] for name, value in fields.items() if value},
        degradations=missing,
    )


def _kind(context: Context, said: Json) -> Kind:
    """Bots speak for people, and are heard; but not our own, and not one that answers ours, which would never end."""
    subtype, user = text(said.get("subtype")), text(said.get("user"))
    if context.is_ours(said):
        return "echo"
    if subtype == "huddle_thread":
        return "call"
    answers_us = bool(said.get("bot_id")) and text(said.get("parent_user_id")) in context.own
    return "auto_reply" if answers_us or user == _SLACKBOT or subtype == "slackbot_response" else "message"


def _to(context: Context, said: Json, *, ours: bool) -> tuple[Contact, ...]:
    """Whom our side spoke to: the other party, or whoever began the thread. Others speak to the channel."""
    found = first((context.partner, said.get("parent_user_id"), mapping(said.get("root")).get("user")))
    return (context.person(found),) if ours and found and found not in context.own else ()


def _changed(context: Context, event: Json) -> tuple[Message, ...]:
    now, before = mapping(event.get("message")), mapping(event.get("previous_message"))
    subtype, ts = text(now.get("subtype")), text(now.get("ts"))
    if subtype == "tombstone":  # what is left of a deleted message that has replies
        return (_withdrawn(context, ts, before or now, text(event.get("ts"))),)
    version = text(mapping(now.get("edited")).get("ts"))
    same_words = bool(before) and words(context, now) == words(context, before)
    if subtype in _SILENT or (version == text(mapping(before.get("edited")).get("ts")) and (same_words or not before)):
        return ()  # Slack adds previews and counts replies by the same event
    return (_edit(context, now, version or text(event.get("ts"))),)


def _edit(context: Context, now: Json, version: str) -> Message:
    found = _said(context, now)
    own = f"{found.refs.own};edit;{version}"
    refs = ThreadRefs(own=own, parents=(found.refs.own,), provider=found.refs.provider)
    return msgspec.structs.replace(
        found,
        id=context.id(own),
        kind="edit",
        about=found.id,
        refs=refs,
        sent_at=moment(version) or found.sent_at,
        outgoing=found.kind == "echo",
    )


def _deleted(context: Context, event: Json) -> tuple[Message, ...]:
    before = mapping(event.get("previous_message"))
    gone = first((event.get("deleted_ts"), before.get("ts")))
    if text(before.get("subtype")) in _SILENT:
        return ()
    return (_withdrawn(context, gone, before, text(event.get("ts"))),)


def _withdrawn(context: Context, gone: str, before: Json, at: str) -> Message:
    """A deletion. Who deleted is not told; it may have been an administrator, and counts as the author's word."""
    if moment(gone) is None or not context.channel:
        raise Rejected("no-id", "a deletion in Slack has no channel or names no message: see who sends it")
    about = context.item(gone)
    own, root = f"{about};deletion", text(before.get("thread_ts")) or (gone if before else "")
    found, ours = _message(context, {**before, "files": []}, own, "deletion", ""), context.is_ours(before)
    return msgspec.structs.replace(
        found,
        to=_to(context, before, ours=ours),
        outgoing=ours,
        about=context.id(about),
        sent_at=moment(at),
        refs=ThreadRefs(own=own, parents=(about,), provider=context.provider(root) if root or context.direct else ""),
        degradations=(),
    )


def _hosted(said: Json) -> list[Json]:
    return [file for file in items(said.get("files")) if is_hosted(file)]


def _first_block(said: Json) -> str:
    return clean(first(block.get("type") for block in items(said.get("blocks"))))[:50]
