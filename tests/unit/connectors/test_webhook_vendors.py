"""Vendors by configuration: how they sign, LINE as the documentation shows it, and payloads that others recorded."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._http import HttpServer
from connectors._media import Media
from connectors._webhook.gate import Gate
from connectors.webhook import Webhook, WebhookSettings
from normalizer.errors import Misconfigured
from normalizer.ids import message_id
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.webhook_door import PAGE, SECRET, Door, settings_of

JSON = {"content-type": "application/json"}
OLD = "another-secret-of-the-tests"
GITHUB = {"header": "X-Hub-Signature-256", "prefix": "sha256="}
SHA1 = {"header": "X-Hub-Signature", "prefix": "sha1=", "algorithm": "sha1"}
SHOPIFY = {"header": "X-Shopify-Hmac-Sha256", "encoding": "base64"}
CHATWOOT = {
    "header": "X-Chatwoot-Signature",
    "prefix": "sha256=",
    "timestamp": "X-Chatwoot-Timestamp",
    "signed": "{timestamp}.{body}",
}
SLACK = {"header": "X-Slack-Signature", "prefix": "v0=", "timestamp": "X-Time", "signed": "v0:{timestamp}:{body}"}


def line_post(door: Door, body: bytes) -> Any:
    """A post as LINE signs it."""
    digest = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
    return door.send("POST", body, JSON | {"X-Line-Signature": digest})


def line_event(**more: Any) -> dict[str, Any]:
    """A message that a person wrote to a LINE account."""
    message = {"id": "325708", "type": "text", "text": "Hello, world"}
    source = {"type": "user", "userId": "U206d"}
    return {
        "type": "message", "timestamp": 1767323045000, "source": source, "webhookEventId": "01H", "message": message, **more
    }  # fmt: skip


@pytest.fixture
def line(tmp_path: Path) -> Door:
    """The account of the documentation."""
    return Door(tmp_path, **settings_of(PAGE, "line") | {"media_hosts": []})


def signed(style: dict[str, str], body: bytes, secret: str, at: float) -> dict[str, str]:
    """The headers of a post in a vendor's style."""
    head = {style["timestamp"]: str(int(at))} if "timestamp" in style else {}
    text = style.get("signed", "{body}").encode()
    text = text.replace(b"{timestamp}", str(int(at)).encode()).replace(b"{body}", body)
    digest = hmac.digest(secret.encode(), text, style.get("algorithm", "sha256"))
    shown = base64.b64encode(digest).decode() if style.get("encoding") == "base64" else digest.hex()
    return JSON | head | {style["header"]: style.get("prefix", "") + shown}


@pytest.mark.parametrize("style", [GITHUB, SHA1, SHOPIFY, CHATWOOT, SLACK])
def test_a_vendors_own_signature(tmp_path: Path, style: dict[str, str]) -> None:
    """With the new secret or the old one; not with another, over another body, or without one."""
    door = Door(tmp_path, secrets=[SECRET, OLD], signature=style)
    body, now = b'{"text": "hi"}', time.time()
    answers = [
        door.send("POST", body, signed(style, body, SECRET, now)),
        door.send("POST", body, signed(style, body, OLD, now)),
        door.send("POST", body + b" ", signed(style, body, SECRET, now)),
        door.send("POST", body, signed(style, body, "a third secret that is none", now)),
        door.send("POST", body, JSON),
        door.send(
            "POST",
            body,
            signed(style, body, SECRET, now) | {style["header"]: style.get("prefix", "") + "zz=="},
        ),
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 401, 401, 401, 401]
    assert len(door.kafka.events) == 2


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_post_outside_the_replay_window_is_refused(tmp_path: Path, seconds: int) -> None:
    """Where the vendor signs a time."""
    door = Door(tmp_path, signature=CHATWOOT)
    answer = door.send("POST", b"{}", signed(CHATWOOT, b"{}", SECRET, time.time() + seconds))
    assert (answer.status_code, answer.json()["reason"]) == (401, "stale-signature")


@pytest.mark.parametrize("header", ["Authorization", "X-Telegram-Bot-Api-Secret-Token"])
def test_a_token_instead_of_a_signature(tmp_path: Path, header: str) -> None:
    """Two at a time, in a header of the vendor's."""
    door = Door(tmp_path, secrets=[], tokens=["t" * 20, "u" * 20], token_header=header)
    given = ["Bearer " + "t" * 20, "u" * 20, "Bearer " + "v" * 20, ""]
    answers = [door.send("POST", b"{}", JSON | {header: each}) for each in given]
    assert [answer.status_code for answer in answers] == [202, 202, 401, 401]
    assert answers[-1].headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"secrets": []}, "has neither secrets nor tokens"),
        ({"tokens": ["t" * 16]}, "has both secrets and tokens"),
        ({"secrets": ["a" * 20, "b" * 20, "c" * 20]}, "has 3 secrets"),
        ({"secrets": [], "tokens": ["short"]}, r"tokens\[0\] has 5 bytes"),
        ({"secrets": [], "tokens": ["t" * 16], "signature": GITHUB}, "has a signature and tokens"),
        ({"signature": {**GITHUB, "header": ""}}, r"signature\.header is empty"),
        ({"signature": {**GITHUB, "signed": "{time}"}}, r"it must hold \{body\}"),
        ({"signature": {**GITHUB, "timestamp": "X-Time"}}, "a time counts only when it is signed"),
    ],
)
def test_a_door_that_anybody_could_open_is_refused(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    """At the start, with the setting and no secret."""
    with pytest.raises(Misconfigured, match=said):
        Door(tmp_path, **settings)


@needs_corpora
def test_the_signature_vectors_of_line(tmp_path: Path) -> None:
    """From LINE's own SDK: the right one is taken to be genuine, one of a changed body or a wrong one is not."""
    vectors = json.loads((CORPORA / "signatures" / "vectors.json").read_text())["line"]
    for case in vectors["cases"]:
        door = Door(tmp_path, **settings_of(PAGE, "line") | {"secrets": [vectors["channel_secret"]]})
        for body, valid in ((case["body"], case["valid"]), (case["body"] + "x", False)):
            answer = door.send("POST", body.encode(), JSON | {"X-Line-Signature": case["signature"]})
            assert answer.status_code == (422 if valid else 401)  # genuine, but no JSON


@needs_corpora
def test_the_signature_vector_of_slack() -> None:
    """In Slack's style, by configuration alone."""
    vectors = json.loads((CORPORA / "signatures" / "vectors.json").read_text())["slack"]
    settings = msgspec.convert({"signature": SLACK, "secrets": [vectors["signing_secret"]]}, WebhookSettings)
    gate = Gate(settings.secrets, settings.signature, (), "", "here")
    for case in vectors["cases"]:
        head = {"X-Time": case["timestamp"], "X-Slack-Signature": case["signature"]}
        assert gate.admit(head, case["body"].encode(), float(case["timestamp"])) == ""


@needs_corpora
def test_a_batch_of_line_is_taken_whole(line: Door) -> None:
    """All of its events, each with the bytes that it came with; whatever type they are, their words are kept."""
    body = (CORPORA / "line_sdk" / "webhook.json").read_bytes()
    events = json.loads(body)["events"]
    assert len(line_post(line, body).json()["ids"]) == len(events)
    assert [json.loads(raw.body) for raw in line.records()] == events
    assert all(raw.body in body for raw in line.records())
    messages = line.messages()
    silent = [event for event in events if event["type"] in ("follow", "unfollow", "beacon")]
    assert len(messages) == len(events) - len(silent)
    said = {event["message"]["text"] for event in events if event.get("message", {}).get("text")}
    assert said <= {message.text for message in messages}
    assert {message.fields.get("bot") for message in messages} == {"U123"}
    assert [message.kind for message in messages if message.kind != "message"] == ["deletion"]
    assert all(message.sent_at for message in messages)
    assert "unsupported:sticker" not in {note for message in messages if message.text for note in message.degradations}


def test_line_as_the_documentation_shows_it(line: Door) -> None:
    """One customer's talk is one conversation; a message that is unsent is about the one that was sent."""
    unsent = line_event(type="unsend", webhookEventId="02H", unsend={"messageId": "325708"})
    del unsent["message"]
    sticker = line_event(message={"id": "4", "type": "sticker", "stickerId": "1"})
    line_post(line, msgspec.json.encode({"destination": "Ubot", "events": [line_event(), unsent, sticker]}))
    first, second, third = line.messages()
    assert (first.sender.scheme, first.sender.address, first.refs.provider) == ("chat", "U206d", "U206d")
    assert (first.id, first.degradations) == (message_id("webhook", "shop", "325708"), ())
    assert (second.kind, second.about, second.refs.own) == ("deletion", first.id, "02H")
    assert (third.text, third.degradations) == ("[sticker]", ("unsupported:sticker",))
    assert {raw.key for raw in line.records()} == {"U206d"}


def test_people_of_a_group_stay_apart(line: Door) -> None:
    """A group has many customers."""
    people = [{"type": "group", "groupId": "C1", "userId": user} for user in ("Ua", "Ub")]
    events = [line_event(source=each, message={"id": each["userId"], "type": "text", "text": "hi"}) for each in people]
    line_post(line, msgspec.json.encode({"events": events}))
    assert [message.refs.provider for message in line.messages()] == ["C1 Ua", "C1 Ub"]


@needs_corpora
def test_payloads_of_many_vendors_are_kept(tmp_path: Path) -> None:
    """23 recorded payloads of 6 vendors, through one mapping: each is a message with the words that it has."""
    mapping = {
        "id": "message_id || message.mid || update_id",
        "sender": {"tel": "message.from || from", "other": "edited_message.from.id || from.id || sender.id"},
        "text": "message.text || edited_message.text || text || message_create.message_data.text",
        "sent_at": "time || date || edited_message.date || timestamp",
    }
    door = Door(tmp_path, mapping=mapping)
    payloads = [each["payload"] for each in json.loads((CORPORA / "chatwoot" / "webhook_payloads.json").read_text())]
    answers = [door.post(payload, str(number)) for number, payload in enumerate(payloads)]
    assert {answer.status_code for answer in answers} == {202}
    items = sum(len(each) if isinstance(each, list) else 1 for each in payloads)
    messages = door.messages()
    assert len(messages) == len(door.records()) == items
    assert {"test message", "updated message", "Blue Bird"} <= {message.text for message in messages}
    assert {"+14234234234", "512313123171248", "23"} <= {message.sender.address for message in messages}


@pytest.fixture
def files() -> Iterator[tuple[str, list[str]]]:
    """A vendor's server of files, and the tokens that it was asked with."""
    asked: list[str] = []

    async def content(request: Request) -> Response:
        asked.append(request.headers.get("authorization", ""))
        return Response(b"\xff\xd8 a photo", media_type="image/jpeg")

    with HttpServer([Route("/{name}", content)]).in_thread() as server:
        yield f"http://127.0.0.1:{server.port}", asked


def test_files_are_fetched_from_known_hosts_only(tmp_path: Path, files: tuple[str, list[str]]) -> None:
    """With the vendor's token; an address elsewhere is kept as a link, and nobody asks it."""
    url, asked = files
    door = Door(tmp_path, media_hosts=["files.example.com"], media_headers={"Authorization": "Bearer secret"})
    door.webhook._media = Media(
        ["files.example.com"], door.blobs, headers={"Authorization": "Bearer secret"}, insecure=url
    )
    door.post({"id": 1, "attachments": [{"url": f"{url}/1.jpg", "name": "1.jpg"}, "http://169.254.169.254/latest"]})
    (message,) = door.messages()
    (file,) = message.attachments
    assert (file.name, file.content_type, asked) == ("1.jpg", "image/jpeg", ["Bearer secret"])
    assert door.blobs.get(file.sha256) == b"\xff\xd8 a photo"
    assert "media-missing:foreign-host" in message.degradations
    assert message.fields["attachments"].endswith("http://169.254.169.254/latest")
    assert Webhook.read(door.records()[0]) == (message,)
