"""What X shows of a post, a message or a user: only the fields and expansions that were asked for.

https://docs.x.com/x-api/fundamentals/data-dictionary and https://docs.x.com/x-api/fundamentals/expansions.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.fakes._x.world import Event, File, Post, User, World, created_at

_ALWAYS = {"id", "text", "edit_history_tweet_ids"}


class View:
    """One request's fields and expansions over a world; `base` is where files are."""

    def __init__(self, world: World, asked: Mapping[str, str], base: str) -> None:
        self._world, self._base = world, base
        self._fields = {name: set(asked.get(f"{name}.fields", "").split(",")) for name in ("tweet", "user", "dm_event")}
        self._expansions = set(asked.get("expansions", "").split(","))

    def posts(self, posts: Sequence[Post]) -> dict[str, Any]:
        """The body for some posts, without its meta."""
        body: dict[str, Any] = {"data": [self._post(each) for each in posts]} if posts else {}
        others = [self._world.posts[ref] for each in posts for _, ref in each.refers if ref in self._world.posts]
        seen = (
            [each for each in others if self._world.visible(each)] if "referenced_tweets.id" in self._expansions else []
        )
        people = [each.author for each in posts] if "author_id" in self._expansions else []
        if "in_reply_to_user_id" in self._expansions:
            people += [each.reply_to.author for each in posts if each.reply_to]
        if "referenced_tweets.id.author_id" in self._expansions:
            people += [each.author for each in seen]
        files = [each.file for each in posts if each.file]
        gone = [each for each in others if each not in seen] if "referenced_tweets.id" in self._expansions else []
        return self._with(body, people, seen, files, [missing(each.id, "referenced_tweets.id", each) for each in gone])

    def events(self, events: Sequence[Event]) -> dict[str, Any]:
        """The body for some events of direct messages, without its meta."""
        body: dict[str, Any] = {"data": [self._event(each) for each in events]} if events else {}
        people = [each.sender for each in events] if "sender_id" in self._expansions else []
        shared = [self._world.posts[each.shares] for each in events if each.shares]
        return self._with(body, people, shared, [each.file for each in events if each.file], [])

    def user(self, user: User) -> dict[str, Any]:
        """A user."""
        shown = {"id": user.id, "name": user.name, "username": user.username}
        return shown | ({"protected": user.hidden == "protected"} if "protected" in self._fields["user"] else {})

    def _with(
        self,
        body: dict[str, Any],
        people: list[User],
        posts: list[Post],
        files: list[File],
        errors: list[dict[str, Any]],
    ) -> dict[str, Any]:
        includes: dict[str, Any] = {}
        if people:
            includes["users"] = [self.user(each) for each in {each.id: each for each in people}.values()]
        if posts:
            includes["tweets"] = [self._post(each) for each in posts]
        if files and "attachments.media_keys" in self._expansions:
            includes["media"] = [self._file(each) for each in files]
        return body | ({"includes": includes} if includes else {}) | ({"errors": errors} if errors else {})

    def _post(self, post: Post) -> dict[str, Any]:
        whole: dict[str, Any] = {
            "id": post.id,
            "text": html.escape(post.text, quote=False),
            "edit_history_tweet_ids": post.history,
            "author_id": post.author.id,
            "conversation_id": post.conversation,
            "created_at": created_at(post.id),
            "lang": "en",
            "entities": self._entities(post),
            **post.more,
        }
        if post.reply_to:
            whole["in_reply_to_user_id"] = post.reply_to.author.id
        if post.refers:
            whole["referenced_tweets"] = [{"type": kind, "id": ref} for kind, ref in post.refers]
        if post.file:
            whole["attachments"] = {"media_keys": [post.file.key]}
        if post.long:
            whole["note_tweet"] = {"text": html.escape(post.long, quote=False)}
        return {name: value for name, value in whole.items() if name in _ALWAYS | self._fields["tweet"]}

    def _entities(self, post: Post) -> dict[str, Any]:
        """Without offsets: whoever believes them is fooled by emoji."""
        urls: list[dict[str, Any]] = [{"url": short, "expanded_url": url} for short, url in post.links.items()]
        if post.file:
            urls.append(
                {"url": "https://t.co/photo", "expanded_url": "https://x.com/photo/1", "media_key": post.file.key}
            )
        named = [{"id": each.id, "username": each.username} for each in self._world.mentioned(post)]
        return {name: found for name, found in (("urls", urls), ("mentions", named)) if found}

    def _event(self, event: Event) -> dict[str, Any]:
        whole: dict[str, Any] = {
            "id": event.id,
            "event_type": event.kind,
            "dm_conversation_id": event.conversation,
            "sender_id": event.sender.id,
            "created_at": created_at(event.id),
        }
        if event.kind == "MessageCreate":
            whole["text"] = html.escape(event.text, quote=False)
        else:
            whole["participant_ids"] = event.participants
        if event.file:
            whole["attachments"] = {"media_keys": [event.file.key]}
        if event.shares:
            whole["referenced_tweets"] = [{"id": event.shares}]
        return {
            name: each
            for name, each in whole.items()
            if name in {"id", "event_type", "text"} | self._fields["dm_event"]
        }

    def _file(self, file: File) -> dict[str, Any]:
        return {"media_key": file.key, "type": "photo", "url": f"{self._base}/files/{file.key}"}


def missing(wanted: str, parameter: str, post: Post | None) -> dict[str, Any]:
    """The partial error for a post that is not shown: gone, or its author hides."""
    hidden = post is not None and not post.deleted and bool(post.author.hidden)
    kind, title = (
        ("not-authorized-for-resource", "Authorization Error") if hidden else ("resource-not-found", "Not Found Error")
    )
    return {
        "value": wanted,
        "resource_id": wanted,
        "parameter": parameter,
        "resource_type": "tweet",
        "title": title,
        "detail": f"Could not find tweet with {parameter}: [{wanted}].",
        "type": f"https://api.twitter.com/2/problems/{kind}",
    }
