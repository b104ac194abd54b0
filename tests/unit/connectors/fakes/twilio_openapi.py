"""Twilio's own document of its API."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from tests.servers.corpora import CORPORA


@cache
def openapi() -> Any:
    """The document, with what OpenAPI 3.0 calls nullable in the terms of JSON Schema."""
    file = CORPORA / "twilio_oai" / "spec" / "json" / "twilio_api_v2010.json"
    return json.loads(file.read_text(), object_hook=_nullable)


def _nullable(each: dict[str, Any]) -> dict[str, Any]:
    if each.pop("nullable", False) and isinstance(each.get("type"), str):
        each["type"] = [each["type"], "null"]
    return each
