"""The words of a post: whole (long posts), with links as they lead, and without the codes of HTML.

X counts offsets of entities in a way that emoji and HTML codes upset, so links are found by what they are: a t.co address
stands once for one link.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from connectors._x.payload import MAX_TEXT, rows, table, text, texts

_LEADING = re.compile(r"(?:@\w{1,50}\s+)*")
_MOST_QUOTED = 3
_SHORT = ("https://t.co/", "http://t.co/")
_LONGEST_LINK = 4000


class Wording(msgspec.Struct, frozen=True):
    """What somebody wrote, and what was quoted with it."""

    visible: str
    quoted: str = ""

    @property
    def text(self) -> str:
        """Everything."""
        return "\n\n".join(each for each in (self.visible, self.quoted) if each)


def wording(data: dict[str, Any], includes: dict[str, Any]) -> Wording:
    """The words of a post or a direct message, and those of the posts that it quotes or shares."""
    shared = {text(each, "id"): text(each, "type") for each in rows(data, "referenced_tweets")}
    quoted = [each for each in rows(includes, "tweets") if shared.get(text(each, "id"), "replied_to") != "replied_to"][
        :_MOST_QUOTED
    ]
    handles = {text(each, "id"): text(each, "username") for each in rows(includes, "users")}
    lines = [_quoted(written(each), handles.get(text(each, "author_id"), "")) for each in quoted]
    return Wording(_with_poll(written(data), data, includes), "\n\n".join(lines))


def written(data: dict[str, Any]) -> str:
    """The whole text. A long post has its first 280 characters in `text` and all of them in `note_tweet`."""
    note = table(data, "note_tweet")
    words = _plain(text(note, "text") or text(data, "text"))
    for url in rows(table(note, "entities"), "urls") + rows(table(data, "entities"), "urls"):
        short, whole = text(url, "url"), text(url, "unwound_url") or text(url, "expanded_url")
        if short.startswith(_SHORT):
            words = words.replace(short, "" if text(url, "media_key") else whole[:_LONGEST_LINK] or short)[:MAX_TEXT]
    return words.strip()


def excerpt(data: dict[str, Any], includes: dict[str, Any]) -> dict[str, str]:
    """The start of each post that this one answers or quotes, by how it refers to it."""
    posts = {text(each, "id"): each for each in rows(includes, "tweets")}
    found = {}
    for each in rows(data, "referenced_tweets"):
        if (other := posts.get(text(each, "id"))) is not None:
            found[text(each, "type") or "shared"] = written(other)[:1000]
    return {name: found[name] for name in ("replied_to", "quoted", "shared") if name in found}


def inherited(data: dict[str, Any], posts: list[dict[str, Any]], user: str) -> bool:
    """Whether a post has our handle only because the one that it answers to has it: it is said to somebody else.

    Told only when the answered post is at hand and was ours or named us, and nothing but the leading handles does. What
    somebody adds to a talk with himself is always meant.
    """
    whom = text(data, "in_reply_to_user_id")
    if not user or whom in ("", user, text(data, "author_id")):
        return False
    handles = {text(each, "username").lower() for each in _mentions(data) if text(each, "id") == user}
    parents = {text(each, "id") for each in rows(data, "referenced_tweets") if text(each, "type") == "replied_to"}
    theirs = [each for each in posts if text(each, "id") in parents]
    named = any(
        text(each, "author_id") == user or user in {text(who, "id") for who in _mentions(each)} for each in theirs
    )
    words = text(data, "text")
    rest = words[_match_end(words) :].lower()
    return bool(handles) and named and not any(f"@{handle}" in rest for handle in handles)


def _match_end(words: str) -> int:
    found = _LEADING.match(words)
    return found.end() if found else 0


def _mentions(data: dict[str, Any]) -> list[dict[str, Any]]:
    return rows(table(data, "entities"), "mentions")


def _plain(words: str) -> str:
    """X writes three characters as HTML codes, and no others; the ampersand last, so that none is made anew."""
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _quoted(words: str, handle: str) -> str:
    lines = words.splitlines() or [""]
    head = f"@{handle}: " if handle else ""
    return "\n".join(f"> {line}" for line in [head + lines[0], *lines[1:]])


def _with_poll(words: str, data: dict[str, Any], includes: dict[str, Any]) -> str:
    mine = set(texts(table(data, "attachments"), "poll_ids"))
    options = [
        text(each, "label")
        for poll in rows(includes, "polls")
        if text(poll, "id") in mine
        for each in rows(poll, "options")
    ]
    return "\n".join([words, *(f"- {each}" for each in options)]).strip()
