"""The door of SMS, called by a stand-in of Twilio that signs and tries again as Twilio does."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors._edge import accepting
from connectors._http import HttpServer
from connectors._memory import MemoryKafka
from connectors._status import Status
from connectors._twilio.settings import MessagingSettings
from connectors.fakes.twilio import ACCOUNT_SID, FakeTwilio
from connectors.sms import Sms
from normalizer.errors import Misconfigured, Retriable
from normalizer.events import Message
from tests.unit.connectors.twilio_messages import CUSTOMER, OURS, PUBLIC, SECRET, callback, form, posted, settings

pytestmark = pytest.mark.slow


class Doors(msgspec.Struct):
    """A running door, what is behind it, and who calls."""

    twilio: FakeTwilio
    kafka: MemoryKafka
    blobs: BlobStore
    url: str

    def read(self) -> list[Message]:
        """Every message that Kafka has."""
        return [message for raw in self.kafka.events for message in Sms.read(raw)]


@contextmanager
def doors(folder: Path, **more: Any) -> Iterator[Doors]:
    """Twilio in front of a proxy in front of the door."""
    blobs, kafka = BlobStore((folder / "blobs").as_uri()), MemoryKafka()
    with FakeTwilio(ACCOUNT_SID, (SECRET,)) as twilio:
        made = Sms("main", msgspec.convert(settings(api_url=twilio.url, **more), MessagingSettings), blobs)
        with HttpServer(made.routes(accepting(made, kafka, Status("main")))).in_thread() as server:
            url = f"http://127.0.0.1:{server.port}"
            twilio.webhooks.behind[PUBLIC] = url
            yield Doors(twilio, kafka, blobs, url)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """One for all, since a server takes a while to end."""
    with doors(tmp_path_factory.mktemp("doors"), file_seconds=0) as world:
        yield world


@pytest.fixture
def world(running: Doors) -> Doors:
    """With nothing behind the door yet."""
    running.kafka.events.clear()
    running.twilio.webhooks.attempts.clear()
    return running


def test_the_answer_is_empty_twiml(world: Doors) -> None:
    """Twilio takes any text for a message to be sent back."""
    world.twilio.number(OURS, f"{PUBLIC}/sms/main")
    world.twilio.messages.receive(CUSTOMER, OURS, "hi")
    (attempt,) = world.twilio.webhooks.attempts
    assert (attempt.status, attempt.text) == (200, '<?xml version="1.0" encoding="UTF-8"?><Response/>')
    assert [message.text for message in world.read()] == ["hi"]


def test_behind_a_proxy_the_public_address_was_signed_with_its_query(world: Doors) -> None:
    """Another scheme, host and port than what arrives here; and a query that must not be written anew."""
    world.twilio.number(OURS, f"{PUBLIC}/sms/main?desk=%2Ba+b&empty=#rc=0")
    world.twilio.messages.receive(CUSTOMER, OURS, "hi & 1+1=2 😀")
    assert [attempt.status for attempt in world.twilio.webhooks.attempts] == [200]
    assert [message.text for message in world.read()] == ["hi & 1+1=2 😀"]


def test_a_shared_key_and_the_next_token_are_taken(tmp_path: Path) -> None:
    """While tokens are rotated, and where webhooks have a key of their own."""
    with doors(tmp_path, webhook_keys=["shared-key"]) as world:
        world.twilio.number(OURS, f"{PUBLIC}/sms/main")
        world.twilio.webhooks.shared_key = ("webhooks_sharedkey_1", "shared-key")
        world.twilio.messages.receive(CUSTOMER, OURS, "signed with sha256")
    assert len(world.kafka.events) == 1


def test_a_refusal_says_what_to_check(world: Doors) -> None:
    """Without telling a stranger anything of ours."""
    with httpx.Client(trust_env=False) as client:
        answer = client.post(f"{world.url}/sms/main", data=form(1))
    assert (answer.status_code, answer.json()["reason"]) == (403, "bad-signature")
    assert "check auth_tokens, and that public_url is what Twilio calls" in answer.json()["detail"]


def test_a_replay_has_the_same_id(world: Doors) -> None:
    """There is no time in the signature: the Sid says that it is the same."""
    world.twilio.number(OURS, f"{PUBLIC}/sms/main")
    made = world.twilio.messages.receive(CUSTOMER, OURS, "once")
    world.twilio.messages.post(made)
    first, second = world.read()
    assert first.id == second.id


def test_twilio_comes_again_when_kafka_was_away(world: Doors) -> None:
    """503, and the address asks for another try."""
    world.twilio.number(OURS, f"{PUBLIC}/sms/main#rc=2&rp=5xx,ct,rt")
    world.kafka.fail_next("publish", Retriable("the broker is away", 1.0))
    world.twilio.messages.receive(CUSTOMER, OURS, "hi")
    assert [attempt.status for attempt in world.twilio.webhooks.attempts] == [503, 200]
    assert len(world.read()) == 1


def test_receipts_come_on_the_same_path_in_the_same_order(world: Doors) -> None:
    """They are keyed by the conversation, as messages are, so that Kafka keeps their order."""
    with httpx.Client(trust_env=False) as client:
        for told in (form(1), callback(2, "sent"), callback(2, "delivered"), callback(2, "delivered")):
            request = posted("/sms/main", told)
            client.post(f"{world.url}/sms/main", content=request.content, headers=request.headers).raise_for_status()
    assert [message.kind for message in world.read()] == ["message", "status", "status", "status"]
    assert len({raw.source_id for raw in world.kafka.events}) == 3
    assert len({raw.key for raw in world.kafka.events}) == 1


def test_json_in_a_batch_is_unrolled_whole(world: Doors) -> None:
    """An event stream posts arrays of CloudEvents; one that is broken stops no other."""
    data = {"from": CUSTOMER, "to": OURS, "numMedia": 0}
    events = [
        {"specversion": "1.0", "id": str(n), "data": {"messageSid": f"SM{n}", "body": f"{n}", **data}} for n in (1, 2)
    ]
    body = msgspec.json.encode([events[0], 7, events[1]])
    attempt = world.twilio.webhooks.post_json(f"{PUBLIC}/sms/main", body)
    assert attempt.status == 200
    assert [raw.source_id for raw in world.kafka.events] == [
        "SM1",
        f"unnamed;{hashlib.sha256(b'7').hexdigest()}",
        "SM2",
    ]
    assert [message.text for raw in world.kafka.events[::2] for message in Sms.read(raw)] == ["1", "2"]


def test_files_are_fetched_with_authentication_over_a_redirect(world: Doors) -> None:
    """Up to ten, in order, to the blob store."""
    files = [(bytes([number]) * 10, "image/png") for number in range(10)]
    world.twilio.number(OURS, f"{PUBLIC}/sms/main")
    world.twilio.messages.receive(CUSTOMER, OURS, "", media=files)
    (message,) = world.read()
    assert [world.blobs.get(each.sha256) for each in message.attachments] == [content for content, _ in files]
    assert {each.content_type for each in message.attachments} == {"image/png"}
    assert message.degradations == ()


def test_a_file_that_is_announced_before_it_is_there_is_asked_for_again(tmp_path: Path) -> None:
    """404 for some seconds."""
    with doors(tmp_path, file_seconds=12) as world:
        world.twilio.number(OURS, f"{PUBLIC}/sms/main")
        world.twilio.messages.receive(CUSTOMER, OURS, "", media=[(b"x", "image/gif")], late=4)
    assert [each.content_type for each in world.read()[0].attachments] == ["image/gif"]


def test_a_file_that_never_comes_holds_up_nothing(world: Doors) -> None:
    """The answer is there long before Twilio stops to wait (15 s), and the message too."""
    began = time.monotonic()
    world.twilio.number(OURS, f"{PUBLIC}/sms/main")
    world.twilio.messages.receive(CUSTOMER, OURS, "look", media=[(b"x", "image/gif")], late=99)
    assert time.monotonic() - began < 10
    assert [(each.text, each.degradations) for each in world.read()] == [("look", ("media-missing:ReadError",))]


def test_a_file_is_fetched_with_the_other_token_when_one_was_taken_back(tmp_path: Path) -> None:
    """Which of two is valid changes while they are rotated."""
    with doors(tmp_path, auth_tokens=["taken-back", SECRET]) as world:
        world.twilio.number(OURS, f"{PUBLIC}/sms/main")
        world.twilio.messages.receive(CUSTOMER, OURS, "", media=[(b"x", "image/gif")])
    assert len(world.read()[0].attachments) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"public_url": "hooks.example.com"}, r"channels\.sms\.main\.public_url is no address: write https://HOST"),
        ({"public_url": "https://a/?b=1"}, "public_url is no address"),
        ({"auth_tokens": []}, "auth_tokens is empty: set the auth token"),
        ({"auth_tokens": ["a", "b", "c"]}, "auth_tokens has 3: keep the new one and the one before it"),
        ({"auth_tokens": [""]}, "auth_tokens has an empty one: copy it from the console"),
        ({"webhook_keys": ["a", "b", "c"]}, "webhook_keys has 3: keep the new one"),
        ({"pools": {"MG1": [OURS], "MG2": [OURS]}}, "in two messaging services: leave it in one"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, Any], said: str, tmp_path: Path) -> None:
    """At the start, and what to write instead."""
    with pytest.raises(Misconfigured, match=said):
        Sms("main", msgspec.convert(settings() | wrong, MessagingSettings), BlobStore(tmp_path.as_uri()))
