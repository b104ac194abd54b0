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


def draft(item: Item) -> Draft | None:
    """What a change tells, None when it is nobody's words: a like, a post of our own, something that we hid."""
    value, field = item.node["value"], item.field
    author = _author(value)
    if field not in _FIELDS and not author:
        return None
    if value["item"].text in _WORDLESS or value["verb"].text in _OURS:
        return None
    kind = _VERBS.get(value["verb"].text, "message")
    ours = author == item.entry != ""
    above = value["parent_id"].text
    about = value["comment_id"].text or value["id"].text or value["post_id"].text
    post = value["post_id"].text or value["media"]["id"].text or value["media_id"].text
    answers = above if above != post else ""
    if ours and not answers:
        return None  # what we publish is said to nobody in particular
    own = about or value["leadgen_id"].text or value["open_graph_story_id"].text or value["media_id"].text
    return _draft(item, kind, author, post or above or own, own, answers)


def _draft(item: Item, kind: Kind, author: str, post: str, own: str, answers: str) -> Draft:
    value = item.node["value"]
    ours = author == item.entry != ""
    at = value["created_time"].time or value["timestamp"].time or item.at.time
    named = own or nameless(item.raw)
    page = item.entry
    who = contact("meta", f"{page}:{author or f'unknown;{named}'}", _name(value))
    version = item.at.text or value["created_time"].text
    # A removal may not say who wrote it: then it goes where the comment is. So does our own answer.
    vouched = f"{post}:{who.address}" if author and not ours else ""
    return Draft(
        own=named if kind == "message" else f"{named};{kind};{version}" if kind == "edit" else f"{named};{kind}",
        sender=Contact("meta", page) if ours else who,
        to=() if ours else (Contact("meta", page),),
        thread=vouched,
        key=f"{page}:{post}",  # a comment, our answer and its removal go one after the other, whoever it is
        sent_at=at,
        kind="echo" if ours and kind == "message" else kind,
        parents=(named,) if kind != "message" else tuple(filter(None, (answers,))),
        content=_content(item) if kind != "deletion" else Content(fields=_facts(item)),
    )


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


def _author(value: Node) -> str:
    return value["from"]["id"].text or value["sender_id"].text or value["reviewer_id"].text


def _name(value: Node) -> str:
    author = value["from"]
    return author["name"].text or author["username"].text or value["sender_name"].text or value["reviewer_name"].text
