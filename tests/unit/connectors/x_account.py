"""An account of X over the stand-in, and its pages: what the tests of the hand share."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from connectors._base import Page
from connectors._blobs import BlobStore
from connectors._x import snowflake
from connectors._x.place import Place
from connectors._x.settings import XSettings
from connectors.fakes.x import SECRETS, USER_ID, FakeX
from connectors.x import X
from normalizer.events import Message, RawEvent

KEYS = {name: SECRETS[name] for name in ("api_key", "api_secret", "access_token", "access_secret")}


def account(fake: FakeX, folder: Path, **more: Any) -> X:
    """A poller of the stand-in, as after a start."""
    settings = {
        "user_id": USER_ID,
        "bearer_token": SECRETS["bearer_token"],
        "api_url": fake.url,
        "page_size": 5,
        "poll_seconds": 0.01,
        **more,
    }
    return X("main", XSettings(**settings), BlobStore(folder.as_uri()))


def place(ago: float, **more: Any) -> bytes:
    """The cursor of a source that was last read some seconds ago."""
    made = str(snowflake.at(time.time() - ago))
    return msgspec.json.encode(Place(begin="0", since=made, **more))


@contextlib.contextmanager
def receiving(x: X, source: str, position: bytes | None) -> Iterator[Iterator[Page]]:
    """The pages of a source, for as long as the context."""
    pages = x.receive(source, position, threading.Event())
    try:
        yield pages
    finally:
        pages.close()  # type: ignore[attr-defined]  # a generator


def chain(x: X, source: str = "mentions", position: bytes | None = None) -> list[Page]:
    """The pages of one whole chain."""
    found = []
    with receiving(x, source, position) as pages:
        if position is None and x.settings.since is None:
            found.append(next(pages))  # where the first start begins
        for page in pages:
            found.append(page)
            if not (page.position.token or page.position.until or page.position.newest):
                break
    return found


def saved(page: Page) -> bytes:
    """A position as the cursor gives it back."""
    return msgspec.json.encode(page.position)


def events(pages: list[Page]) -> list[RawEvent]:
    """All of them."""
    return [raw for page in pages for raw in page.events]


def ids(pages: list[Page]) -> list[str]:
    """The ids of all posts, sorted."""
    return sorted(raw.attributes["id"] for raw in events(pages) if "id" in raw.attributes)


def messages(pages: list[Page]) -> list[Message]:
    """What the eye makes of them."""
    return [message for raw in events(pages) for message in X.read(raw)]
