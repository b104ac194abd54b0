"""Comments, visitors' posts, mentions and reviews under a page or an Instagram account: public, one person's each. Pure.

The conversation is the post and who comments: many people talk under one post, and each is a customer of his own.
https://developers.facebook.com/docs/graph-api/webhooks/reference/page/ and
https://developers.facebook.com/docs/graph-api/webhooks/reference/instagram/
"""

from __future__ import annotations

from connectors._meta.batch import Item
from connectors._meta.content import Content, Draft, File, facts, nameless, unsupported
from connectors._meta.json_view import Node
from normalizer.events import Contact, Kind
from normalizer.identity import contact

_WORDLESS = ("like", "reaction")
_OURS = ("hide", "unhide", "block", "unblock", "follow", "unfollow", "mute")
_VERBS: dict[str, Kind] = {
    "edit": "edit",
    "edited": "edit",
    "update": "edit",
    "remove": "deletion",
    "delete": "deletion",
}
_FIELDS = ("feed", "comments", "live_comments", "mention", "mentions", "ratings", "leadgen")


class _Change:
    """Who did something under which post; `answers` is the comment that it answers, "" for one under the post itself."""

    def __init__(self, item: Item) -> None:
        value = item.node["value"]
        self.page = item.entry
        self.author = value["from"]["id"].text or value["sender_id"].text or value["reviewer_id"].text
        itself = bool(value["from"]["self_ig_scoped_id"])
        self.ours = itself or self.author == self.page != ""
        above = value["parent_id"].text
        post = value["post_id"].text or value["media"]["id"].text or value["media_id"].text
        about = value["comment_id"].text or value["id"].text or value["post_id"].text
        other = value["leadgen_id"].text or value["open_graph_story_id"].text or value["media_id"].text
        self.own = about or other or nameless(item.raw)
        self.post = post or above or self.own
        self.answers = above if above != post else ""
        self.kind: Kind = _VERBS.get(value["verb"].text, "message")


def draft(item: Item) -> Draft | None:
    """What a change tells, None when it is nobody's words: a like, a post of our own, something that we hid."""
    value, change = item.node["value"], _Change(item)
    if item.field not in _FIELDS and not change.author:
        return None
    if value["item"].text in _WORDLESS or value["verb"].text in _OURS:
        return None
    if change.ours and not change.answers:
        return None  # what we publish is said to nobody in particular
    return _draft(item, change)


def _draft(item: Item, change: _Change) -> Draft:
    value, kind = item.node["value"], change.kind
    who = contact("meta", f"{change.page}:{change.author or f'unknown;{change.own}'}", _name(value))
    us = Contact("meta", change.page)
    said = value["created_time"].time or value["timestamp"].time or item.at.time
    return Draft(
        own=_named(item, change),
        sender=us if change.ours else who,
        to=() if change.ours else (us,),
        # A removal may not say who wrote it: then it goes where the comment is. So does our own answer.
        thread=f"{change.post}:{who.address}" if change.author and not change.ours else "",
        key=f"{change.page}:{change.post}",  # a comment, our answer and its removal go one after the other
        sent_at=said if kind == "message" else item.at.time or said,
        kind="echo" if change.ours and kind == "message" else kind,
        outgoing=change.ours and kind != "message",
        parents=tuple(filter(None, (change.answers if kind == "message" else change.own,))),
        content=_content(item) if kind != "deletion" else Content(fields=_facts(item)),
    )


def _named(item: Item, change: _Change) -> str:
    """The comment's id; of its edits, which have none, also when and what."""
    if change.kind == "edit":
        return f"{change.own};edit;{item.at.text};{nameless(item.raw)[5:21]}"
    return change.own if change.kind == "message" else f"{change.own};{change.kind}"


def _content(item: Item) -> Content:
    value = item.node["value"]
    said = value["message"].text or value["text"].text or value["review_text"].text
    found = Content(said, _facts(item), tuple(File(url=url) for url in _files(value)))
    if said:
        return found
    if found.files:
        return Content("[photo]" if value["photo"] or value["photos"] else "[video]") + found
    if item.field in ("mention", "mentions"):  # Instagram tells of one without its words: they are asked for by its id
        return Content("[mention]", degradations=("text-missing",)) + found
    return unsupported(value["item"].text or item.field or "change") + found


def _files(value: Node) -> list[str]:
    urls = [value["photo"].text, value["video"].text, *(each.text for each in value["photos"])]
    return [url for url in dict.fromkeys(urls) if url][:100]


def _facts(item: Item) -> dict[str, str]:
    value = item.node["value"]
    return facts(
        public="true",
        post=value["post_id"].text or value["media"]["id"].text or value["media_id"].text,
        url=value["permalink_url"].text or value["post"]["permalink_url"].text or value["link"].text,
        field=item.field,
        item=value["item"].text,
        recommends=value["recommendation_type"].text,
        form=value["form_id"].text,
        lead=value["leadgen_id"].text,
        ad_id=value["ad_id"].text or value["media"]["ad_id"].text,
        test="true" if item.entry == "0" else "",
    )


def _name(value: Node) -> str:
    author = value["from"]
    return author["name"].text or author["username"].text or value["sender_name"].text or value["reviewer_name"].text
