"""From a raw record to messages: pure, so that history can be read again."""

from __future__ import annotations

from connectors._slack import interactive
from connectors._slack.context import Context
from connectors._slack.messages import edited, reacted, spoken
from connectors._slack.payload import event_of, payload
from connectors._slack.value import mapping, text
from normalizer.errors import Rejected
from normalizer.events import Message, RawEvent

VIA = "via"
"""The attribute that says how a record came: ``socket``, ``door``, ``history``, or ``edit`` (a history shows it edited)."""


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The messages in a record; none for what concerns nobody. Raises `Rejected` for what Slack does not send."""
    found = payload(raw.content_type, raw.body)
    context = Context.of(raw, found)
    if "command" in found and "type" not in found:
        return interactive.command(context, found)
    event = event_of(found)
    match text(event.get("type")):
        case "message" if raw.attributes.get(VIA) == "edit":
            return edited(context, event)
        case "message" | "app_mention":
            return spoken(context, event)
        case "reaction_added" | "reaction_removed":
            return reacted(context, event)
        case "":
            raise Rejected("not-slack", "this JSON has no type, which all that Slack sends has: see who sends it")
        case _ if found.get("type") != "event_callback" and mapping(found.get("user")).get("id") and _acts(found):
            return interactive.interaction(context, found)
        case _:
            return ()  # of more than a hundred other events none is a person's word


def _acts(found: dict[str, object]) -> bool:
    """Whether it is a payload of an interaction: only these can be answered, or carry a trigger."""
    return any(name in found for name in ("trigger_id", "response_url", "actions", "callback_id", "view"))
