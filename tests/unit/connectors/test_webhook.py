"""A webhook keeps what every connector and every receiver keeps, and takes CloudEvents and plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors.webhook import Webhook, WebhookSettings
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import RawEvent
from normalizer.ids import message_id
from tests.conformance.connector import ConnectorContract
from tests.conformance.receiver import ReceiverContract
from tests.unit.connectors.webhook_door import SECRET, Door, standard

pytestmark = pytest.mark.slow

EVENT = {
    "specversion": "1.0",
    "id": "17",
    "source": "/shop/7",
    "type": "com.example.message",
    "time": "2026-01-02T03:04:05Z",
    "data": {"email": "Ann@Example.com", "name": "Ann", "subject": "Late", "text": "Where is it?", "thread": "order 4"},
}


class TestWebhookReads(ConnectorContract):
    """The eye."""

    connector: ClassVar[type[Webhook]] = Webhook

    def settings(self) -> dict[str, Any]:
        """As in a configuration file."""
        return {"secrets": [self.secret], "media_headers": {"Authorization": self.secret}}

    def samples(self) -> Sequence[RawEvent]:
        """A CloudEvent, one in binary mode, and an item of a batch."""
        made = RawEvent(
            channel="webhook",
            account="main",
            source_id="/shop/7 17",
            body=msgspec.json.encode(EVENT),
            content_type="application/cloudevents+json",
            received_at=datetime(2026, 1, 2, 3, 5, tzinfo=UTC),
            key="order 4",
            attributes={"mapping": '{"text":"data.text"}'},
        )
        head = msgspec.json.encode({name: value for name, value in EVENT.items() if name != "data"}).decode()
        return [
            made,
            msgspec.structs.replace(made, body=b'{"text":"hi"}', attributes={"cloudevent": head}),
            msgspec.structs.replace(made, body=b'{"id":1,"text":"hi"}', attributes={"beside": '{"shop":"main"}'}),
        ]


class TestWebhookReceives(ReceiverContract):
    """The hand."""

    connector: ClassVar[type[Webhook]] = Webhook

    def settings(self) -> dict[str, Any]:
        """Signed."""
        return {"secrets": [SECRET]}

    def request(self, number: int) -> httpx.Request:
        """A plain post that has an id only in its headers."""
        body = b'{"text": "hello"}'
        return httpx.Request(
            "POST", "http://edge.test/webhook/main", content=body, headers=standard(body, f"msg_{number}")
        )

    def forged(self) -> httpx.Request:
        """Signed with another secret."""
        body = b'{"text": "hello"}'
        return httpx.Request(
            "POST", "http://edge.test/webhook/main", content=body, headers=standard(body, "msg_1", "x" * 32)
        )


def test_a_structured_cloudevent_is_a_message(tmp_path: Path) -> None:
    """Named by its source and id; the answer tells the message's id."""
    door = Door(tmp_path)
    answer = door.post(EVENT, content_type="application/cloudevents+json; charset=UTF-8")
    (raw,), (message,) = door.records(), door.messages()
    assert (answer.status_code, answer.json()) == (202, {"ids": [message.id]})
    assert message.id == message_id("webhook", "shop", "/shop/7 17")
    assert (raw.source_id, raw.key, raw.body) == ("/shop/7 17", "order 4", msgspec.json.encode(EVENT))
    assert (message.sender.scheme, message.sender.address, message.sender.name) == ("email", "ann@example.com", "Ann")
    assert (message.subject, message.text, message.refs.provider) == ("Late", "Where is it?", "order 4")
    assert message.sent_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert message.degradations == ("unverified-sender",)


def test_a_binary_cloudevent_is_the_same_message(tmp_path: Path) -> None:
    """Its attributes stand in headers, percent-encoded; its body is the data, untouched."""
    door = Door(tmp_path)
    door.post(EVENT)
    data = msgspec.json.encode(EVENT["data"])
    head = {
        "ce-specversion": "1.0",
        "ce-id": "17",
        "ce-source": "/shop%2F7",
        "ce-type": "t",
        "ce-time": str(EVENT["time"]),
    }
    assert door.post(data, **head).status_code == 202
    first, second = door.messages()
    assert (first.id, first.text, first.sent_at, first.refs) == (second.id, second.text, second.sent_at, second.refs)
    assert door.records()[1].body == data


def test_binary_data_may_be_text_or_missing(tmp_path: Path) -> None:
    """The content type says what the data is."""
    door = Door(tmp_path, mapping={"text": "data"})
    head = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"}
    for kind, data in (("text/plain", b"Hi there"), ("image/png", b"\x89PNG"), ("application/json", b"")):
        door.post(data, content_type=kind, **head)
    assert [message.text for message in door.messages()] == ["Hi there", "iVBORw==", "[no text]"]


def test_a_cloudevent_without_its_attributes_is_refused(tmp_path: Path) -> None:
    """What names it is missing."""
    answer = Door(tmp_path).post(b"{}", ce_specversion="1.0", ce_id="1")
    assert (answer.status_code, answer.json()["reason"]) == (422, "no-cloudevent")
    assert "ce-source" in answer.json()["detail"]
    head = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t", "ce-x": "x" * 4000}
    assert Door(tmp_path).post(b"{}", **head).status_code == 431


def test_a_batch_of_cloudevents_is_taken_whole(tmp_path: Path) -> None:
    """Each is a record of its own, with its own key and the bytes that it came with."""
    events = [
        {**EVENT, "id": str(number), "data": {"text": "hi", "thread": f"order {number % 2}"}} for number in range(5)
    ]
    door = Door(tmp_path)
    answer = door.post(events, content_type="application/cloudevents-batch+json")
    assert answer.json()["ids"] == [message.id for message in door.messages()]
    assert [raw.key for raw in door.records()] == ["order 0", "order 1", "order 0", "order 1", "order 0"]
    assert [raw.body for raw in door.records()] == [msgspec.json.encode(event) for event in events]


def test_an_empty_batch_is_answered(tmp_path: Path) -> None:
    """Vendors send one to try a url; there is nothing to keep."""
    door = Door(tmp_path, mapping={"items": "events"})
    assert [door.post(body).json() for body in (b'{"events": []}', b"[]")] == [{"ids": []}] * 2
    assert door.kafka.events == []


def test_a_post_is_refused_with_a_problem_document(tmp_path: Path) -> None:
    """What is no JSON, too large, too many, or of another type."""
    door = Door(tmp_path, max_bytes=2048, max_items=3)
    answers = [
        door.post(b"{"),
        door.post(b"x" * 4000),
        door.post([1, 2, 3, 4]),
        door.post(b"a=b", content_type="application/x-www-form-urlencoded"),
        door.post(b"\x1f\x8b", content_encoding="gzip"),
    ]
    assert [(answer.status_code, answer.json()["reason"]) for answer in answers] == [
        (422, "not-json"),
        (413, "too-large"),
        (413, "too-many-items"),
        (415, "unknown-content-type"),
        (415, "packed-body"),
    ]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert door.kafka.events == []


def test_the_handshake_of_cloudevents(tmp_path: Path) -> None:
    """OPTIONS with the sender's origin is answered with it (abuse protection)."""
    answer = Door(tmp_path).send("OPTIONS", headers={"WebHook-Request-Origin": "eventemitter.example.com"})
    assert (answer.status_code, answer.headers["webhook-allowed-origin"]) == (200, "eventemitter.example.com")
    assert answer.headers["allow"] == "OPTIONS, POST"


def test_a_url_is_verified_when_that_is_configured(tmp_path: Path) -> None:
    """A GET wants a parameter back, as plain text; without the setting there is no GET."""
    door = Door(tmp_path, challenge="hub.challenge")
    answer = door.send("GET", query="?hub.challenge=1158201444")
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert door.send("GET").json()["reason"] == "no-challenge"
    assert Door(tmp_path).send("GET", query="?hub.challenge=1").status_code == 405


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mapping": {"text": "a["}}, r"channels\.webhook\.shop\.mapping\.text is 'a\[', which is not JMESPath"),
        ({"mapping": {"text": "shout(a)"}}, r"mapping\.text .*Unknown function: shout"),
        ({"mapping": {"sender": {"email": ")"}}}, r"mapping\.sender\.email is"),
        ({"mapping": {"fields": {"city": "]"}}}, r"mapping\.fields\.city is"),
        ({"mapping": {"items": "a[*].b"}}, r"mapping\.items is 'a\[\*\]\.b', which is no list of names"),
        ({"mapping": {"text": "a" * 501}}, r"mapping\.text has 501 characters"),
        ({"mapping": {"fields": {str(n): "x" * 400 for n in range(10)}}}, r"mapping has more than 4000 bytes"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_at_the_start(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    """With the path of the setting and what to do."""
    with pytest.raises(Misconfigured, match=said):
        Door(tmp_path, **settings)


def test_an_account_is_part_of_a_url(tmp_path: Path) -> None:
    """So it has no slash."""
    with pytest.raises(Misconfigured, match="letters, digits"):
        Webhook("a/b", WebhookSettings(tokens=("t" * 16,)), BlobStore(tmp_path.as_uri()))


def test_a_record_of_a_broken_mapping_is_rejected() -> None:
    """Nobody but us writes that attribute."""
    raw = TestWebhookReads().samples()[0]
    for broken in ("", "[]", '{"text":"a["}'):
        with pytest.raises(Rejected, match="redrive it from the source"):
            Webhook.read(msgspec.structs.replace(raw, attributes={"mapping": broken}))
