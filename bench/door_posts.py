"""Posts as the vendors send them: signed, each with an id of its own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from bench.http_load import post

_numbers = count(1)
_TEXT = "My parcel has not arrived, and the page says that it has. Could you please look? " * 6


class Door(msgspec.Struct, frozen=True):
    """A channel with settings for an account ``bench``, and what makes the bytes of its next post."""

    what: str
    channel: str
    settings: dict[str, Any]
    post: Callable[[], bytes]


def _webform() -> bytes:
    body = {"email": "ann@example.org", "message": _TEXT, "submission_id": f"bench-{next(_numbers)}"}
    return post("/webform/bench", msgspec.json.encode(body))


DOORS = (Door("web form, JSON, unsigned", "webform", {"posts_per_minute": 10_000_000}, _webform),)
