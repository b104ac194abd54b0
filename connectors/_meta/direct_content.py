"""What a direct message of Messenger or Instagram says.

https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messages and
https://developers.facebook.com/docs/instagram-platform/webhooks/examples
"""

from __future__ import annotations

from connectors._meta.content import Content, File, facts, unsupported
from connectors._meta.json_view import Node

_FILES = ("image", "video", "audio", "file", "animated_image")
_SHARED = ("share", "reel", "ig_reel", "post", "ig_post", "fallback", "ig_story", "story_share")
_MOST = 100  # attachments; Meta sends 30 at most


def content(node: Node) -> Content:
    """What a ``message`` says: its words, what is attached, and what it came from."""
    said = Content(node["text"].text, _circumstances(node))
    attached = list(node["attachments"])
    for each in attached[:_MOST]:
        said += _attachment(each, node["sticker_id"].text)
    if len(attached) > _MOST:
        said += Content(degradations=("attachments-cut",))
    if node["is_unsupported"].value is True:
        said += unsupported("message")
    if not said.text and node["reply_to"]["story"]:
        said += Content("[reply to a story]")
    if said.text or said.files:
        return said
    known = {"mid", "text", "seq", "is_echo", "app_id", "metadata", "attachments", "nlp", "reply_to", "is_self"}
    return said + unsupported(next((name for name in node.names if name not in known), "message"))


def _circumstances(node: Node) -> dict[str, str]:
    story = node["reply_to"]["story"]
    return facts(
        payload=node["quick_reply"]["payload"].text,
        story=story["id"].text,
        story_url=story["url"].text,
        app=node["app_id"].text,
        metadata=node["metadata"].text,
    ) | referral(node["referral"])


def referral(node: Node) -> dict[str, str]:
    """Where somebody came from: an ad, an ``m.me`` link, a shop's product."""
    ad = node["ads_context_data"]
    return facts(
        ref=node["ref"].text,
        ref_source=node["source"].text,
        ref_type=node["type"].text,
        ref_url=node["referer_uri"].text,
        ad_id=node["ad_id"].text,
        ad_headline=ad["ad_title"].text,
        product=node["product"]["id"].text or ad["product_id"].text,
    )


def _attachment(node: Node, sticker: str) -> Content:
    kind = node["type"].text
    inside = node["payload"]
    url = inside["url"].text or node["url"].text
    title = inside["title"].text or node["title"].text
    sticker = inside["sticker_id"].text or sticker
    if kind in _FILES:
        files = (File(url=url),) if url else ()
        label = "sticker" if sticker else kind
        return Content(f"[{label}]", facts(sticker=sticker), files)
    if kind == "story_mention":  # Instagram's terms: the medium is the customer's, and nobody may keep a copy
        return Content("[story mention]", facts(story_url=url))
    if kind in _SHARED:  # somebody else's post: where it is, and no copy
        return Content(" ".join(filter(None, (f"[{kind}]", title, url))), facts(shared_url=url))
    if kind == "location":
        place = inside["coordinates"]
        latitude, longitude = place["lat"].text, place["long"].text
        where = ", ".join(filter(None, (title, latitude, longitude)))
        return Content(f"[location] {where}", facts(latitude=latitude, longitude=longitude, url=url))
    if kind in ("template", "product"):
        return _template(node)
    found = unsupported(kind or "attachment")
    return Content(" ".join(filter(None, (found.text, title, url))), degradations=found.degradations)


def _template(node: Node) -> Content:
    """A card, or the products of a shop, a line each."""
    inside = node["payload"]
    elements = [*inside["elements"], *inside["generic"]["elements"], *inside["product"]["elements"]]
    lines = [" ".join(filter(None, (each["title"].text, each["subtitle"].text))) for each in elements]
    title = node["title"].text or inside["text"].text
    return Content("\n".join((" ".join(filter(None, (f"[{node['type'].text}]", title))), *filter(None, lines))))
