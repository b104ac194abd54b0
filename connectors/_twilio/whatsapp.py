"""What only WhatsApp has: places, buttons, lists, replies, reactions, advertisements.

https://www.twilio.com/docs/whatsapp/api and https://www.twilio.com/docs/messaging/guides/webhook-request#whatsapp-specific-parameters
"""

from __future__ import annotations

import msgspec

from connectors._twilio.parameters import Told

_FIELDS = {
    "waid": "wa_id",
    "latitude": "latitude",
    "longitude": "longitude",
    "address": "address",
    "label": "label",
    "buttontext": "button_text",
    "buttonpayload": "button_payload",
    "buttontype": "button_type",
    "listid": "list_id",
    "listtitle": "list_title",
    "listdescription": "list_description",
    "interactivedata": "interactive",
    "flowdata": "flow",
    "forwarded": "forwarded",
    "frequentlyforwarded": "frequently_forwarded",
    "originalrepliedmessagesender": "replied_to_sender",
}
_REFERRAL = "referral"
_LONGEST = 2000
_PLAIN = ("", "text", "image", "video", "audio", "voice", "document", "location", "contacts", "button", "interactive")


class Extras(msgspec.Struct, frozen=True):
    """What stands in for a text that is empty, the fields, and what we have no form for."""

    text: str
    fields: dict[str, str]
    unsupported: str


def extras(told: Told) -> Extras:
    """What WhatsApp says beside the text."""
    fields = {ours: told[theirs][:_LONGEST] for theirs, ours in _FIELDS.items() if told.get(theirs)}
    for name, text in told.items():
        if name.startswith(_REFERRAL) and text and name != "referralnummedia":
            fields[f"referral_{name.removeprefix(_REFERRAL)}"[:50]] = text[:_LONGEST]
    kind = told.get("messagetype", "").lower()[:50]
    text = _place(told) or told.get("buttontext", "") or told.get("listtitle", "")
    return Extras(text, fields, "" if kind in _PLAIN or kind == "reaction" else kind)


def profile_name(told: Told) -> str:
    """The name that the customer gave himself."""
    if told.get("profilename") or not told.get("channelmetadata"):
        return told.get("profilename", "")
    try:
        metadata = msgspec.json.decode(told["channelmetadata"], type=_Metadata)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    return metadata.data.context.ProfileName


class _Context(msgspec.Struct, frozen=True):
    ProfileName: str = ""


class _Data(msgspec.Struct, frozen=True):
    context: _Context = _Context()


class _Metadata(msgspec.Struct, frozen=True):
    data: _Data = _Data()


def _place(told: Told) -> str:
    if not (told.get("latitude") and told.get("longitude")):
        return ""
    named = ", ".join(told[name] for name in ("label", "address") if told.get(name))
    return f"[location] {named} ({told['latitude']}, {told['longitude']})".replace("  ", " ")
