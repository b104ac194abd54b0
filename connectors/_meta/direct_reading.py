"""From an item of Messenger or Instagram to its message: who, to whom, in which conversation. Pure.

The conversation is the page (or the Instagram account) and the customer. Meta's ids of people are page-scoped: the same
number under another page is another person, so the page is part of the address.
"""

from __future__ import annotations

from collections.abc import Callable

from connectors._meta import comments
from connectors._meta.batch import Item
from connectors._meta.content import Content, Draft, facts, nameless, unsupported
from connectors._meta.direct_content import content, referral
from connectors._meta.json_view import Node
from normalizer.events import Contact, Kind
from normalizer.identity import contact

_NOBODYS = {  # what apps tell each other about a conversation, and what Meta tells us
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "app_roles",
    "account_linking",
    "policy_enforcement",
    "typing",
    "sender_action",
}
_BESIDE = {"sender", "recipient", "timestamp", "mid", "hop_context", "is_self", "prior_message", "id"}
_NOTIFICATIONS = {"STOP_NOTIFICATIONS": "stop", "RESUME_NOTIFICATIONS": "start"}


def draft(item: Item) -> Draft | None:
    """What an item tells, None when it is nothing that a customer said."""
    if item.kind in ("messaging", "standby"):
        return _direct(item, item.node)
    if item.kind != "changes":
        return None
    value = item.node["value"]
    # Instagram's newer form of a direct message is a change, and so are the tests of Meta's console.
    return _direct(item, value) if value["sender"]["id"] and value["recipient"]["id"] else comments.draft(item)


class _Talk:
    """Two parties of a direct message, and which of them is ours."""

    def __init__(self, item: Item, node: Node) -> None:
        sender, recipient = node["sender"]["id"].text, node["recipient"]["id"].text
        user = node["sender"]["user_ref"].text or node["optin"]["user_ref"].text
        said = next((node[name] for name in ("message", "postback", "reaction", "message_edit") if node[name]), node)
        self.ours = said["is_echo"].value is True or (sender == item.entry != "" and sender != recipient)
        page, person = (sender, recipient) if self.ours else (recipient, sender)
        self.page = page or item.entry
        self.person = person or user or nameless(item.raw)
        self.customer = contact("meta", f"{self.page}:{self.person}")
        self.us = Contact("meta", self.page[:320])

    def draft(
        self, item: Item, node: Node, own: str, kind: Kind, said: Content, parents: tuple[str, ...] = ()
    ) -> Draft:
        """The draft of what one of them did."""
        more = facts(standby="true" if item.kind == "standby" else "", test="true" if item.entry == "0" else "")
        return Draft(
            own=own,
            sender=self.us if self.ours else self.customer,
            to=(self.customer if self.ours else self.us,),
            thread=self.customer.address,
            sent_at=node["timestamp"].time or item.at.time,
            kind="echo" if self.ours and kind == "message" else kind,
            outgoing=self.ours and kind != "message",
            parents=tuple(filter(None, parents)),
            content=said + Content(fields=more),
        )

    def named(self, item: Item, node: Node, kind: str, detail: str = "") -> str:
        """The name of something that Meta gave no id: one person does one thing of a kind in a millisecond."""
        at = node["timestamp"].text
        return ";".join(filter(None, (self.customer.address, kind, detail, at))) if at else nameless(item.raw)


def _direct(item: Item, node: Node) -> Draft | None:
    talk = _Talk(item, node)
    for name, reader in _READ.items():
        if node[name]:
            return reader(item, node, talk)
    told = [name for name in node.names if name not in _BESIDE]
    if not told or set(told) & _NOBODYS:
        return None
    own = node[told[0]]["mid"].text or talk.named(item, node, told[0])
    return talk.draft(item, node, own, "message", unsupported(told[0]))


def _message(item: Item, node: Node, talk: _Talk) -> Draft:
    said = node["message"]
    mid = said["mid"].text or nameless(item.raw)
    if said["is_deleted"].value is True:
        return talk.draft(item, node, f"{mid};deletion", "deletion", Content(), (mid,))
    return talk.draft(item, node, mid, "message", content(said), (said["reply_to"]["mid"].text,))


def _edit(item: Item, node: Node, talk: _Talk) -> Draft:
    said = node["message_edit"]
    mid = said["mid"].text
    version = said["num_edit"].text or node["timestamp"].text
    own = f"{mid};edit;{version}" if mid else nameless(item.raw)
    return talk.draft(item, node, own, "edit", Content(said["text"].text), (mid,))


def _reaction(item: Item, node: Node, talk: _Talk) -> Draft:
    said = node["reaction"]
    mid, removed = said["mid"].text, said["action"].text == "unreact"
    own = talk.named(item, node, "reaction", f"{mid};{said['action'].text}")
    found = facts(reaction="removed" if removed else said["reaction"].text)
    return talk.draft(item, node, own, "reaction", Content("" if removed else said["emoji"].text, found), (mid,))


def _postback(item: Item, node: Node, talk: _Talk) -> Draft:
    """A button of ours was pressed: "Get Started", an ice breaker, the menu."""
    said = node["postback"]
    own = said["mid"].text or talk.named(item, node, "postback", said["payload"].text[:100])
    found = facts(payload=said["payload"].text) | referral(said["referral"])
    return talk.draft(item, node, own, "message", Content(said["title"].text or f"[{said['payload'].text}]", found))


def _referral(item: Item, node: Node, talk: _Talk) -> Draft:
    """Somebody opened the conversation by an ad or a link, and has said nothing yet."""
    found = referral(node["referral"])
    source = " ".join(filter(None, (found.get("ref_source"), found.get("ref"))))
    own = talk.named(item, node, "referral", found.get("ref", ""))
    return talk.draft(item, node, own, "message", Content(f"[referral] {source}".strip(), found))


def _optin(item: Item, node: Node, talk: _Talk) -> Draft:
    """Somebody allowed us to write, or took it back."""
    said = node["optin"]
    consent = _NOTIFICATIONS.get(said["notification_messages_status"].text, "start")
    found = facts(consent=consent, type=said["type"].text, ref=said["ref"].text, topic=said["title"].text)
    own = talk.named(item, node, "optin", f"{said['type'].text};{consent}")
    return talk.draft(item, node, own, "consent", Content(fields=found | facts(payload=said["payload"].text)))


def _read(item: Item, node: Node, talk: _Talk) -> Draft:
    return _receipt("read", item, node, talk)


def _delivery(item: Item, node: Node, talk: _Talk) -> Draft:
    return _receipt("delivered", item, node, talk)


def _receipt(status: str, item: Item, node: Node, talk: _Talk) -> Draft:
    """What the customer has seen of ours: everything until the watermark, or some messages by their ids."""
    said = node["read"] or node["delivery"]
    mids = [each.text for each in said["mids"] if each.text] or [said["mid"].text]
    mark = said["watermark"].text or node["timestamp"].text
    own = ";".join((talk.customer.address, status, mark, mids[0]))
    found = facts(status=status, watermark=said["watermark"].text)
    return talk.draft(item, node, own, "status", Content(fields=found), tuple(mids))


_READ: dict[str, Callable[[Item, Node, _Talk], Draft]] = {
    "message": _message,
    "message_edit": _edit,
    "reaction": _reaction,
    "postback": _postback,
    "read": _read,
    "delivery": _delivery,
    "optin": _optin,
    "referral": _referral,
}
