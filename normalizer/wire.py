"""Events as Kafka records and back: CloudEvents 1.0, Kafka protocol binding, binary content mode.

The value is the data; every attribute is a header ``ce_<name>``; ``content-type`` is the data's media type.
``ce_time`` is when the event was made, the one field that a replay may change, and so it is not in the value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import msgspec

from normalizer.errors import Rejected
from normalizer.events import Event, Origin, RawEvent
from normalizer.ids import event_id

Headers = Sequence[tuple[str, bytes]]
E = TypeVar("E", bound=Event)

_ATTRIBUTE = "ce_sb"  # CloudEvents extension names are lower-case letters and digits only
_encoder = msgspec.json.Encoder()


@cache
def _decoder(cls: type[Event]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cls)


def versioned_type(cls: type[Event]) -> str:
    """The CloudEvents type of an event, such as ``switchboard.ticket.routed.v1``."""
    return f"{cls.type}.v{cls.version}"


def schema_uri(cls: type[Event]) -> str:
    """The name of an event's JSON Schema, such as ``urn:switchboard:ticket.routed.v1`` (docs/schemas/)."""
    return f"urn:{versioned_type(cls).replace('.', ':', 1)}"


@cache
def _constant(cls: type[Event]) -> Headers:
    """The headers that all events of a class share."""
    return (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_type", versioned_type(cls).encode()),
        ("ce_dataschema", schema_uri(cls).encode()),
    )


def encode(event: Event) -> bytes:
    """The record value of `event`: JSON, the same bytes for equal events.

    Raises `Rejected` for text that is no Unicode (half a surrogate pair): the record it came from is set aside, and
    does not stop the stage.
    """
    try:
        return _encoder.encode(event)
    except UnicodeEncodeError as error:
        raise Rejected(
            "not-unicode",
            f"a {versioned_type(type(event))} holds text that is no Unicode (at {error.start} of {len(error.object)} characters): "
            "look at where it was read, then redrive it",
        ) from None


def headers(event: Event, *, ce_id: str, source: str, time: datetime, traceparent: str | None = None) -> Headers:
    """The CloudEvents headers of `event`. `ce_id` with `source` names this event for those who dedupe."""
    found = [
        *_constant(type(event)),
        ("ce_id", ce_id.encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.astimezone(UTC).isoformat().encode()),
    ]
    if traceparent:
        found.append(("traceparent", traceparent.encode()))
    return found


def decode(cls: type[E], value: bytes, headers: Headers) -> E:
    """The event in a record. Raises `Rejected` for another type, an unknown version or a broken value."""
    found = header(headers, "ce_type")
    if found != versioned_type(cls):
        raise Rejected(
            "wrong-type",
            f"the record says it is {found or 'of no type'}, and {versioned_type(cls)} was expected here: "
            "redrive it once this process knows that version, or discard it",
        )
    try:
        event: E = _decoder(cls).decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(
            "broken-event",
            f"a {versioned_type(cls)} does not match its schema ({error}): look at its producer, then redrive it",
        ) from error
    return event


def header(headers: Headers, name: str) -> str | None:
    """The text of a header; the last one counts when it is repeated; None when absent."""
    for key, value in reversed(headers):
        if key == name:
            return value.decode("utf-8", "replace")
    return None


def raw_headers(raw: RawEvent) -> Headers:
    """The headers of a raw record; with its value they give the event back (`read_raw`)."""
    found = [
        ("content-type", raw.content_type.encode()),
        ("ce_specversion", b"1.0"),
        ("ce_type", b"switchboard.raw.v1"),
        ("ce_id", event_id("raw", raw.channel, raw.account, raw.source_id).encode()),
        ("ce_source", f"/{raw.channel}/{raw.account}".encode()),
        ("ce_subject", raw.source_id.encode()),
        ("ce_time", raw.received_at.astimezone(UTC).isoformat().encode()),
    ]
    if raw.dataref:
        found.append(("ce_dataref", raw.dataref.encode()))
    if raw.traceparent:
        found.append(("traceparent", raw.traceparent.encode()))
    found.extend(_attributes(raw.attributes))
    return found


def _attributes(attributes: Mapping[str, str]) -> Iterable[tuple[str, bytes]]:
    return ((_ATTRIBUTE + name, value.encode("utf-8", "surrogateescape")) for name, value in attributes.items())


def read_raw(value: bytes, headers: Headers, *, key: bytes | None = None, origin: Origin | None = None) -> RawEvent:
    """The raw event in a record of a ``raw.*`` topic. Raises `Rejected` when it is none."""
    found = {name: data.decode("utf-8", "surrogateescape") for name, data in headers}
    try:
        if found["ce_type"] != "switchboard.raw.v1":
            raise Rejected(
                "wrong-type",
                f"a raw record says it is {found['ce_type']}, and switchboard.raw.v1 was expected: "
                "only connectors may write to raw topics",
            )
        _, channel, account = found["ce_source"].split("/", 2)
        return RawEvent(
            channel=channel,
            account=account,
            source_id=found["ce_subject"],
            body=value,
            content_type=found["content-type"],
            received_at=datetime.fromisoformat(found["ce_time"]),
            key=None if key is None else key.decode("utf-8", "surrogateescape"),
            attributes={n.removeprefix(_ATTRIBUTE): v for n, v in found.items() if n.startswith(_ATTRIBUTE)},
            dataref=found.get("ce_dataref"),
            traceparent=found.get("traceparent"),
            origin=origin,
        )
    except (KeyError, ValueError) as error:
        raise Rejected(
            "broken-raw-record",
            f"a raw record lacks a readable CloudEvents header ({error}): only connectors may write to raw topics",
        ) from error
