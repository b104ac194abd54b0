"""What each type of a WhatsApp message says.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples and
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from connectors._meta.content import Content, File, facts, unsupported
from connectors._meta.json_view import Node

_MEDIA = ("image", "audio", "voice", "video", "document", "sticker")


def content(node: Node) -> Content:
    """What a message says, with what it came from (an ad, a forward) and what went wrong with it."""
    kind = node["type"].text or next((name for name in node.names if name in _READ), "")
    reader = _READ.get(kind)
    told = node[kind] or kind == "request_welcome"
    found = reader(node[kind]) if reader and told else unsupported(node["unsupported"]["type"].text or kind)
    return found + Content(fields=_circumstances(node), degradations=tuple(_errors(node)))


def _circumstances(node: Node) -> dict[str, str]:
    context, ad = node["context"], node["referral"]
    return facts(
        forwarded=_yes(context["forwarded"]) or _yes(context["frequently_forwarded"]),
        product=context["referred_product"]["product_retailer_id"].text,
        catalog=context["referred_product"]["catalog_id"].text,
        ad_url=ad["source_url"].text,
        ad_id=ad["source_id"].text,
        ad_type=ad["source_type"].text,
        ad_headline=ad["headline"].text,
        ad_body=ad["body"].text,
        ad_media=ad["image_url"].text or ad["video_url"].text or ad["thumbnail_url"].text,
        ad_click=ad["ctwa_clid"].text,
        group=node["group_id"].text,
        error=error_text(node),
    )


def error_text(node: Node) -> str:
    """The errors of a message or a status, in one line."""
    return "; ".join(_error(each) for each in node["errors"])


def _error(error: Node) -> str:
    words = error["error_data"]["details"].text or error["message"].text or error["title"].text
    return " ".join(filter(None, (error["code"].text, words)))


def _errors(node: Node) -> list[str]:
    return [f"error:{each['code'].text}" for each in node["errors"] if each["code"].text]


def _yes(node: Node) -> str:
    return "true" if node.value is True else ""


def _text(node: Node) -> Content:
    return Content(node["body"].text or node.text)


def _media(kind: str) -> Callable[[Node], Content]:
    def read(node: Node) -> Content:
        name = node["filename"].text
        label = f"[{kind}: {name}]" if name else f"[{kind}]"
        files = (File(id=node["id"].text, name=name, content_type=node["mime_type"].text.partition(";")[0]),)
        return Content(
            node["caption"].text or label,
            facts(media=node["id"].text, media_type=node["mime_type"].text, voice=_yes(node["voice"])),
            files,
        )

    return read


def _location(node: Node) -> Content:
    latitude, longitude = node["latitude"].text, node["longitude"].text
    where = ", ".join(filter(None, (node["name"].text, node["address"].text)))
    place = f"{where} ({latitude}, {longitude})" if where else f"{latitude}, {longitude}"
    return Content(f"[location] {place}", facts(latitude=latitude, longitude=longitude, url=node["url"].text))


def _contacts(node: Node) -> Content:
    """The people whom somebody sends the addresses of, a line each."""
    return Content("\n".join(_card(each) for each in node) or "[contacts]")


def _card(card: Node) -> str:
    name, org = card["name"], card["org"]
    parts = _joined(name, "prefix", "first_name", "middle_name", "last_name", "suffix", by=" ")
    ways = [each["phone"].text or each["wa_id"].text for each in card["phones"]]
    ways += [each["email"].text for each in card["emails"]]
    ways += [_joined(each, "street", "city", "state", "zip", "country") for each in card["addresses"]]
    ways += [each["url"].text for each in card["urls"]]
    who = (name["formatted_name"].text or parts, _joined(org, "company", "department", "title"), card["birthday"].text)
    return "[contact] " + ", ".join(filter(None, (*who, *ways)))


def _joined(node: Node, *names: str, by: str = ", ") -> str:
    return by.join(filter(None, (node[name].text for name in names)))


def _button(node: Node) -> Content:
    return Content(node["text"].text or node["payload"].text, facts(payload=node["payload"].text))


def _interactive(node: Node) -> Content:
    kind = node["type"].text or next((name for name in node.names if name.endswith("_reply")), "")
    reply = node[kind]
    if kind in ("button_reply", "list_reply"):
        words = (reply["title"].text, reply["description"].text)
        return Content("\n".join(filter(None, words)), facts(payload=reply["id"].text))
    if kind == "nfm_reply":
        return _form(reply)
    if kind == "call_permission_reply":
        answer = reply["response"].text
        until = reply["expiration_timestamp"].text
        return Content(f"[call permission: {answer}]", facts(call_permission=answer, call_permission_until=until))
    return unsupported(f"interactive {kind}".strip())


def _form(reply: Node) -> Content:
    """The answers to a form of ours (a Flow), a line and a field each."""
    try:
        answers = Node(msgspec.json.decode(reply["response_json"].text))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        answers = Node(None)
    found = {name: _answer(answers[name]) for name in answers.names}
    told = [f"{name}: {text}" for name, text in found.items() if name != "flow_token" and text]
    title = f"[{reply['name'].text or 'form'}] {reply['body'].text}".strip()
    return Content("\n".join((title, *told)), found)


def _answer(node: Node) -> str:
    if isinstance(node.value, dict | list):
        return msgspec.json.encode(node.value).decode()
    return "true" if node.value is True else "false" if node.value is False else node.text


def _order(node: Node) -> Content:
    """What somebody put into the basket, a line each."""
    lines = []
    for each in node["product_items"]:
        price = " ".join(filter(None, (each["item_price"].text, each["currency"].text)))
        lines.append(
            f"{each['quantity'].text} x {each['product_retailer_id'].text}" + (f" at {price}" if price else "")
        )
    return Content(
        "\n".join(("[order]", *filter(None, (node["text"].text,)), *lines)), facts(catalog=node["catalog_id"].text)
    )


def _system(node: Node) -> Content:
    """Told by WhatsApp itself: somebody has another number now."""
    number = node["wa_id"].text or node["new_wa_id"].text
    said = node["body"].text or f"[{node['type'].text or 'system'}]"
    return Content(
        said,
        facts(
            system=node["type"].text,
            new_number=number,
            user_id=node["user_id"].text,
            customer=node["customer"].text,
            identity=node["identity"].text,
        ),
    )


def _reaction(node: Node) -> Content:
    return Content(node["emoji"].text, {} if node["emoji"].text else {"reaction": "removed"})


def _edit(node: Node) -> Content:
    inner = node["message"]
    return unsupported("edit") if "edit" in inner.names else content(inner)


def _request_welcome(_: Node) -> Content:
    """Somebody opened the conversation for the first time, and has said nothing yet."""
    return Content("[conversation opened]")


def _revoke(_: Node) -> Content:
    return Content()


_READ: dict[str, Callable[[Node], Content]] = {
    "text": _text,
    **{kind: _media(kind) for kind in _MEDIA},
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
    "system": _system,
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "request_welcome": _request_welcome,
}
