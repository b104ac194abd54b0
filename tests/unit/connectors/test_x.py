"""X keeps what every connector and every poller keeps, over a stand-in that behaves as X does."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connectors._blobs import BlobStore
from connectors._x.settings import XSettings
from connectors.fakes.x import SECRETS, USER_ID, FakeX
from connectors.x import X
from normalizer.events import RawEvent
from tests.conformance.connector import ConnectorContract
from tests.conformance.poller import Source
from tests.conformance.recount import RecountContract

POST: dict[str, Any] = {
    "data": {
        "id": "1578522194770296832",
        "author_id": "42",
        "conversation_id": "1578522194770296832",
        "created_at": "2022-10-07T23:06:33.000Z",
        "text": "@acme my order &amp; my patience are lost",
        "edit_history_tweet_ids": ["1578522194770296832"],
        "entities": {"mentions": [{"id": USER_ID, "username": "acme"}]},
    },
    "includes": {"users": [{"id": "42", "name": "Ann", "username": "ann"}]},
}
MESSAGE: dict[str, Any] = {
    "data": {
        "id": "1585823814956482567",
        "event_type": "MessageCreate",
        "dm_conversation_id": f"42-{USER_ID}",
        "sender_id": "42",
        "text": "hello",
    },
    "includes": POST["includes"],
}
GONE = {"value": "1578522194770296832", "type": "https://api.twitter.com/2/problems/resource-not-found"}


def raw_of(body: Any, source: str = "mentions", kind: str = "application/json", **told: str) -> RawEvent:
    """A raw event as the hand makes them."""
    return RawEvent(
        channel="x",
        account="main",
        source_id=f"{source};1",
        body=json.dumps(body).encode(),
        content_type=kind,
        received_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        attributes={"source": source, "user": USER_ID, "id": "1578522194770296832"} | told,
    )


class TestXReads(ConnectorContract):
    """The eye."""

    connector: ClassVar[type[X]] = X

    def settings(self) -> dict[str, Any]:
        """As in a configuration file."""
        names = ("bearer_token", "api_key", "api_secret", "access_token", "access_secret", "user_token")
        return {"user_id": USER_ID, "sources": ["mentions", "dms"]} | dict.fromkeys(names, self.secret)

    def samples(self) -> Sequence[RawEvent]:
        """A post, a direct message, a deletion."""
        return [
            raw_of(POST),
            raw_of(MESSAGE, "dms"),
            raw_of(GONE, "lookup", "application/vnd.switchboard.deletion+json", thread="1:42"),
        ]


class Timeline(Source):
    """The stand-in, and customers who post."""

    name = "mentions"

    def __init__(self, fake: FakeX, folder: Path) -> None:
        self._fake, self._blobs = fake, BlobStore(folder.as_uri())
        self._numbers = itertools.count(1)

    def put(self, number: int) -> list[str]:
        """Good ones."""
        names = [f"word-{next(self._numbers)}" for _ in range(number)]
        for name in names:
            self.say(f"@acme {name}")
        return names

    def say(self, text: str) -> None:
        """A post."""
        self._fake.post("ann", text)

    def put_bad(self) -> None:
        """A post without an id, words or an author."""
        self._fake.post("bob", "@acme", more={"id": None, "text": None, "author_id": None, "created_at": "then"})

    def told(self, raw: RawEvent) -> str:
        """The last word of a post or a message."""
        words = (json.loads(raw.body)["data"].get("text") or "").split()
        return str(words[-1]) if words else ""

    def poller(self) -> X:
        """With the smallest pages that X gives."""
        settings = XSettings(
            user_id=USER_ID,
            bearer_token=SECRETS["bearer_token"],
            user_token=SECRETS["user_token"],
            api_url=self._fake.url,
            page_size=5,
            poll_seconds=0.02,
            since=datetime.now(UTC) - timedelta(days=1),
        )
        return X("main", settings, self._blobs)


class Inbox(Timeline):
    """The same with direct messages."""

    name = "dms"

    def say(self, text: str) -> None:
        """A message."""
        self._fake.message("ann", text)

    def put_bad(self) -> None:
        """An event that nobody knows yet."""
        self._fake.message("bob", "", kind="VoiceNote")


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeX]:
    """One server for all of them, which lets a test ask as often as it likes."""
    with FakeX(limits=dict.fromkeys(("mentions", "dm_events", "me"), 100_000)) as made:
        yield made


class TestXReceives(RecountContract):
    """The hand, over posts."""

    connector: ClassVar[type[X]] = X

    @pytest.fixture
    def source(self, fake: FakeX, tmp_path: Path) -> Source:
        """A stand-in on which nobody has said anything yet."""
        fake.clear()
        return Timeline(fake, tmp_path)


class TestXReceivesMessages(RecountContract):
    """The hand, over direct messages, which have no since_id."""

    connector: ClassVar[type[X]] = X

    @pytest.fixture
    def source(self, fake: FakeX, tmp_path: Path) -> Source:
        """A stand-in on which nobody has said anything yet."""
        fake.clear()
        return Inbox(fake, tmp_path)
