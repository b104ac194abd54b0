"""The AsyncAPI 3.0 document of Switchboard's topics (asyncapi.com, with the Kafka binding 0.5.0)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from normalizer.cluster import ACCOUNTS, DEAD_LETTERS, TOPICS, Cluster, TopicSpec, raw_topic
from normalizer.events import (
    RAW,
    Balance,
    Cursor,
    Event,
    Fate,
    Health,
    Message,
    Routed,
    Signal,
    StatusChange,
    Threaded,
)
from normalizer.wire import schema_uri, versioned_type
from ops.reference.schemas import Schema, events, file_name

CONTRACT_VERSION = "1.2.0"
"""Of the topics and events together: the first number counts incompatible changes, the second additions."""
_HOUR_MS = 3_600_000
_BINDING = "0.5.0"


class Doorway(msgspec.Struct, frozen=True, kw_only=True):
    """What a topic is for. `key` says which records keep their order; `public` topics are for other programs."""

    about: str
    key: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    public: bool = False


RAW_DOORWAY = Doorway(
    about="What the sources of a channel gave, byte for byte, in the order of their arrival.",
    key="the source's own thread where it has one, else the CloudEvents id",
    writers=("connectors",),
    readers=("normalize", "switchboard ledger"),
)
DOORWAYS: dict[str, Doorway] = {
    Message.topic: Doorway(
        about="Every message in the same form, whatever its channel.",
        key="channel/account",
        writers=("normalize",),
        readers=("thread",),
    ),
    Threaded.topic: Doorway(
        about="Messages in their conversations without duplicates, and what was found to belong together.",
        key="customer id",
        writers=("thread", "route"),
        readers=("route",),
    ),
    Routed.topic: Doorway(
        about="Every revision of every ticket, with the message and the decisions that made it.",
        key="ticket id",
        writers=("route",),
        readers=("deliver", "any program"),
        public=True,
    ),
    StatusChange.topic: Doorway(
        about="Tickets that people close and reopen.",
        key="customer id of the ticket",
        writers=("switchboard tickets", "any program"),
        readers=("route",),
        public=True,
    ),
    Signal.topic: Doorway(
        about="What is told without words and opens no ticket: receipts of what we sent, consents.",
        key="customer id",
        writers=("thread",),
        readers=("any program",),
        public=True,
    ),
    DEAD_LETTERS: Doorway(
        about="Records that a stage could not process, with their own key, value and headers, and why.",
        key="the record's own key",
        writers=("normalize", "thread", "route", "deliver", "switchboard dead-letters"),
        readers=("switchboard dead-letters",),
        public=True,
    ),
    Fate.topic: Doorway(
        about="What became of the messages of each raw record; of several for one the first stands that is no dead letter.",
        key="topic/partition of the raw record",
        writers=("normalize", "thread", "route", "deliver"),
        readers=("ledger", "any program"),
        public=True,
    ),
    Balance.topic: Doorway(
        about="How many records of each raw partition have their fate, which, and which have none.",
        key="topic/partition of the raw records",
        writers=("ledger",),
        readers=("switchboard ledger", "any program"),
        public=True,
    ),
    Cursor.topic: Doorway(
        about="How far each source has been read.",
        key="channel/account/source",
        writers=("connectors",),
        readers=("connectors",),
    ),
    Health.topic: Doorway(
        about="How each source is doing, a report every few seconds.",
        key="name of the source",
        writers=("connectors",),
        readers=("switchboard status", "any program"),
        public=True,
    ),
    ACCOUNTS: Doorway(
        about="No records: edge processes share out its partitions, each with the polled accounts that fall into it.",
        key="none",
        writers=(),
        readers=("connectors",),
    ),
}


def document(channels: Sequence[str], schemas: str = "schemas") -> dict[str, Any]:
    """The document for an installation that knows these channels; `schemas` is where the schemas are, seen from it."""
    entries = {spec.name: _channel(spec) for spec in TOPICS}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Switchboard",
            "version": CONTRACT_VERSION,
            "description": "The Kafka topics of Switchboard. Records are CloudEvents 1.0 in binary mode. Delivery is "
            "at least once: `ce_source` with `ce_id` names an event for those who must take it once. The version is "
            "that of topics and events. A topic's name has the setting `kafka.namespace` before it.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {"raw": _raw(channels), **entries},
        "operations": dict(_operations()),
        "components": {
            "messages": {
                "raw": _raw_message(),
                "dead-letter": _dead_letter(),
                **{versioned_type(event): _message(event, schemas) for event in events()},
            }
        },
    }


def _channel(spec: TopicSpec) -> Schema:
    doorway = DOORWAYS[spec.name]
    names = [versioned_type(event) for event in events() if event.topic == spec.name]
    names += ["dead-letter"] if spec.name == DEAD_LETTERS else []
    return {
        "address": spec.name,
        "description": _described(doorway),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {"kafka": _kafka(spec)},
        "x-public": doorway.public,
    }


def _raw(channels: Sequence[str]) -> Schema:
    return {
        "address": RAW + "{channel}",
        "description": _described(RAW_DOORWAY),
        "parameters": {"channel": {"enum": list(channels), "description": "The channel; a module in connectors/."}},
        "messages": {"raw": {"$ref": "#/components/messages/raw"}},
        "bindings": {"kafka": _kafka(raw_topic("")) | {"topic": RAW + "{channel}"}},
        "x-public": False,
    }


def _described(doorway: Doorway) -> str:
    writers, readers = (", ".join(names) or "nobody" for names in (doorway.writers, doorway.readers))
    return f"{doorway.about} Key: {doorway.key}. Written by: {writers}. Read by: {readers}."


def _kafka(spec: TopicSpec) -> Schema:
    """Partitions and replicas are the defaults of the settings `kafka.partitions` and `kafka.replication`."""
    configuration: Schema = {"cleanup.policy": ["compact" if spec.compacted else "delete"]}
    if spec.retention_hours is not None:
        configuration["retention.ms"] = spec.retention_hours * _HOUR_MS
    return {
        "topic": spec.name,
        "partitions": spec.partitions or Cluster().partitions,
        "replicas": Cluster().replication,
        "topicConfiguration": configuration,
        "bindingVersion": _BINDING,
    }


def _operations() -> Iterator[tuple[str, Schema]]:
    """What other programs may do; in AsyncAPI's words, seen from Switchboard: it *sends* what they read."""
    for topic, doorway in DOORWAYS.items():
        if doorway.public:
            action = "receive" if "any program" in doorway.writers else "send"
            yield f"{action}.{topic}", {"action": action, "channel": {"$ref": f"#/channels/{topic}"}}


def _message(event: type[Event], schemas: str) -> Schema:
    constant = {"ce_type": versioned_type(event), "ce_dataschema": schema_uri(event)}
    return {
        "name": versioned_type(event),
        "summary": (event.__doc__ or "").partition("\n")[0],
        "contentType": "application/json",
        "headers": _headers(constant),
        "payload": {"$ref": f"{schemas}/{file_name(event)}"},
        "bindings": {"kafka": {"key": _text(DOORWAYS[event.topic].key), "bindingVersion": _BINDING}},
    }


def _raw_message() -> Schema:
    headers = _headers({"ce_type": "switchboard.raw.v1"})
    headers["properties"] |= {
        "content-type": _text("The media type of the source's bytes, such as message/rfc822."),
        "ce_subject": _text("The name of the delivery at the source, such as INBOX;1;42 (folder, UIDVALIDITY, UID)."),
        "ce_dataref": _text("The blob that holds the whole body when the value is only its start (claim check)."),
    }
    headers["required"] = sorted({*headers["required"], "ce_subject"})
    headers["patternProperties"] = {"^ce_sb": _text("A fact of the channel that is not in the body: folder, address …")}
    return {
        "name": "switchboard.raw.v1",
        "summary": "One delivery, as the source gave it.",
        "headers": headers,
        "payload": _text("The source's bytes, untouched; at most 900,000.") | {"format": "binary"},
        "bindings": {"kafka": {"key": _text(RAW_DOORWAY.key), "bindingVersion": _BINDING}},
    }


def _dead_letter() -> Schema:
    marks = {
        "sb_stage": "The stage that could not process it.",
        "sb_reason": "Why, in a word that can be counted.",
        "sb_error": "Why, and what to do.",
        "sb_topic": "The topic of the record.",
        "sb_partition": "Its partition.",
        "sb_offset": "Its offset.",
        "sb_at": "When it was set aside (ISO 8601).",
    }
    optional = {
        "sb_size": "Bytes of the whole value, when only its start fits here.",
        "sb_redriven": "This is no dead letter but a mark: the letter of that name (partition-offset) was sent again.",
    }
    return {
        "name": "dead-letter",
        "summary": "A record as it was, with headers that say where it stood and why it is here.",
        "headers": {
            "type": "object",
            "properties": {name: _text(about) for name, about in (marks | optional).items()},
            "anyOf": [{"required": sorted(marks)}, {"required": ["sb_redriven"]}],
        },
        "payload": _text("The record's own bytes.") | {"format": "binary"},
        "bindings": {"kafka": {"key": _text("The record's own key."), "bindingVersion": _BINDING}},
    }


def _headers(constant: dict[str, str]) -> Schema:
    """CloudEvents 1.0, Kafka protocol binding, binary content mode; every header is UTF-8 text."""
    attributes: Schema = {
        "content-type": {"type": "string", "const": "application/json"},
        "ce_specversion": {"type": "string", "const": "1.0"},
        **{name: {"type": "string", "const": value} for name, value in constant.items()},
        "ce_id": _text("With `ce_source` the name of this event, equal at every replay."),
        "ce_source": _text("Who made it: a stage, an account (/channel/account), a command."),
        "ce_time": _text("When it was made; of a raw record, when it was received.") | {"format": "date-time"},
    }
    required = sorted(attributes)
    attributes["traceparent"] = _text("W3C Trace Context of the delivery, when it brought one.")
    return {"type": "object", "properties": attributes, "required": required}


def _text(about: str) -> Schema:
    return {"type": "string", "description": about}
