"""What an expression sees: an item of a batch, a line, or a CloudEvent with its ``data``, however it came. Pure.

CloudEvents 1.0 (https://github.com/cloudevents/spec): structured and batched ones stand in the body; of one in binary content mode
the body is only the data, and its attributes are the record's attribute `CLOUDEVENT`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import msgspec

from connectors._mapping.json_text import decoded
from connectors._mapping.values import Notes
from normalizer.errors import Rejected
from normalizer.events import RawEvent

BESIDE = "beside"
"""The attribute with what stood beside the list that an item came in, as JSON."""
CLOUDEVENT = "cloudevent"
"""The attribute with the attributes of a CloudEvent in binary content mode, as JSON."""
LOST = "unlisted"
"""The attribute of an item in which the list that the mapping names was not found."""


def item(raw: RawEvent, notes: Notes) -> dict[str, Any]:
    """The item of a record. Raises `Rejected` for what is no JSON object, and for one that was cut."""
    if raw.dataref:
        raise Rejected(
            "too-large", f"item {raw.source_id} is larger than a record: it is whole in the blob store, {raw.dataref}"
        )
    if raw.attributes.get(LOST):
        notes.add("no-items")
    if CLOUDEVENT in raw.attributes:
        found = _told(raw, CLOUDEVENT) | {"data": data(raw, notes)}
    else:
        found = _json(raw.body, notes)
        if not isinstance(found, dict):
            raise Rejected("not-an-object", f"item {raw.source_id} is JSON and no object: send objects")
    if BESIDE in raw.attributes:
        found = {**found, "_beside": _told(raw, BESIDE)}
    return found


def data(raw: RawEvent, notes: Notes) -> Any:
    """The data of a CloudEvent in binary content mode: JSON, text, or what is neither in base64; None for none."""
    kind = raw.content_type.partition(";")[0].strip().lower()
    if not raw.body:
        return None
    if is_json(kind):
        return _json(raw.body, notes)
    try:
        return raw.body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(raw.body).decode()


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON (RFC 6839 section 3.1)."""
    return media_type.endswith(("/json", "+json"))


def event_name(item: Mapping[str, Any]) -> str:
    """The source and id of a CloudEvent, which name it (section "id"); "" for what is none."""
    source, own = item.get("source"), item.get("id")
    if not isinstance(item.get("specversion"), str) or not isinstance(source, str) or not isinstance(own, str):
        return ""
    return f"{source} {own}"


def _json(body: bytes, notes: Notes) -> Any:
    found, guessed = decoded(body)
    if guessed:
        notes.add("json-repaired")
    return found


def _told(raw: RawEvent, attribute: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw.attributes[attribute], type=dict[str, Any])
    except (msgspec.MsgspecError, json.JSONDecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Rejected(
            "bad-attribute", f"the attribute {attribute} cannot be read ({error}): redrive it from the source"
        ) from None
