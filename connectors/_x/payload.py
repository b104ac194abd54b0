"""Looking into X's JSON without believing its shape: what is missing or of another type is empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from normalizer.errors import Rejected

MAX_TEXT = 100_000  # four times the longest post


def loads(body: bytes, name: str) -> dict[str, Any]:
    """The object in a body. Raises `Rejected`; `name` is how the error speaks of it."""
    try:
        found = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Rejected("not-json", f"{name} is no JSON ({type(error).__name__}): fetch it from X again") from None
    if not isinstance(found, dict):
        raise Rejected("not-an-object", f"{name} is JSON and no object: fetch it from X again")
    return found


def text(value: Mapping[str, Any], name: str) -> str:
    """A string or a number, as valid Unicode (a lone surrogate, which no store takes, becomes U+FFFD)."""
    found = value.get(name)
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 1 << 64:
        return str(found)
    return tidy(found[:MAX_TEXT]) if isinstance(found, str) else ""


def table(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """An object."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def rows(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects."""
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def texts(value: Mapping[str, Any], name: str) -> list[str]:
    """A list of strings."""
    found = value.get(name)
    return [tidy(each) for each in found if isinstance(each, str)] if isinstance(found, list) else []


def tidy(found: str) -> str:
    """Valid Unicode, without NUL."""
    if "\x00" in found:
        found = found.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if found.isascii():
        return found
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
