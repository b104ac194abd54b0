"""A Facebook page or an Instagram account, and the people who write to it and under its posts.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events and
https://developers.facebook.com/docs/instagram-platform/webhooks/examples
"""

from __future__ import annotations

import time

from connectors.fakes._meta.outbox import Json, Outbox, now_ms, serial


class Page(Outbox):
    """One page (`object` is ``page``) or account (``instagram``). Each method queues one update."""

    def text(self, person: str, text: str, *, answers: str = "", standby: bool = False) -> str:
        """Somebody writes; in `standby` another app is in charge of the conversation. Returns the mid."""
        more = {"reply_to": {"mid": answers}} if answers else {}
        return self.message(person, {"text": text, **more}, "standby" if standby else "messaging")

    def attachment(self, person: str, kind: str, url: str) -> str:
        """Somebody sends a file, a share, a story mention …"""
        return self.message(person, {"attachments": [{"type": kind, "payload": {"url": url}}]})

    def message(self, person: str, said: Json, kind: str = "messaging") -> str:
        """A message with any content."""
        mid = self._mid()
        self.event(person, {"message": {"mid": mid, **said}}, kind)
        return mid

    def echo(self, person: str, text: str, app: str = "") -> str:
        """The page answers with another tool."""
        mid = self._mid()
        said = {"mid": mid, "text": text, "is_echo": True} | ({"app_id": app} if app else {})
        update = {"sender": {"id": self.id}, "recipient": {"id": person}, "timestamp": now_ms(), "message": said}
        self.tell("messaging", update)
        return mid

    def postback(self, person: str, title: str, payload: str) -> None:
        """Somebody presses a button: "Get Started", an ice breaker."""
        self.event(person, {"postback": {"mid": self._mid(), "title": title, "payload": payload}})

    def reaction(self, person: str, about: str, reaction: str, emoji: str) -> None:
        """Somebody reacts; without an emoji he takes it back."""
        told = {"mid": about, "action": "react", "reaction": reaction, "emoji": emoji}
        self.event(person, {"reaction": told if emoji else {"mid": about, "action": "unreact"}})

    def edit(self, person: str, about: str, text: str, version: int = 1) -> None:
        """Somebody changes what he wrote."""
        self.event(person, {"message_edit": {"mid": about, "text": text, "num_edit": version}})

    def unsend(self, person: str, about: str) -> None:
        """Somebody takes back what he wrote."""
        self.event(person, {"message": {"mid": about, "is_deleted": True}})

    def seen(self, person: str) -> None:
        """Somebody has read everything until now."""
        self.event(person, {"read": {"watermark": now_ms()}})

    def event(self, person: str, told: Json, kind: str = "messaging") -> None:
        """Anything else that a person does."""
        self.tell(kind, {"sender": {"id": person}, "recipient": {"id": self.id}, "timestamp": now_ms(), **told})

    def comment(self, person: str, name: str, post: str, text: str, *, under: str = "", verb: str = "add") -> str:
        """Somebody comments on a post of a page, or answers the comment `under` it. Returns the comment's id."""
        comment = under if verb != "add" else f"{post}_{serial()}"
        value = {
            "item": "comment",
            "verb": verb,
            "post_id": post,
            "comment_id": comment,
            "parent_id": under if under and verb == "add" else post,
            "from": {"id": person, "name": name},
            "message": text,
            "created_time": int(time.time()),
        }
        self.tell("changes", {"field": "feed", "value": value})
        return comment

    def _mid(self) -> str:
        return f"m_{self.id}-{time.time_ns()}-{serial()}"
