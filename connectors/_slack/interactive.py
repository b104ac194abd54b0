"""Commands, clicks and forms: what people tell an app otherwise than by a message.

Source: https://docs.slack.dev/interactivity/handling-user-interaction and
https://docs.slack.dev/interactivity/implementing-slash-commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors._slack.blocks import words as blocks_words
from connectors._slack.context import Context, clean
from connectors._slack.messages import words
from connectors._slack.payload import source_id
from connectors._slack.ts import moment
from connectors._slack.value import Json, first, items, mapping, text
from normalizer.events import Message, ThreadRefs

_SILENT = {"block_suggestion", "view_closed", "shortcut", "dialog_cancellation", "dialog_suggestion"}
_CHOSEN = ("selected_option", "selected_options")
_PLAIN = ("value", "selected_date", "selected_time", "selected_date_time", "selected_user", "selected_conversation",
          "selected_channel", "selected_users", "selected_conversations", "selected_channels")  # fmt: skip


def command(context: Context, found: Json) -> tuple[Message, ...]:
    """A slash command: it stands alone, since Slack puts it into no thread."""
    said = f"{text(found.get('command'))} {text(found.get('text'))}".strip()
    return (_message(context, found, text(found.get("user_id")), text(found.get("user_name")), said),)


def interaction(context: Context, found: Json) -> tuple[Message, ...]:
    """A click, a form, a shortcut on a message."""
    kind = text(found.get("type"))
    if kind in _SILENT:
        return ()
    message = mapping(found.get("message"))
    match kind:
        case "block_actions" | "interactive_message":
            said = "\n".join(filter(None, (_chosen(action) for action in items(found.get("actions")))))
        case "view_submission":
            said = "\n".join(_filled(mapping(found.get("view"))))
        case "dialog_submission":
            said = "\n".join(f"{name}: {_plain(value)}" for name, value in mapping(found.get("submission")).items())
        case "message_action":
            said = f"[{text(found.get('callback_id')) or 'shortcut'}]\n{words(context, message)}".strip()
        case _:
            said = ""
    user = mapping(found.get("user"))
    name = first((user.get("name"), user.get("username")))
    return (_message(context, found, text(user.get("id")), name, said),)


def _message(context: Context, found: Json, user: str, name: str, said: str) -> Message:
    raw, kind = context.raw, text(found.get("type"))
    own = source_id(found)
    said = clean(said)
    team = first(
        (mapping(found.get("user")).get("team_id"), mapping(found.get("team")).get("id"), found.get("team_id"))
    )
    container, message = mapping(found.get("container")), mapping(found.get("message"))
    about = first((message.get("ts"), container.get("message_ts"), found.get("message_ts")))
    root = first((message.get("thread_ts"), container.get("thread_ts"), about))
    seen = about and context.channel and not container.get("is_ephemeral")
    acted = (each.get("action_ts") for each in items(found.get("actions")))
    return Message(
        id=context.id(own),
        channel=raw.channel,
        account=raw.account,
        source_id=raw.source_id,
        sender=context.person(user or "unknown", team, name),
        received_at=raw.received_at,
        sent_at=moment(first((found.get("action_ts"), *acted))),
        origin=raw.origin,
        text=said or f"[{kind or 'command'}]",
        visible_text=said or f"[{kind or 'command'}]",
        refs=ThreadRefs(
            own=own,
            parents=(context.item(about),) if seen else (),
            provider=context.provider(root) if seen or context.direct else "",
        ),
        fields={"channel": context.channel} if context.channel else {},
        degradations=() if said else (f"unsupported:{kind[:50]}",),
    )


def _chosen(action: Json) -> str:
    """What somebody picked: the words on it, not the value that the app gave to it."""
    option = [*items(action.get("selected_options")), mapping(action.get("selected_option"))]
    shown = [first((mapping(each.get("text")).get("text"), each.get("text"), each.get("value"))) for each in option]
    if found := ", ".join(filter(None, shown)):
        return found
    label = first((mapping(action.get("text")).get("text"), action.get("text")))
    typed = next((_plain(action[name]) for name in _PLAIN if name in action), "")
    return label or typed or text(action.get("name"))


def _filled(view: Json) -> Iterator[str]:
    """The fields of a form by their labels."""
    values = mapping(mapping(view.get("state")).get("values"))
    labels = {text(block.get("block_id")): mapping(block.get("label")) for block in items(view.get("blocks"))}
    for block, actions in values.items():
        label = text(labels.get(block, {}).get("text")) or block
        for action in mapping(actions).values():
            if answer := _answer(mapping(action)):
                yield f"{label}: {answer}"


def _answer(action: Json) -> str:
    if rich := mapping(action.get("rich_text_value")):
        return blocks_words([rich], {})
    return _chosen({name: action[name] for name in (*_CHOSEN, *_PLAIN) if name in action})


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(each for each in value if isinstance(each, str))
    return str(value) if isinstance(value, str | int) else ""
