"""From an item of a WhatsApp post to its message: who, to whom, in which conversation. Pure.

The conversation is our number and the customer. A customer is known by the phone number in E.164 form, so that his text
messages and calls are the same person's; who shows a user name instead of a number is known by the id that Meta gives.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from connectors._meta.batch import Item
from connectors._meta.content import Content, Draft, facts, nameless, unsupported
from connectors._meta.json_view import NOTHING, Node
from connectors._meta.whatsapp_content import content, error_text
from normalizer.events import Contact, Kind
from normalizer.identity import contact, display_name, phone_number

_KINDS: dict[str, Kind] = {"reaction": "reaction", "edit": "edit", "revoke": "deletion", "system": "auto_reply"}
_NUMBER = re.compile(r"\+?([0-9]{5,15})(?:@(?:s\.whatsapp\.net|c\.us))?")
# Brazil gave mobile numbers a ninth digit by 2016; accounts that are older than that still have eight on WhatsApp.
_BRAZIL = re.compile(r"\A55([1-9][0-9])([6-9][0-9]{7})\Z")
_CONSENT = {"stop": "stop", "resume": "start"}


def draft(item: Item) -> Draft | None:
    """What an item tells, None when it is nothing to any customer: a template's status, our account's state."""
    if item.kind == "calls" or (item.kind == "statuses" and item.node["type"].text == "call"):
        return _call(item)
    if item.kind == "statuses":
        return _status(item)
    if item.kind == "user_preferences":
        return _consent(item)
    if item.kind == "message_echoes":
        return _echo(item)
    if item.kind == "messages" or (item.node["from"] and item.node["id"]):
        return _message(item)
    return None


def _message(item: Item) -> Draft:
    node, kind = item.node, item.node["type"].text
    customer = _customer(item, node["from"], node["from_user_id"])
    said = content(node) if item.kind == "messages" else unsupported(item.kind)
    own = node["id"].text or nameless(item.raw)
    parents = _parents(node, kind)
    return Draft(
        own=f"{own};{kind};{node['timestamp'].text}" if own in parents else own,
        sender=customer,
        to=_us(item),
        thread=_thread(item, customer),
        sent_at=node["timestamp"].time,
        kind=_KINDS.get(kind, "message"),
        parents=parents,
        content=said + Content(fields=_about(item, node)),
    )


def _parents(node: Node, kind: str) -> tuple[str, ...]:
    """What it answers, or what it changes."""
    about = node[kind]["message_id"].text or node[kind]["original_message_id"].text
    found = about if kind in _KINDS else node["context"]["id"].text
    return (found,) if found else ()


def _echo(item: Item) -> Draft:
    """Our own side, with the app on its phone (https://developers.facebook.com/docs/whatsapp/embedded-signup)."""
    node = item.node
    customer = _customer(item, node["to"], node["to_user_id"])
    ours = _us(item) or (_party(node["from"].text, ""),)
    kind = node["type"].text
    changes = kind in ("edit", "revoke")
    return Draft(
        own=node["id"].text or nameless(item.raw),
        sender=ours[0],
        to=(customer,),
        thread=_thread(item, customer),
        sent_at=node["timestamp"].time,
        kind=_KINDS[kind] if changes else "echo",
        outgoing=changes,
        parents=_parents(node, kind),
        content=content(node),
    )


def _status(item: Item) -> Draft:
    node = item.node
    customer = _customer(item, node["recipient_id"], node["recipient_user_id"])
    about, status = node["id"].text, node["status"].text
    own = ";".join(filter(None, (about or nameless(item.raw), status, node["recipient_id"].text)))
    found = facts(
        status=status,
        error=error_text(node),
        pricing=node["pricing"]["category"].text,
        conversation=node["conversation"]["id"].text,
        callback_data=node["biz_opaque_callback_data"].text,
    )
    return Draft(
        own=own,
        sender=customer,
        to=_us(item),
        thread=_thread(item, customer),
        sent_at=node["timestamp"].time,
        kind="status",
        parents=(about,) if about else (),
        content=Content(fields=found),
    )


def _call(item: Item) -> Draft:
    """A call over WhatsApp goes on: it rings, it ended (https://developers.facebook.com/docs/whatsapp/cloud-api/calling)."""
    node = item.node
    ours = node["direction"].text == "BUSINESS_INITIATED"
    number = node["recipient_id"] or node["to" if ours else "from"]
    customer = _customer(item, number, node["to_user_id" if ours else "from_user_id"])
    event = node["event"].text or node["status"].text.lower()
    found = facts(
        call=node["id"].text,
        event=event,
        direction=node["direction"].text.lower(),
        status=node["status"].text.lower(),
        seconds=node["duration"].text,
        error=error_text(node),
    )
    own = f"{node['id'].text};{event}" if node["id"].text else nameless(item.raw)
    return Draft(
        own=own,
        sender=customer,
        to=_us(item),
        thread=_thread(item, customer),
        sent_at=node["timestamp"].time,
        kind="call",
        content=Content(f"[call: {event}]", found),
    )


def _consent(item: Item) -> Draft:
    """Somebody stopped, or resumed, what we send for advertising."""
    node = item.node
    customer = _customer(item, node["wa_id"], node["user_id"])
    value = node["value"].text.lower()
    found = facts(consent=_CONSENT.get(value, value), category=node["category"].text)
    own = f"{_thread(item, customer)};{node['category'].text};{value};{node['timestamp'].text}"
    return Draft(
        own=own,
        sender=customer,
        to=_us(item),
        thread=_thread(item, customer),
        sent_at=node["timestamp"].time,
        kind="consent",
        content=Content(node["detail"].text, found),
    )


def _us(item: Item) -> tuple[Contact, ...]:
    number = item.around["metadata"]["display_phone_number"].text
    return (_party(number, ""),) if number else ()


def _thread(item: Item, customer: Contact) -> str:
    metadata = item.around["metadata"]
    number = metadata["phone_number_id"].text or metadata["display_phone_number"].text
    return ":".join(filter(None, (number, item.node["group_id"].text, customer.address)))


def _customer(item: Item, number: Node, user: Node) -> Contact:
    """The customer whom an item names, by the list of people that came with it."""
    person = _person(list(item.around["contacts"]), number.text, user.text)
    name = person["profile"]["name"].text or person["profile"]["username"].text
    ids = (number.text, person["wa_id"].text, user.text, person["user_id"].text)
    return _party(next(filter(None, ids), nameless(item.raw)), name)


def _person(people: Sequence[Node], number: str, user: str) -> Node:
    for each in people:
        if (number and each["wa_id"].text == number) or (user and each["user_id"].text == user):
            return each
    return people[0] if len(people) == 1 else NOTHING


def _party(address: str, name: str) -> Contact:
    """A phone number where it is one; other ids of WhatsApp (``…@lid``, ``US.1349…``) are opaque."""
    found = _NUMBER.fullmatch(address.replace(" ", "").replace("-", ""))
    return Contact("tel", _e164(found[1]), display_name(name)) if found else contact("meta", address, name)


@lru_cache(maxsize=4096)
def _e164(digits: str) -> str:
    """The number in E.164; remembered, since ours is in every message and a customer writes more than once."""
    return phone_number("+" + _BRAZIL.sub(r"55\g<1>9\2", digits))


def _about(item: Item, node: Node) -> dict[str, str]:
    person = _person(list(item.around["contacts"]), node["from"].text, node["from_user_id"].text)
    return facts(
        wa_id=node["from"].text or person["wa_id"].text,  # as it stands, since answers go to this and not to the number
        phone_number_id=item.around["metadata"]["phone_number_id"].text,
        user_id=node["from_user_id"].text or person["user_id"].text,
        username=person["profile"]["username"].text,
        test="true" if item.entry == "0" else "",  # what the console's "Test" button sends
    )
