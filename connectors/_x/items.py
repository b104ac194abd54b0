"""A page of X taken apart: each post or message with what it refers to, so that one of them can be read alone."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from connectors._media import Wanted
from connectors._x import snowflake
from connectors._x.keys import is_direct
from connectors._x.payload import rows, table, text, texts

_INCLUDES = {"users": "id", "tweets": "id", "media": "media_key", "polls": "id", "places": "id"}


class Item(msgspec.Struct, frozen=True):
    """One of a page: its `name` (the id, or a digest where it has none), and `body`, JSON like a page that holds it alone."""

    name: str
    data: dict[str, Any]
    body: bytes
    wanted: tuple[Wanted, ...]

    @property
    def number(self) -> int:
        """The id, 0 where it has none."""
        return snowflake.number(self.name)

    @property
    def watched(self) -> bool:
        """Whether this is a post with words of its own, which can be edited and looked up; messages and reposts are not."""
        kinds = {text(each, "type") for each in rows(self.data, "referenced_tweets")}
        return not is_direct(self.data) and "retweeted" not in kinds

    @property
    def older(self) -> list[str]:
        """The ids that an edited post had before."""
        return older(self.data)


def split(page: dict[str, Any]) -> list[Item]:
    """Every item, in the page's order, whatever it looks like."""
    found = page.get("data")
    each = found if isinstance(found, list) else [found] if found is not None else []
    known = {
        kind: {text(row, key): row for row in rows(table(page, "includes"), kind)} for kind, key in _INCLUDES.items()
    }
    return [_item(data, known, rows(page, "errors")) for data in each]


def older(data: dict[str, Any]) -> list[str]:
    """The ids that an edited post had before, the first one first; its history may also name later ones."""
    own = snowflake.number(text(data, "id"))
    before = [each for each in texts(data, "edit_history_tweet_ids") if 0 < snowflake.number(each) < own]
    return sorted(before, key=snowflake.number)


def next_token(page: dict[str, Any]) -> str:
    """The token of the next page, "" after the last."""
    return text(table(page, "meta"), "next_token")


def _item(data: Any, known: dict[str, dict[str, dict[str, Any]]], errors: list[dict[str, Any]]) -> Item:
    if not isinstance(data, dict):
        body = json.dumps({"data": data}).encode()
        return Item(_digest(body), {}, body, ())
    whole: dict[str, Any] = {"data": data}
    if includes := _includes(data, known):
        whole["includes"] = includes
    about = {text(each, "id") for each in rows(data, "referenced_tweets")} | {text(data, "id")}
    if mine := [each for each in errors if (text(each, "resource_id") or text(each, "value")) in about]:
        whole["errors"] = mine
    body = json.dumps(whole).encode()
    name = text(data, "id")
    return Item(name if snowflake.number(name) else _digest(body), data, body, wanted(data, rows(includes, "media")))


def _includes(data: dict[str, Any], known: dict[str, dict[str, dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    tweets = [known["tweets"][ref] for ref in _refs(data) if ref in known["tweets"]]
    names = {
        "users": [who for each in (data, *tweets) for who in _people(each)],
        "media": [key for each in (data, *tweets) for key in texts(table(each, "attachments"), "media_keys")],
        "polls": texts(table(data, "attachments"), "poll_ids"),
        "places": [text(table(data, "geo"), "place_id")],
    }
    found = {
        kind: [known[kind][name] for name in dict.fromkeys(wished) if name in known[kind]]
        for kind, wished in names.items()
    }
    return {kind: each for kind, each in (found | {"tweets": tweets}).items() if each}


def _refs(data: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(text(each, "id") for each in rows(data, "referenced_tweets")))


def _people(data: dict[str, Any]) -> list[str]:
    named = [text(data, name) for name in ("author_id", "sender_id", "in_reply_to_user_id")]
    return [*named, *texts(data, "participant_ids")]


def wanted(data: dict[str, Any], media: list[dict[str, Any]]) -> tuple[Wanted, ...]:
    """The files of an item: photos as they are, of a video its smallest form, else its preview."""
    mine = set(texts(table(data, "attachments"), "media_keys"))
    found = [(_address(each), each) for each in media if text(each, "media_key") in mine]
    return tuple(Wanted(url, text(each, "alt_text")[:200]) for url, each in found if url)


def _address(media: dict[str, Any]) -> str:
    if url := text(media, "url"):
        return url
    films = [each for each in rows(media, "variants") if text(each, "content_type") == "video/mp4"]
    smallest = min(films, key=lambda each: snowflake.number(text(each, "bit_rate")), default={})
    return text(smallest, "url") or text(media, "preview_image_url")


def _digest(body: bytes) -> str:
    return "sha256-" + hashlib.sha256(body).hexdigest()[:32]
