"""The chat over real sockets: what is acknowledged, in which order, and what becomes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from normalizer.errors import Retriable
from normalizer.events import Attachment, Contact, Message, ThreadRefs
from normalizer.ids import message_id
from tests.unit.connectors.webchat_door import SITE, Door, identity, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared() -> Iterator[Door]:
    """A chat that many tests share."""
    with serving() as found:
        yield found


@pytest.fixture
def door(shared: Door) -> Door:
    """The chat, with nothing in Kafka yet."""
    shared.kafka.events.clear()
    return shared


def test_a_message_goes_the_whole_way(door: Door) -> None:
    """What the browser sent, byte for byte, with the facts that only the edge knows; and what the eye makes of it."""
    profile = {"name": "Ann", "email": "ann@example.org"}
    at = int(time.time() * 1000)
    with door.tab() as tab:
        said = tab.say("My cup is broken.", "message-1", at=at, profile=profile, page=f"{SITE}/cups?token=1#top")
        session = tab.welcome["session"]
    (raw,) = door.kafka.events
    (message,) = door.messages()
    assert (said["type"], said["by"], said["text"], said["at"]) == ("said", "visitor", "My cup is broken.", at)
    assert b'"page":"https://shop.example/cups?token=1#top"' in raw.body
    assert (raw.key, raw.attributes["page"], raw.attributes["by"]) == (session, f"{SITE}/cups", "visitor")
    assert message == Message(
        id=message_id("webchat", "shop", f"{session};message-1"),
        channel="webchat",
        account="shop",
        source_id=f"{session};message-1",
        sender=Contact("chat", session, "Ann"),
        received_at=message.received_at,
        sent_at=datetime.fromtimestamp(at / 1000, UTC),
        text="My cup is broken.",
        visible_text="My cup is broken.",
        refs=ThreadRefs(own="message-1", provider=session),
        fields={"email": "ann@example.org", "page": f"{SITE}/cups"},
        degradations=("unverified-sender",),
        trust="unknown",
    )


def test_no_tick_before_kafka_has_it(door: Door) -> None:
    """While the broker is slow the browser hears nothing."""
    with door.tab() as tab:
        door.kafka.hold()
        tab.send(type="message", id="message-1", text="hi")
        with pytest.raises(TimeoutError):
            tab.socket.recv(timeout=0.2)
        threading.Timer(0.05, door.kafka.resume).start()
        assert tab.next()["type"] == "said"


def test_a_client_message_id_makes_a_resend_after_reconnect_harmless(door: Door) -> None:
    """The broker is away: the browser is told when to come again, and does so, on another socket; one id, one line."""
    door.kafka.fail_next("publish", Retriable("the broker is away", 7.0))
    with door.tab() as tab:
        refused = tab.say("hi", "message-1")
        token = tab.token
    with door.tab(token=token) as tab:
        assert tab.welcome["news"] == []
        answers = [tab.say("hi", "message-1") for _ in range(2)]
        assert tab.heard() == []  # no second line
    assert (refused["type"], refused["status"], refused["retry_after"]) == ("refused", 503, 7)
    assert {answer["n"] for answer in answers} == {answers[0]["n"]}
    assert len({message.id for message in door.messages()}) == 1


def test_two_tabs_see_one_order_without_duplicates(door: Door) -> None:
    """What each of them says, both at once, and the agent: both show the same lines in the same order."""
    with door.tab() as first, door.tab(token=first.token) as second:
        writers = [
            threading.Thread(target=lambda tab=tab, name=name: [tab.send(type="message", id=f"message-{name}{n}", text=f"{name}{n}") for n in range(5)])
            for name, tab in (("a", first), ("b", second))
        ]  # fmt: skip
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        texts: list[list[str]] = [[], []]
        deadline = time.monotonic() + 10
        while min(map(len, texts)) < 10 and time.monotonic() < deadline:
            texts = [old + tab.heard() for old, tab in zip(texts, (first, second), strict=True)]
    in_kafka = [message.text for message in door.messages()]
    assert [list(dict.fromkeys(each)) for each in texts] == [in_kafka, in_kafka]
    assert sorted(in_kafka) == sorted(f"{name}{n}" for name in "ab" for n in range(5))


def test_an_offline_queue_with_old_timestamps_keeps_them(door: Door) -> None:
    """`sent_at` is when it was written; a clock that cannot be right is noted and not believed."""
    hour = 3_600_000
    now = int(time.time() * 1000)
    with door.tab() as tab:
        for n, at in enumerate((now - 26 * hour, now + hour, 0, 1e300)):
            tab.say("hi", f"message-{n}", at=at)
    messages = door.messages()
    assert [message.sent_at for message in messages] == [
        datetime.fromtimestamp((now - 26 * hour) / 1000, UTC),
        *[None] * 3,
    ]
    assert ["bad-timestamp" in message.degradations for message in messages] == [False, True, True, True]


def test_the_first_message_creates_one_conversation(door: Door) -> None:
    """A race of two messages by two ways: the session is the conversation, whoever comes first."""
    with door.tab() as tab:
        door.post(tab.token, type="message", id="message-2", text="two")
        tab.say("one")
        assert {message.refs.provider for message in door.messages()} == {tab.welcome["session"]}


def test_typing_is_no_message(door: Door) -> None:
    """It is shown to whoever answers, and kept nowhere."""
    with door.tab() as tab:
        tab.send(type="typing")
        assert tab.next() == {"type": "pong"}
        told = door.answer(tab.welcome["session"], "", typing=True, name="Tom").json()
        assert tab.next() == {"type": "typing", "name": "Tom"}
    assert (told["sockets"], told["typing"]) == (1, True)
    assert door.kafka.events == []


def test_an_answer_is_an_echo_and_reaches_every_tab(door: Door) -> None:
    """In the conversation first, then on the screens; and there again after a reload."""
    with door.tab() as first, door.tab(token=first.token) as second:
        session = first.welcome["session"]
        told = door.answer(session, "We send a new one.", name="Tom", at=time.time() * 1000)
        entries = [first.next(), second.next()]
        again = door.answer(session, "We send a new one.", name="Tom")
    with door.tab(token=first.token) as reloaded:
        assert reloaded.welcome["news"] == [entries[0]]
    with door.tab(token=first.token, after=entries[0]["n"]) as caught_up:
        assert caught_up.welcome["news"] == []
    message, repeated = door.messages()
    assert (told.status_code, told.json()["sockets"], again.status_code) == (202, 2, 202)
    assert entries[0] == entries[1]
    assert (entries[0]["by"], entries[0]["name"], entries[0]["id"]) == ("agent", "Tom", "a-1")
    assert (message.kind, message.to, message.id) == ("echo", (Contact("chat", session),), repeated.id)
    assert (message.sender, message.refs) == (Contact("chat", "shop/agents", "Tom"), ThreadRefs("a-1", (), session))


def test_a_read_event_is_a_signal(door: Door) -> None:
    """Once, although both tabs tell it; and both know."""
    with door.tab() as first, door.tab(token=first.token) as second:
        for tab in (first, second):
            tab.send(type="read", id="a-1")
            assert tab.next() == {"type": "read", "id": "a-1"}
    (message,) = door.messages()
    assert (message.kind, message.fields) == ("status", {"status": "read", "error": ""})
    assert (message.refs.parents, message.refs.provider) == (("a-1",), first.welcome["session"])


def test_a_file_is_uploaded_before_its_message(door: Door) -> None:
    """Its bytes are in the blob store; the message brings it by a token that only this session can use."""

    def upload(token: str, name: str = "../photo%20%C3%A9.jpg") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/jpeg", "X-Filename": name}
        return door.client.post(f"{door.url}/files", content=b"\xff\xd8 photo", headers=headers)

    with door.tab() as tab, door.tab() as stranger:
        taken = upload(tab.token)
        assert tab.say("", "message-1", files=[taken.json()["file"]])["files"] == ["photo é.jpg"]
        stolen = stranger.say("", "message-2", files=[taken.json()["file"]])
    (message,) = door.messages()
    photo = Attachment.of(b"\xff\xd8 photo", name="photo é.jpg", content_type="image/jpeg")
    assert taken.status_code == 201
    assert message.attachments == (msgspec.structs.replace(photo, content=None),)
    assert door.blobs.get(photo.sha256) == b"\xff\xd8 photo"
    assert (stolen["type"], stolen["reason"]) == ("refused", "unknown-file")


def test_a_hostile_text_stays_a_text(door: Door) -> None:
    """Nothing of it is understood; control characters, which no store takes, are left out and noted."""
    text = "<script>alert(1)</script> [x](javascript:alert(1))\x00"
    with door.tab() as tab:
        assert tab.say(text)["text"] == text
    (message,) = door.messages()
    assert (message.visible_text, message.html) == (text[:-1], "")
    assert "control-characters" in message.degradations


def test_page_context_comes_without_its_query(door: Door) -> None:
    """Where somebody was when he wrote; tokens in the query, fragments and passwords are nobody's business."""
    pages = ("https://u:p@shop.example/cups?utm=1#a", "javascript:alert(1)", "https://[", "/cups")
    with door.tab() as tab:
        for number, page in enumerate(pages):
            tab.say("hi", f"message-{number}", page=page)
    assert [message.fields.get("page") for message in door.messages()] == [f"{SITE}/cups", None, None, None]


def test_abandoned_before_the_answer(door: Door) -> None:
    """The answer says that nobody is there, so that a mail can be written instead; and it waits for who comes back."""
    with door.tab() as tab:
        tab.say("Hello?")
        token, session = tab.token, tab.welcome["session"]
    assert door.answer(session, "Sorry, we were busy.").json()["sockets"] == 0
    with door.tab(token=token) as tab:
        assert [entry["text"] for entry in tab.welcome["news"]] == ["Hello?", "Sorry, we were busy."]


def test_http_does_what_a_socket_does(door: Door) -> None:
    """For networks that let no socket through: hello, message, news, read."""
    token = door.hello()["token"]
    said = door.post(token, type="message", id="message-1", text="hi")
    session = door.hello(token=token)["session"]
    door.answer(session, "Hello")
    headers = {"Authorization": f"Bearer {token}"}
    news = door.client.get(f"{door.url}/news?after={said.json()['n']}", headers=headers).json()["news"]
    read = door.post(token, type="read", id="a-1")
    assert (said.status_code, [entry["text"] for entry in news]) == (200, ["Hello"])
    assert read.json() == {"type": "read", "id": "a-1"}
    assert [message.kind for message in door.messages()] == ["message", "echo", "status"]


def test_sessions_outlive_a_server_restart() -> None:
    """No table is lost: another process takes the token, and its numbers go on growing."""
    with serving() as old, old.tab() as tab:
        before = tab.say("before")
        token, session = tab.token, tab.welcome["session"]
    with serving() as new, new.tab(token=token, after=before["n"]) as tab:
        assert (tab.welcome["session"], tab.welcome["news"], tab.welcome["forget"]) == (session, [], False)
        assert tab.say("after")["n"] > before["n"]


def test_a_socket_is_told_when_the_server_stops() -> None:
    """1012, service restart: the widget then waits a while of its own choosing before it comes back."""
    with serving() as door, door.tab() as tab:
        door.stop()
        with pytest.raises(ConnectionClosed, match="1012"):
            tab.until_closed()


def test_identity_makes_a_known_customer(door: Door) -> None:
    """Who is logged in, as the site's server signed it; with an address he is the customer of that address."""
    with door.tab(identity=identity("42", email="Ann@Example.org", name="Ann")) as tab:
        tab.say("hi", profile={"email": "someone@else.example"})
        assert tab.welcome["identified"]
    with door.tab(identity=identity("43", email="x@example.org", email_verified=False)) as tab:
        tab.say("hi")
    known, without = door.messages()
    assert (known.sender, known.trust) == (Contact("email", "ann@example.org", "Ann"), "verified")
    assert (known.fields, known.degradations) == ({}, ())
    assert without.sender == Contact("chat", "shop/43")
