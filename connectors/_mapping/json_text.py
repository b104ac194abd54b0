"""JSON as programs in the world write it: half an emoji, a NaN, a byte that is no UTF-8 do not lose a message. Pure."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from normalizer.errors import Rejected

_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError)  # ValueError is also what the standard library raises


def decoded(body: bytes) -> tuple[Any, bool]:
    """The value, and whether the JSON had to be repaired. Raises `Rejected` ``not-json``."""
    try:
        return msgspec.json.decode(body), False
    except _ERRORS:
        return msgspec.json.decode(repaired(body)), True


def repaired(body: bytes) -> bytes:
    """Strict JSON in UTF-8, with U+FFFD or null for what had no meaning. Raises `Rejected` ``not-json``."""
    try:
        value = json.loads(body.decode("utf-8-sig", "replace"), parse_constant=lambda _: None, parse_float=_number)
        written = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
        strict = written.decode("utf-16-le", "replace").encode()
        msgspec.json.decode(strict)
    except _ERRORS as error:
        raise Rejected("not-json", f"the body is not JSON ({str(error)[:200]}): check what is sent") from error
    return strict


def _number(text: str) -> float | str:
    """A number, or its text where no float can hold it."""
    value = float(text)
    return value if abs(value) < float("inf") else text
