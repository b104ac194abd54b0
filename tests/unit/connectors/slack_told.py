"""What the tests of Slack are told with: a workspace, raw events, and the receive loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec

from connectors._blobs import BlobStore
from connectors._edge import receive
from connectors._memory import MemoryKafka
from connectors._slack.settings import SlackSettings
from connectors._status import Status
from connectors.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack
from connectors.slack import Slack
from normalizer.events import Message, RawEvent
from normalizer.ids import message_id

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FAST: dict[str, Any] = {"answer_seconds": 0.2, "retry_seconds": (0.05,) * 100}
LONG_AGO = date(2020, 1, 1)


def raw(payload: Any, **attributes: str) -> RawEvent:
    """A delivery."""
    return RawEvent(
        channel="slack",
        account="main",
        source_id="event;Ev1",
        body=msgspec.json.encode(payload),
        content_type="application/json",
        received_at=NOW,
        attributes=attributes,
    )


def callback(event: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The payload around an event."""
    outer = {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": "Ev1", "event": event}
    return {**outer, "authorizations": [{"team_id": "T1", "user_id": "U0BOT", "is_bot": True}], **more}


def said(text: str = "hello", **more: Any) -> dict[str, Any]:
    """A message event."""
    usual = {"type": "message", "channel": "C1", "user": "U1", "text": text, "ts": "1700000000.000100", "team": "T1"}
    return {**usual, "channel_type": "channel", **more}


def read(event: dict[str, Any], **attributes: str) -> tuple[Message, ...]:
    """The messages in an event."""
    return Slack.read(raw(callback(event), **attributes))


def one(event: dict[str, Any], **attributes: str) -> Message:
    """The one message in an event."""
    (found,) = read(event, **attributes)
    return found


def id_of(item: str) -> str:
    """The id of a message by its channel and ts."""
    return message_id("slack", "main", item)


def made(fake: FakeSlack, folder: Path, **settings: Any) -> Slack:
    """The connector on a workspace, with all three ways."""
    usual: dict[str, Any] = {
        "api_url": fake.api_url,
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "signing_secrets": (SIGNING_SECRET,),
        "history_seconds": 0.05,
        "since": LONG_AGO,
    }
    return Slack("main", SlackSettings(**(usual | settings)), BlobStore(folder.as_uri()))


@contextmanager
def receiving(slack: Slack, source: str, kafka: MemoryKafka) -> Iterator[list[BaseException]]:
    """The edge's loop in a thread for as long as the context; what it dies of is in the list."""
    stop, died = threading.Event(), list[BaseException]()

    def live() -> None:
        try:
            receive(slack, source, kafka, kafka, Status(source), stop)
        except BaseException as error:  # noqa: BLE001 - handed over to the test
            died.append(error)

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield died
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def wait(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def texts(kafka: MemoryKafka) -> list[str]:
    """The texts of all messages that Kafka has, in order."""
    return [message.text for event in list(kafka.events) for message in Slack.read(event)]
