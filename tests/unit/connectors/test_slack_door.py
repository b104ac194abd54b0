"""The door of the Events API: what is taken, what is refused, and what needs no answer but 200."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors._edge import accepting
from connectors._guard import Limits, Problem
from connectors._http import HttpServer, application
from connectors._memory import MemoryKafka
from connectors._slack.door import verify
from connectors._slack.settings import SlackSettings
from connectors._status import Status
from connectors.fakes._slack.outbox import Outbox
from connectors.fakes.slack import FakeSlack
from connectors.slack import Slack
from normalizer.errors import Misconfigured, Retriable
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.slack_told import callback, made, said, texts, wait

pytestmark = pytest.mark.slow

OLD, NEW = "the-old-signing-secret", "the-new-signing-secret"


class Called:
    """A door with two secrets, without a token, and the Kafka behind it."""

    def __init__(self, folder: Path) -> None:
        self.kafka = MemoryKafka()
        self.slack = Slack("main", SlackSettings(signing_secrets=(NEW, OLD)), BlobStore(folder.as_uri()))
        routes = self.slack.routes(accepting(self.slack, self.kafka, Status("main")))
        self._door = httpx.ASGITransport(application(routes, Limits(), tuple))

    def post(
        self, body: bytes, secret: str = NEW, at: float = 0, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """A signed request; a header that is given wins."""
        signed = Outbox(secret, 1, ()).signed(body, str(int(time.time() + at)))
        return asyncio.run(self._send(body, {"Content-Type": "application/json", **signed, **(headers or {})}))

    async def _send(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._door, base_url="http://edge.test") as client:
            return await client.post("/slack/main", content=body, headers=headers)


@pytest.fixture
def called(tmp_path: Path) -> Called:
    """A door."""
    return Called(tmp_path)


def event(number: int = 1) -> bytes:
    """A message, as it is sent."""
    return msgspec.json.encode(callback(said(f"number {number}"), event_id=f"Ev{number}"))


def test_url_verification_is_answered_and_is_no_message(called: Called) -> None:
    """Slack asks once whether we are there; the challenge must be signed as well."""
    body = b'{"type": "url_verification", "token": "t", "challenge": "abc"}'
    answer = called.post(body)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "abc"})
    assert called.post(body, secret="somebody-elses-secret").status_code == 401
    assert called.kafka.events == []


def test_two_secrets_are_valid_at_a_time(called: Called) -> None:
    """While one is rotated; a third is a mistake, and so is a short one."""
    assert [called.post(event(number), secret).status_code for number, secret in ((1, NEW), (2, OLD))] == [200, 200]
    with pytest.raises(Misconfigured, match="signing_secrets has 3 secrets"):
        Slack("main", SlackSettings(signing_secrets=(NEW, OLD, "a-third-signing-secret")), called.slack.blobs)
    with pytest.raises(Misconfigured, match="use at least 16"):
        Slack("main", SlackSettings(signing_secrets=("short",)), called.slack.blobs)


@pytest.mark.parametrize("at", [-301, 301])
def test_a_signature_is_good_for_five_minutes(called: Called, at: float) -> None:
    """Older ones are replays."""
    answer = called.post(event(), at=at)
    assert (answer.status_code, answer.json()["reason"]) == (401, "stale-signature")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": "v0=nothex"},
        {"X-Slack-Signature": "v0=" + "00" * 32},
        {"X-Slack-Signature": "v1=" + "00" * 32},
        {"X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": "-1"},
        {"X-Slack-Request-Timestamp": "9" * 400},
    ],
)
def test_garbage_instead_of_a_signature_is_401(called: Called, headers: dict[str, str]) -> None:
    """And no error: slack-sdk's own verifier raises on it."""
    assert called.post(event(), headers=headers).status_code == 401
    assert called.kafka.events == []


def test_a_body_that_is_no_text_is_verified_as_it_came(called: Called) -> None:
    """The raw bytes are signed; what Slack cannot have meant is set aside by the reader and not lost."""
    assert called.post(b"\xff\xfe{").status_code == 200
    assert len(called.kafka.events) == 1


@needs_corpora
def test_the_vector_of_slacks_documentation_fits() -> None:
    """And one changed byte does not."""
    found = json.loads((CORPORA / "signatures" / "vectors.json").read_text("utf-8"))["slack"]
    (case,) = found["cases"]
    secrets, body, at = (found["signing_secret"].encode(),), case["body"].encode(), float(case["timestamp"])
    verify(secrets, case["timestamp"], case["signature"], body, at)
    for changed in (body + b"x", b"T" + body[1:]):
        with pytest.raises(Problem, match="does not fit"):
            verify(secrets, case["timestamp"], case["signature"], changed, at)
    with pytest.raises(Problem, match="five minutes"):
        verify(secrets, case["timestamp"], case["signature"], body, at + 301)


def test_a_retry_is_the_same_delivery(called: Called) -> None:
    """X-Slack-Retry-Num changes nothing but the log."""
    called.post(event())
    called.post(event(), headers={"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"})
    assert len({raw.source_id for raw in called.kafka.events}) == 1
    assert len(called.kafka.events) == 2


def test_ssl_check_is_answered(called: Called) -> None:
    """It is not signed, and asks only for the certificate."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-Slack-Signature": ""}
    assert called.post(b"ssl_check=1&token=abc", headers=form).status_code == 200
    assert called.post(b"ssl_check=0&token=abc", headers=form).status_code == 401
    assert called.kafka.events == []


def test_commands_and_interactions_come_as_forms(called: Called) -> None:
    """To the same door, in their own encoding, which the raw record keeps."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    command = {"command": "/help", "text": "my bill", "user_id": "U1", "team_id": "T1", "trigger_id": "1"}
    click = {"type": "block_actions", "user": {"id": "U1"}, "trigger_id": "2", "actions": [{"text": {"text": "Yes"}}]}
    for fields in (command, {"payload": json.dumps(click)}):
        assert called.post(urlencode(fields).encode(), headers=form).status_code == 200
    assert texts(called.kafka) == ["/help my bill", "Yes"]
    assert called.kafka.events[0].body.startswith(b"command=")


def test_events_that_slack_held_back_are_a_warning(called: Called) -> None:
    """`app_rate_limited` is nobody's message; somebody should know all the same."""
    body = b'{"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1518467820, "api_app_id": "A1"}'
    assert called.post(body).status_code == 200
    assert called.kafka.events == []
    assert ["which come faster than it sends" in warning for warning in called.slack.warnings()] == [True]


@pytest.mark.parametrize("kind", ["tokens_revoked", "app_uninstalled"])
def test_an_app_that_was_removed_is_a_warning(called: Called, kind: str) -> None:
    """Slack says it once."""
    called.post(msgspec.json.encode(callback({"type": kind})))
    assert called.slack.warnings() == [
        f"Slack told slack account main {kind}: install the app again and set the new token"
    ]


@pytest.fixture
def fake() -> Iterator[FakeSlack]:
    """A workspace with a channel."""
    with FakeSlack(retry_seconds=(0.05,) * 100) as fake:
        fake.channel("C1")
        fake.user("U1", "Ann Lee")
        yield fake


def test_slack_delivers_again_until_kafka_has_it(fake: FakeSlack, tmp_path: Path) -> None:
    """503 while the broker is away; then 200, the same event, once. The handshake is Slack's."""
    slack, kafka = made(fake, tmp_path), MemoryKafka()
    with HttpServer(slack.routes(accepting(slack, kafka, Status("main")))).in_thread() as server:
        assert fake.subscribe(f"http://127.0.0.1:{server.port}/slack/main")
        kafka.fail_next("publish", Retriable("the broker is away: this is tried again"))
        fake.say("C1", "U1", "important")
        wait(lambda: fake.outbox.acknowledged)
    assert texts(kafka) == ["important"]
    (message,) = Slack.read(kafka.events[0])
    assert (message.sender.name, message.received_at) == ("Ann Lee", kafka.events[0].received_at)
