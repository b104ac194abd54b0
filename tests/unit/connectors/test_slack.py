"""Slack keeps what every connector, every receiver and every poller keeps."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from connectors._slack.settings import SlackSettings
from connectors.fakes._slack.outbox import Outbox
from connectors.fakes.slack import FakeSlack
from connectors.slack import Slack
from normalizer.errors import Misconfigured
from normalizer.events import RawEvent
from tests.conformance.connector import ConnectorContract
from tests.conformance.poller import Source
from tests.conformance.receiver import ReceiverContract
from tests.conformance.recount import RecountContract
from tests.unit.connectors.slack_told import FAST, callback, made, raw, said

SECRET = "s3cr3t-of-the-tests"


class TestSlackReads(ConnectorContract):
    """The eye."""

    connector: ClassVar[type[Slack]] = Slack

    def settings(self) -> dict[str, Any]:
        """All three ways."""
        return {"app_token": f"xapp-{SECRET}", "bot_token": f"xoxb-{SECRET}", "signing_secrets": [SECRET]}

    def samples(self) -> Sequence[RawEvent]:
        """One of each kind."""
        blocks = [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]}]
        changed = {"message": said("better", edited={"ts": "1700000009.000100"}), "previous_message": said("good")}
        return [
            raw(callback(said("hello <@U2> &amp; you", blocks=blocks, files=[{"id": "F1", "url_private": "https://x"}]))),
            raw(callback({**said(), **changed, "subtype": "message_changed"})),
            raw(callback({"type": "message", "channel": "C1", "subtype": "message_deleted", "deleted_ts": "17.0001"})),
            raw(callback({"type": "reaction_added", "user": "U1", "reaction": "eyes",
                          "item": {"type": "message", "channel": "C1", "ts": "1700000000.000100"}})),
            raw({"command": "/help", "text": "me", "user_id": "U1", "channel_id": "C1", "trigger_id": "1.2"}),
            raw({"type": "block_actions", "user": {"id": "U1"}, "trigger_id": "1.3", "actions": [{"value": "yes"}]}),
            raw(said("from a history"), channel="C1", via="history"),
        ]  # fmt: skip


class TestSlackIsCalled(ReceiverContract):
    """The door of the Events API."""

    connector: ClassVar[type[Slack]] = Slack

    def settings(self) -> dict[str, Any]:
        """A door and nothing else."""
        return {"signing_secrets": [SECRET]}

    def request(self, number: int) -> httpx.Request:
        """A message."""
        return self._signed(SECRET, number)

    def forged(self) -> httpx.Request:
        """One that somebody else signed."""
        return self._signed("another-secret-of-nobody", 1)

    @staticmethod
    def _signed(secret: str, number: int) -> httpx.Request:
        body = msgspec.json.encode(callback(said(f"number {number}"), event_id=f"Ev{number}"))
        signed = Outbox(secret, 1, ()).signed(body, str(int(time.time())))
        return httpx.Request("POST", "http://edge.test/slack/main", content=body, headers=signed)


class Channel(Source):
    """A channel with a history."""

    name = "history"

    def __init__(self, fake: FakeSlack, folder: Path) -> None:
        self.fake = fake
        self.folder = folder
        self.numbers = itertools.count(1)
        fake.channel("C1", "support")

    def put(self, number: int) -> list[str]:
        """Messages."""
        names = [f"message {next(self.numbers)}" for _ in range(number)]
        for name in names:
            self.fake.say("C1", "U1", name, heard=False)
        return names

    def put_bad(self) -> None:
        """A message of which nothing is as it should be."""
        bad = {"type": "message", "ts": self.fake.workspace.ts(), "user": {}, "text": 7, "blocks": "x", "files": {}}
        self.fake.workspace.add("C1", bad)

    def told(self, raw: RawEvent) -> str:
        """A message's text."""
        found = msgspec.json.decode(raw.body)["text"]
        return found if isinstance(found, str) else ""

    def poller(self) -> Slack:
        """With small pages."""
        return made(self.fake, self.folder, page_size=4, history_seconds=0.01)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSlack]:
    """One for all, since to stop it takes a while."""
    with FakeSlack(**FAST) as fake:
        yield fake


class TestSlackPolls(RecountContract):
    """The history."""

    connector: ClassVar[type[Slack]] = Slack

    @pytest.fixture
    def source(self, server: FakeSlack, tmp_path: Path) -> Source:
        """A workspace of this test's own."""
        server.clear()
        return Channel(server, tmp_path)


def test_its_ways_are_by_what_is_configured(tmp_path: Path) -> None:
    """Tokens make sources, a signing secret makes a door."""
    with FakeSlack(**FAST) as fake:
        whole = made(fake, tmp_path)
        only_door = made(fake, tmp_path, app_token="", bot_token="")
        only_socket = made(fake, tmp_path, bot_token="", signing_secrets=(), connections=1)
    assert whole.sources() == ["socket-1", "socket-2", "history"]
    assert (only_door.sources(), only_socket.sources()) == ([], ["socket-1"])

    async def accept(_: Sequence[RawEvent]) -> None:
        """Nothing is delivered here."""

    assert [len(each.routes(accept)) for each in (whole, only_door, only_socket)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "no way to receive: set app_token"),
        ({"app_token": "xoxb-1"}, "app_token does not start with xapp-"),
        ({"bot_token": "xapp-1"}, "bot_token does not start with xox"),
        ({"bot_token": "xoxb-1", "api_url": "http://slack.test/api/"}, "in the clear: write an https:// url"),
    ],
)
def test_settings_that_could_not_work_are_refused(settings: dict[str, Any], message: str) -> None:
    """With what to do."""
    with pytest.raises(ValueError, match=message):
        SlackSettings(**settings)


def test_an_account_is_part_of_a_url(tmp_path: Path) -> None:
    """So not every text is one."""
    with FakeSlack() as fake, pytest.raises(Misconfigured, match="an account is part of a url"):
        Slack("a/b", made(fake, tmp_path).settings, made(fake, tmp_path).blobs)
