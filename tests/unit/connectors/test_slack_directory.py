"""What a delivery only names is looked up, remembered, and never waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors._memory import MemoryKafka
from connectors._slack.directory import Directory
from connectors.fakes.slack import BOT_TOKEN, BOT_USER, FakeSlack, Fault
from connectors.slack import Slack
from tests.unit.connectors.slack_told import FAST, callback, made, raw, receiving, said, wait

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSlack]:
    """One for all."""
    with FakeSlack(**FAST) as fake:
        yield fake


@pytest.fixture
def fake(server: FakeSlack) -> FakeSlack:
    """A workspace with one channel."""
    server.clear()
    server.channel("C1", "support")
    server.user("U1", "Ann Lee")
    return server


def directory(fake: FakeSlack, folder: Path) -> Directory:
    """The look-ups of the connector."""
    return made(fake, folder)._directory


def test_a_name_is_asked_for_once(fake: FakeSlack, tmp_path: Path) -> None:
    """And a guest's workspace with it."""
    fake.user("U9", "Ben", team="T9")
    found = directory(fake, tmp_path)
    told = [found.attributes(said("hi <@U9>"), 2.0) for _ in range(3)][-1]
    assert told["users"] == '{"U1":"Ann Lee","U9":"Ben"}'
    assert told["teams"] == '{"U1":"T0HOME","U9":"T9"}'
    assert (told["own"], told["team"]) == (f"{BOT_USER} B0OURBOT A0OURAPP", "T0HOME")
    assert [method for method, _ in fake.web.calls].count("users.info") == 2


@pytest.mark.parametrize("fault", [Fault(500), Fault(429, "ratelimited", retry_after=30), Fault(200, "user_not_found")])
def test_a_name_that_cannot_be_had_leaves_the_id(fake: FakeSlack, tmp_path: Path, fault: Fault) -> None:
    """At once, and it is not asked for again with each message."""
    fake.fail("users.info", fault)
    found, began = directory(fake, tmp_path), time.monotonic()
    for _ in range(3):
        assert "users" not in found.attributes(said(), 2.0)
    assert time.monotonic() - began < 2.0
    assert [method for method, _ in fake.web.calls].count("users.info") == 1
    (message,) = Slack.read(raw(callback(said("<@U1>"))))
    assert (message.sender.name, message.text) == ("", "@U1")


def test_slack_that_is_slow_delays_no_message(fake: FakeSlack, tmp_path: Path) -> None:
    """What is not known in time is left out."""
    for method in ("users.info", "files.info"):
        fake.fail(method, Fault(200, seconds=0.6))
    stub = {"id": fake.file("a.txt", b"slow"), "name": "a.txt", "file_access": "check_file_info"}
    told = directory(fake, tmp_path).attributes(said(files=[stub]), 0.1)
    assert "users" not in told
    assert '"error":"late"' in told["media"]


def test_a_direct_message_is_known_where_the_event_does_not_say_so(fake: FakeSlack, tmp_path: Path) -> None:
    """An app_mention has no channel_type, and in a group DM the conversation is the channel."""
    fake.channel("G1", is_mpim=True)
    found = directory(fake, tmp_path)
    assert found.attributes({"type": "app_mention", "channel": "G1"}, 2.0)["channeltype"] == "mpim"
    fake.channel("D1", user="U1")
    assert found.attributes({"type": "message", "channel": "D1", "bot_id": "B1"}, 2.0)["partner"] == "U1"


def test_files_need_the_token(fake: FakeSlack, tmp_path: Path) -> None:
    """They are fetched with it, and are attachments."""
    slack, kafka = made(fake, tmp_path), MemoryKafka()
    log = fake.file("export.log", b"timed out", "text/plain")
    with receiving(slack, "socket-1", kafka):
        wait(lambda: fake.outbox.sockets)
        fake.say("C1", "U1", "the log", files=[log])
        wait(lambda: fake.outbox.acknowledged)
    (message,) = Slack.read(kafka.events[0])
    (file,) = message.attachments
    assert (file.name, file.content_type, slack.blobs.get(file.sha256)) == ("export.log", "text/plain", b"timed out")
    assert message.degradations == ()


def test_a_file_of_another_workspace_is_asked_for_by_files_info(fake: FakeSlack, tmp_path: Path) -> None:
    """Its event says only that there is one (`file_access: check_file_info`)."""
    log = fake.file("shared.log", b"theirs")
    stub = {"id": log, "mode": "file_access", "file_access": "check_file_info"}
    told = directory(fake, tmp_path).attributes(said(files=[stub]), 2.0)
    (message,) = Slack.read(raw(callback(said("", files=[stub])), **told))
    assert [each.name for each in message.attachments] == ["shared.log"]


@pytest.mark.parametrize(
    ("url", "error"),
    [("{0}/login", "login-page"), ("https://evil.test/x", "foreign-host"), ("http://127.0.0.1:1/x", "foreign-host")],
)
def test_a_file_that_cannot_be_had_loses_no_message(fake: FakeSlack, tmp_path: Path, url: str, error: str) -> None:
    """Neither Slack's login page nor another host's answer is taken for the file."""
    file = {"id": "F1", "name": "a.png", "mimetype": "image/png", "url_private": url.format(fake.url)}
    event = said("look", files=[file])
    told = directory(fake, tmp_path).attributes(event, 5.0)
    (message,) = Slack.read(raw(callback(event), **told))
    assert (message.text, message.attachments, message.degradations) == ("look", (), (f"media-missing:{error}",))


def test_without_a_bot_token_nothing_is_asked(fake: FakeSlack, tmp_path: Path) -> None:
    """The settings still say who is our own."""
    slack = made(fake, tmp_path, bot_token="", own=("T0HOME",))
    assert slack._directory.attributes(said(), 2.0) == {"own": "T0HOME"}
    assert fake.web.calls == []


def test_a_token_that_ends_soon_is_a_warning(fake: FakeSlack, tmp_path: Path) -> None:
    """With token rotation auth.test says when."""
    fake.web.expires_in = 7200
    slack = made(fake, tmp_path)
    assert slack.warnings() == []
    slack._directory.attributes(said(), 2.0)
    (warning,) = slack.warnings()
    assert warning == (
        "the bot_token of slack account main ends in 2.0 hours: set a fresh one, or turn token rotation off"
    )
    assert BOT_TOKEN not in warning
