"""Whose talk a post or a message belongs to: the thread that X vouches for, kept apart by customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors._x import snowflake
from connectors._x.payload import text


def is_direct(data: Mapping[str, Any]) -> bool:
    """Whether this is an event of direct messages, and not a post."""
    return bool({"event_type", "dm_conversation_id", "sender_id"} & data.keys()) and "conversation_id" not in data


def customer(data: Mapping[str, Any], user: str) -> str:
    """The id of the other side: the author, or whom our own account answers. "" when nobody is told."""
    author = text(data, "sender_id" if is_direct(data) else "author_id")
    if not user or author != user:
        return author
    if is_direct(data):
        return next((each for each in pair(text(data, "dm_conversation_id")) if each != user), "")
    answered = text(data, "in_reply_to_user_id")
    return "" if answered == user else answered


def thread(data: Mapping[str, Any], user: str) -> str:
    """What X vouches for: a conversation of direct messages, or one customer's part of a public thread, where many talk.

    "" when X does not tell. X names a conversation of two by both ids, the smaller first; a webhook may leave it out.
    """
    if is_direct(data):
        sides = sorted({customer(data, user), user} - {""}, key=snowflake.number)
        return text(data, "dm_conversation_id") or ("-".join(sides) if len(sides) == 2 else "")
    conversation, who = text(data, "conversation_id"), customer(data, user)
    return f"{conversation}:{who}" if conversation and who else ""


def pair(conversation: str) -> list[str]:
    """Both sides of a conversation of two; nobody for a group, whose id is a single number."""
    sides = conversation.split("-")
    return sides if len(sides) == 2 and all(snowflake.number(each) for each in sides) else []
