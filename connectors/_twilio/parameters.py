"""What Twilio tells of a message, in one form: of a webhook's form, of an event stream's JSON, of the API's list.

The three write the same names in their own ways (``MessageSid``, ``messageSid``, ``message_sid``): here they are in lower
case and without ``_``.
"""

from __future__ import annotations

import email.utils
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from connectors._twilio.signature import FORM
from normalizer.errors import Rejected

Told = Mapping[str, str]
"""Names as above, and texts. What is absent or null is not there."""

T = TypeVar("T")

_MOST_FIELDS = 1000
_SIDS = ("messagesid", "smsmessagesid", "smssid", "sid")
_COMING_IN = ("received", "receiving", "")
_GOING_OUT = (
    "accepted",
    "scheduled",
    "queued",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "failed",
    "read",
    "canceled",
)


def deliveries(content_type: str, body: bytes) -> Sequence[bytes]:
    """The deliveries in one request: each element of a JSON array by itself, untouched; the body for anything else."""
    if _is_form(content_type, body) or not body.lstrip().startswith(b"["):
        return [body]
    try:
        return [bytes(each) for each in decoded(body, list[msgspec.Raw])]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [body]  # the reader says why it cannot be read


def parameters(content_type: str, body: bytes) -> Told:
    """The parameters of one delivery. Raises `Rejected` for what is neither a form nor a JSON object."""
    if _is_form(content_type, body):
        return _form(body)
    try:
        told = decoded(body, dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Rejected("not-twilio", f"this is no form and no JSON object of Twilio's ({error}): discard it") from error
    if isinstance(told.get("data"), dict) and "specversion" in told:  # a CloudEvent of an event stream
        told = {"timestamp": told.get("time"), **told["data"]}
    return {_name(name): text for name, value in told.items() if (text := _text(value)) is not None}


def decoded(text: bytes | str, kind: type[T]) -> T:
    """JSON of a kind; half a character in it (a lone surrogate of an emoji that was cut) becomes U+FFFD.

    Raises `msgspec.MsgspecError`, `ValueError` or `RecursionError`.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        loose = json.dumps(json.loads(text), ensure_ascii=False)
        return msgspec.json.decode(loose.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), type=kind)


def sid(told: Told) -> str:
    """The id of the message, "" when there is none."""
    return next((told[name][:100] for name in _SIDS if told.get(name)), "")


def callback_status(told: Told) -> str:
    """What became of a message that we sent; "" when this is no status callback.

    A message that came in has a status too (``received``), and at a fallback address even an error code.
    """
    if "direction" in told:
        return ""
    status = (told.get("messagestatus") or told.get("smsstatus") or "").lower()
    if status in _COMING_IN:
        return ""
    sure = status in _GOING_OUT or "messagestatus" in told or "body" not in told  # old callbacks repeat the text
    return status[:50] if sure else ""


def is_ours(told: Told) -> bool:
    """Whether our side said it."""
    return told.get("direction", "").startswith("outbound")


def sent_at(told: Told) -> datetime | None:
    """When Twilio sent or took it, by its own clock; None where it does not say, as in a webhook's form."""
    for name in ("datesent", "timestamp", "datecreated"):
        if (found := moment(told.get(name, ""))) is not None:
            return found
    return None


def moment(text: str) -> datetime | None:
    """A time of RFC 2822 or ISO 8601 in UTC; one without a zone is in GMT, as all of Twilio's are."""
    for parse in (email.utils.parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = parse(text)
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _is_form(content_type: str, body: bytes) -> bool:
    """By its type, and else by its look: a delivery that was kept in a file has no type."""
    return content_type.partition(";")[0].strip().lower() == FORM or not body.lstrip().startswith((b"{", b"["))


def _form(body: bytes) -> Told:
    try:
        text = body.decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Rejected("not-twilio", f"this form cannot be read ({type(error).__name__}): discard it") from error
    found: dict[str, str] = {}
    for name, value in fields:
        found.setdefault(_name(name), value)
    return found


def _name(name: str) -> str:
    return name.replace("_", "").lower()


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
