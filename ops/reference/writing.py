"""Which files the generated documents are, and what is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ops import channels
from ops.reference.asyncapi import document
from ops.reference.compatible import breaks
from ops.reference.configuration import markdown
from ops.reference.schemas import events, file_name, schema

SCHEMAS = "schemas"


def documents() -> dict[str, str]:
    """Every generated document: its path below the folder of the documents, and its text."""
    return {
        **{f"{SCHEMAS}/{file_name(event)}": _json(schema(event)) for event in events()},
        "asyncapi.json": _json(document(channels.names(), SCHEMAS)),
        "configuration.md": markdown(channels.names()),
    }


def incompatible(folder: Path) -> list[str]:
    """How the events would break the schemas that were published in `folder`, a sentence each."""
    found = []
    for event in events():
        path = folder / SCHEMAS / file_name(event)
        if path.exists():
            found += [
                f"{file_name(event)}: {why}" for why in breaks(json.loads(path.read_text("utf-8")), schema(event))
            ]
    return found


def write(folder: Path) -> list[Path]:
    """Write what is missing or different; returns the files that were written."""
    written = []
    for name, text in documents().items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            written.append(path)
    return written


def _json(found: Any) -> str:
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
