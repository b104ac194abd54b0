"""The stand-in of Slack, asked by the real clients of slack-sdk."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from connectors.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack, Fault
from tests.servers.corpora import CORPORA, needs_corpora

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSlack]:
    """One for all."""
    with FakeSlack(answer_seconds=0.2, retry_seconds=(0.02, 0.02, 0.02)) as fake:
        yield fake


@pytest.fixture
def fake(server: FakeSlack) -> FakeSlack:
    """A workspace with one channel."""
    server.clear()
    server.channel("C1", "support")
    server.user("U1", "Ann Lee")
    return server


@pytest.fixture
def client(fake: FakeSlack) -> WebClient:
    """Slack's own client."""
    return WebClient(BOT_TOKEN, base_url=fake.api_url, timeout=5)


def test_the_real_client_follows_its_cursors(fake: FakeSlack, client: WebClient) -> None:
    """Newest first, each message once, and no replies."""
    times = [fake.say("C1", "U1", f"number {number}", heard=False) for number in range(7)]
    fake.say("C1", "U1", "reply", thread_ts=times[0], heard=False)
    pages = [page["messages"] for page in client.conversations_history(channel="C1", limit=3)]
    assert [[each["ts"] for each in page] for page in pages] == [times[6:3:-1], times[3:0:-1], times[0:1]]
    root = pages[-1][0]
    replies = client.conversations_replies(channel="C1", ts=times[0])["messages"]
    assert (root["reply_count"], root["latest_reply"]) == (1, replies[1]["ts"])
    assert [each["text"] for each in replies] == ["number 0", "reply"]


def test_the_real_client_sees_errors_as_slack_gives_them(fake: FakeSlack, client: WebClient) -> None:
    """By their slugs, with their statuses."""
    fake.channel("C2", is_member=False)
    refused: list[tuple[Callable[[], Any], str]] = [
        (lambda: client.conversations_history(channel="C2"), "not_in_channel"),
        (lambda: client.conversations_history(channel="C9"), "channel_not_found"),
        (lambda: client.conversations_replies(channel="C1", ts="1.1"), "thread_not_found"),
        (lambda: client.conversations_history(channel="C1", cursor="what?"), "invalid_cursor"),
        (lambda: client.users_info(user="U9"), "user_not_found"),
        (lambda: client.files_info(file="F9"), "file_not_found"),
        (lambda: client.apps_connections_open(app_token=BOT_TOKEN), "not_allowed_token_type"),
        (lambda: client.auth_test(token="xoxb-wrong"), "invalid_auth"),
        (lambda: client.api_call("chat.nothing"), "unknown_method"),
    ]
    for asked, error in refused:
        with pytest.raises(SlackApiError) as caught:
            asked()
        assert caught.value.response["error"] == error
    fake.web.revoked = "token_revoked"
    with pytest.raises(SlackApiError, match="token_revoked"):
        client.auth_test()


def test_faults_come_in_turn_and_end(fake: FakeSlack, client: WebClient) -> None:
    """429 with Retry-After, 500 with a page that is no JSON, then the truth."""
    fake.fail("auth.test", Fault(429, "ratelimited", retry_after=30), Fault(500))
    for status in (429, 500):
        with pytest.raises(SlackApiError) as caught:
            client.auth_test()
        assert caught.value.response.status_code == status
        assert caught.value.response.headers.get("retry-after") == ("30" if status == 429 else None)
    assert client.auth_test()["bot_id"] == "B0OURBOT"


def test_an_app_outside_of_the_marketplace_is_slowed_down() -> None:
    """15 objects, and a second call within the minute is refused."""
    with FakeSlack(marketplace=False) as fake:
        fake.channel("C1")
        for number in range(20):
            fake.say("C1", "U1", f"number {number}", heard=False)
        client = WebClient(BOT_TOKEN, base_url=fake.api_url)
        assert len(client.conversations_history(channel="C1", limit=999)["messages"]) == 15
        with pytest.raises(SlackApiError) as caught:
            client.conversations_history(channel="C1")
    assert 50 < int(caught.value.response.headers["retry-after"]) <= 61


def test_files_are_for_who_has_the_token(fake: FakeSlack, client: WebClient) -> None:
    """Others are led to a page for people, with status 200 in the end."""
    url = client.files_info(file=fake.file("a.txt", b"hello"))["file"]["url_private_download"]
    with httpx.Client(trust_env=False, follow_redirects=True) as web:
        assert web.get(url, headers={"Authorization": f"Bearer {BOT_TOKEN}"}).content == b"hello"
        assert web.get(url).headers["content-type"].startswith("text/html")
        assert (
            web.get(f"{fake.url}/files-pri/T-F9/x", headers={"Authorization": f"Bearer {BOT_TOKEN}"}).status_code == 404
        )


def test_the_real_socket_client_hears_and_acknowledges(fake: FakeSlack, client: WebClient) -> None:
    """Envelopes that are not acknowledged come again, and then are given up."""
    heard: list[SocketModeRequest] = []
    deaf = threading.Event()

    def listen(socket: Any, request: SocketModeRequest) -> None:
        heard.append(request)
        if not deaf.is_set():
            socket.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    socket = SocketModeClient(APP_TOKEN, web_client=client)
    socket.socket_mode_request_listeners.append(listen)
    socket.connect()
    assert fake.connected()
    ts = fake.say("C1", "U1", "hello <@U0OURBOT>")
    _wait(lambda: len(fake.outbox.acknowledged) == 2)
    assert {(each.payload["event"]["type"], each.payload["event"]["ts"]) for each in heard} == {
        ("message", ts),
        ("app_mention", ts),
    }
    deaf.set()
    fake.react("C1", ts, "U1", "eyes")
    _wait(lambda: fake.outbox.lost)
    assert [each.retry_attempt for each in heard[2:]] == [None, 1, 2, 3]
    assert len({each.envelope_id for each in heard}) == 6
    socket.auto_reconnect_enabled = False
    fake.outbox.drop()  # else it closes only after a read has timed out
    with suppress(AttributeError):  # slack_sdk's own thread may have closed it just now, which it does not look for
        socket.close()


def test_requests_are_signed_as_slack_signs_them(fake: FakeSlack) -> None:
    """Slack's own verifier takes them."""
    now = str(int(time.time()))
    signed = fake.outbox.signed(b'{"a": 1}', now)
    assert SignatureVerifier(SIGNING_SECRET).is_valid_request(b'{"a": 1}', signed)
    assert not SignatureVerifier(SIGNING_SECRET).is_valid_request(b'{"a": 2}', signed)
    assert not fake.subscribe(f"{fake.url}/login")  # it does not answer the challenge


def test_edits_deletions_and_previews_are_told(fake: FakeSlack) -> None:
    """As Slack tells them: by subtypes of a message; a root with replies leaves a tombstone. Without a listener they are lost."""
    root = fake.say("C1", "U1", "one")
    fake.say("C1", "U1", "two", thread_ts=root)
    fake.edit("C1", root, "uno")
    fake.unfurl("C1", root, {"from_url": "https://x.test"})
    fake.delete("C1", root)
    fake.delete("C1", fake.say("C1", "U1", "alone", heard=False))
    _wait(lambda: len(fake.outbox.lost) == 6)
    events = [each["event"] for each in fake.outbox.lost]
    assert [each.get("subtype") for each in events] == [
        None, None, "message_changed", "message_changed", "message_changed", "message_deleted",
    ]  # fmt: skip
    assert [each["message"].get("subtype") for each in events[2:5]] == [None, None, "tombstone"]
    assert events[3]["message"]["edited"] == events[2]["message"]["edited"]


@needs_corpora
def test_its_payloads_have_the_fields_of_slacks_own(fake: FakeSlack) -> None:
    """Every field of ours in an event callback, and in what auth.test answers, is one that Slack sends."""
    samples = CORPORA / "slack" / "json-logs" / "samples"
    known = set(json.loads((samples / "events" / "MessageThreadBroadcastPayload.json").read_text("utf-8")))
    assert set(fake.callback({"type": "message"})) <= known
    answer = httpx.post(
        f"{fake.api_url}auth.test", headers={"Authorization": f"Bearer {BOT_TOKEN}"}, trust_env=False
    ).json()
    assert set(answer) <= set(json.loads((samples / "api" / "auth.test.json").read_text("utf-8"))) | {"user", "team"}


def _wait(condition: Callable[[], object]) -> None:
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    pytest.fail("it never came to that")
