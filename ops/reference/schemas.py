"""The JSON Schema (draft 2020-12) of every event: what the value of a record looks like, for whoever reads our topics."""

from __future__ import annotations

import inspect
from typing import Any

import msgspec

from normalizer.events import Event
from normalizer.wire import schema_uri, versioned_type

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def events() -> list[type[Event]]:
    """Every event that has a topic and a type, by its type."""
    return sorted((e for e in Event.__subclasses__() if e.__module__ == Event.__module__), key=lambda event: event.type)


def file_name(event: type[Event]) -> str:
    """Where the schema of an event stands, below the folder of the schemas."""
    return f"{versioned_type(event)}.json"


def schema(event: type[Event]) -> Schema:
    """The schema of an event's value; its ``$id`` is what the header ``ce_dataschema`` says.

    Unknown fields are allowed, since a later revision of the same version may add some. A field that is absent
    has its default. Whoever reads an ``enum`` must be ready for values that are added to it.
    """
    made = _cleaned(msgspec.json.schema(event))
    return {"$schema": DIALECT, "$id": schema_uri(event), "title": versioned_type(event), **made}


def _cleaned(part: Any) -> Any:
    """As JSON has it, and without the indentation that docstrings have in the code."""
    if isinstance(part, dict):
        return {
            name: inspect.cleandoc(value) if name == "description" and isinstance(value, str) else _cleaned(value)
            for name, value in part.items()
        }
    return [_cleaned(item) for item in part] if isinstance(part, list | tuple) else part
