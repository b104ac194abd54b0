"""What Slack sends, unwrapped: an event over HTTP or a socket, a command, a click, a message of a history.

Source: https://docs.slack.dev/apis/events-api, https://docs.slack.dev/apis/events-api/using-socket-mode,
https://docs.slack.dev/interactivity/handling-user-interaction#payloads.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qsl

import msgspec

from connectors._slack.value import Json, first, items, mapping, text
from normalizer.errors import Rejected

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 100
_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def payload(content_type: str, body: bytes) -> Json:
    """The payload in a body, out of its form or its socket's envelope. Raises `Rejected` for what is none."""
    if content_type.partition(";")[0].strip().lower() == FORM:
        return _of_form(body)
    found = decoded(body)
    return mapping(found["payload"]) if "envelope_id" in found and "payload" in found else found


def decoded(body: bytes) -> Json:
    """A JSON object. Half a surrogate pair, a cut emoji, becomes U+FFFD. Raises `Rejected` for anything else."""
    try:
        try:
            return msgspec.json.decode(body, type=Json)
        except msgspec.DecodeError:
            return msgspec.json.decode(_HALF.sub(rb"\\ufffd", body), type=Json)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Rejected("not-slack", f"this is no JSON object as Slack sends it ({error}): see who sends it") from None


def _of_form(body: bytes) -> Json:
    try:
        fields = dict(parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS, keep_blank_values=True, errors="strict"))
    except ValueError as error:
        raise Rejected("not-slack", f"this is no form as Slack sends it ({error}): see who sends it") from None
    return decoded(fields["payload"].encode()) if "payload" in fields else dict(fields)


def event_of(found: Json) -> Json:
    """The event itself: inside of its callback, or bare."""
    return mapping(found.get("event")) if found.get("type") == "event_callback" else found


def channel_of(event: Json) -> str:
    """The id of the conversation that an event is in, "" when it is in none."""
    inside = (event.get("item"), event.get("container"), event.get("message"))
    several = (event.get("channel"), mapping(event.get("channel")).get("id"), event.get("channel_id"))
    return first((*several, *(mapping(each).get(name) for each in inside for name in ("channel", "channel_id"))))


def thread_of(event: Json) -> str:
    """The ts of the root of the thread that an event is about, as far as it says."""
    message = mapping(event.get("message")) or mapping(event.get("previous_message")) or event
    item = mapping(event.get("item"))
    return first((message.get("thread_ts"), event.get("deleted_ts"), message.get("ts"), item.get("ts")))


def source_id(found: Json) -> str:
    """The name of a delivery: the same for each time that Slack sends it, by whatever way."""
    if event := text(found.get("event_id")):
        return f"event;{event[:200]}"
    if trigger := text(found.get("trigger_id")):
        return f"trigger;{trigger[:200]}"
    return f"payload;{hashlib.sha256(msgspec.json.encode(found, order='deterministic')).hexdigest()}"


def key(found: Json, channel_type: str) -> str | None:
    """The thread that a delivery belongs to, None when it belongs to none. `channel_type` counts where it says none."""
    event = event_of(found)
    channel = channel_of(event)
    if not channel:
        return None
    return (
        channel if direct(channel, text(event.get("channel_type")) or channel_type) else f"{channel}:{thread_of(event)}"
    )


def direct(channel: str, channel_type: str) -> bool:
    """Whether a conversation is among a few people, and so one conversation as a whole."""
    return channel_type in ("im", "mpim") or channel.startswith("D")


def workspace(found: Json) -> str:
    """The workspace where the app is installed; of a shared channel the outer id may be the other side's."""
    installed = (each.get("team_id") for each in items(found.get("authorizations")))
    return first((*installed, found.get("team_id"), mapping(found.get("team")).get("id")))
