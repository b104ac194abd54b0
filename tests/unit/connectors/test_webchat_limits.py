"""The chat at its limits: strangers, floods, what is too large, and settings that cannot be."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import suppress

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from connectors._blobs import BlobStore
from connectors._webchat.frames import Entry
from connectors._webchat.rooms import Listener, Rooms
from connectors.webchat import WebChat, WebChatSettings
from normalizer.errors import Misconfigured
from tests.unit.connectors.webchat_door import SECRET, SITE, Door, serving, settings, signed

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


def test_origin_check(door: Door) -> None:
    """Scripts of other sites get neither a socket nor an answer; the configured sites and the edge's own pages do."""
    own = door.url.partition("/webchat")[0]
    for origin in ("https://evil.example", "null", f"{SITE}.evil.example"):
        with pytest.raises(InvalidStatus) as refused, door.tab(origin=origin):
            pass
        post = door.client.post(f"{door.url}/hello", json={"type": "hello"}, headers={"Origin": origin})
        assert (refused.value.response.status_code, post.status_code) == (403, 403)
        assert "access-control-allow-origin" not in post.headers
    assert "may not use this chat: add it to origins" in post.json()["detail"]
    with door.tab(origin=own) as tab:
        assert tab.welcome["type"] == "welcome"
    asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    preflight = door.client.options(f"{door.url}/frames", headers=asking)
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, SITE)


def test_an_abuse_flood_of_one_session_is_slowed_down() -> None:
    """Refused with the seconds to wait, so that the browser keeps it and comes again."""
    with serving(settings(messages_per_minute=3)) as door, door.tab() as tab, door.tab() as other:
        answers = [tab.say("spam") for _ in range(4)]
        assert [answer["type"] for answer in answers] == ["said"] * 3 + ["refused"]
        assert (answers[3]["status"], answers[3]["retry_after"] <= 20) == (429, True)
        assert other.say("hi")["type"] == "said"


def test_one_address_may_not_flood() -> None:
    """With ever new sessions neither; a trusted proxy says whose address it is."""
    with serving(settings(address_per_minute=2, trusted_proxies=("127.0.0.0/8",))) as door:
        codes = [
            door.client.post(
                f"{door.url}/hello", json={"type": "hello"}, headers={"X-Forwarded-For": f"192.0.2.{n}"}
            ).status_code
            for n in (1, 1, 1, 2)
        ]
    assert codes == [200, 200, 429, 200]


def test_one_address_has_so_many_sockets_and_the_process_too() -> None:
    """A seat is free again when its socket is closed."""
    with serving(settings(connections_per_address=2)) as door:
        with door.tab(), door.tab():
            with pytest.raises(InvalidStatus) as refused, door.tab():
                pass
            assert refused.value.response.status_code == 429
        with door.tab() as tab:
            assert tab.say("hi")["type"] == "said"
    with serving(settings(connections=1)) as door, door.tab():
        with pytest.raises(InvalidStatus) as refused, door.tab():
            pass
        assert (refused.value.response.status_code, "Retry-After" in refused.value.response.headers) == (503, True)


def test_frames_are_bounded(door: Door) -> None:
    """The socket of whoever sends more than a frame can hold is closed before it is read whole; too long a text is refused."""
    with door.tab() as tab:
        tab.send(type="message", id="message-1", text="ü" * 8_001)
        assert tab.next()["reason"] == "bad-frame"
        assert tab.say("ü" * 8_000)["type"] == "said"
        tab.socket.send("x" * 70_000)
        with pytest.raises(ConnectionClosed, match="1009"):
            tab.until_closed()
    large = door.post(door.hello()["token"], type="message", id="message-1", text="x" * 60_000)
    assert (large.status_code, len(door.kafka.events)) == (413, 1)


def test_a_flood_of_frames_is_cut_off(door: Door) -> None:
    """Neither typing nor garbage may keep the edge busy."""
    with door.tab() as tab:
        with suppress(ConnectionClosed):
            for _ in range(700):
                tab.socket.send("{}")
        with pytest.raises(ConnectionClosed, match=r"1008|1013"):  # too many, or too many answers that nobody reads
            tab.until_closed()


def test_garbage_is_answered(door: Door) -> None:
    """A frame that is none is refused by name, whatever it is, and the socket goes on."""
    with door.tab() as tab:
        for garbage in (b"\x00\xff", "", "[]", '{"type":"hello"}', '{"type":"message","id":"short"}', "[" * 20_000):
            tab.socket.send(garbage)
            assert tab.next()["reason"] == "bad-frame"
        assert tab.say("  \n")["reason"] == "empty"
        assert tab.say("hi")["type"] == "said"


def test_whoever_says_no_hello_is_sent_away(door: Door) -> None:
    """Its socket is closed with a reason."""
    with door.tab(token=7) as tab:
        assert tab.welcome["reason"] == "bad-frame"
        with pytest.raises(ConnectionClosed, match="1008"):
            tab.until_closed()


def test_required_fields_are_asked_for() -> None:
    """The form before the chat is not only for looks; a customer who is known need not fill it in."""
    with serving(settings(ask=("name",), required=("email",))) as door, door.tab() as tab:
        refused = tab.say("hi", profile={"name": "Ann", "email": " "})
        assert (refused["reason"], "retry_after" in refused) == ("missing-field", False)
        assert tab.say("hi", profile={"email": "ann@example.org"})["type"] == "said"


def test_files_are_bounded() -> None:
    """Too large is 413, empty is 422, without a session 401; nothing of it is stored."""
    with serving(settings(max_file_bytes=10)) as door:
        bearer = {"Authorization": f"Bearer {door.hello()['token']}"}
        codes = [
            door.client.post(f"{door.url}/files", content=content, headers=headers).status_code
            for content, headers in ((b"x" * 11, bearer), (b"", bearer), (b"x", {}), (b"x", bearer))
        ]
    assert codes == [413, 422, 401, 201]


def test_answers_are_signed(door: Door) -> None:
    """By nobody else can an agent speak; and an answer needs a text and an id."""
    body = msgspec.json.encode({"session": "ab" * 16, "text": "hi", "id": "a-1"})
    empty = msgspec.json.encode({"session": "ab" * 16, "text": " ", "id": "a-1"})
    strange = msgspec.json.encode({"session": "../x", "text": "hi", "id": "a-1"})
    url = f"{door.url}/answers"
    codes = [
        door.client.post(url, content=body).status_code,
        door.client.post(url, content=body, headers=signed(body, secret="x" * 32)).status_code,
        door.client.post(url, content=empty, headers=signed(empty)).status_code,
        door.client.post(url, content=strange, headers=signed(strange)).status_code,
    ]
    assert codes == [401, 401, 422, 400]
    assert door.kafka.events == []


def test_polling_is_bounded(door: Door) -> None:
    """Who asks for news in a loop is told to wait."""
    headers = {"Authorization": f"Bearer {door.hello()['token']}"}
    answers = [door.client.get(f"{door.url}/news?after=0", headers=headers) for _ in range(62)]
    wrong = door.client.get(f"{door.url}/news?after=x", headers=headers)
    assert (answers[0].status_code, answers[-1].status_code, wrong.status_code) == (200, 429, 400)
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_rooms_are_bounded() -> None:
    """Old entries go first, then whole sessions, the quietest first; one that is being used keeps its sockets."""
    rooms = Rooms(limit=3_000, most=5)
    for session in "abcdefgh":
        room = rooms.room(session)
        room.listeners.add(Listener()) if session == "a" else None
        before = room.size
        room.add(own=str(uuid.uuid4()), by="visitor", text="x" * 1_000, at=1)
        rooms.grew(room.size - before)
    kept = {session for session in "abcdefgh" if rooms._rooms.get(session, rooms.room("new")).news(0)}
    assert kept == {"g", "h"}
    assert rooms.room("a").listeners
    for number in range(200):
        room.add(own=str(number), by="visitor", text="x", at=1)
    assert len(room.news(0)) == 100


def test_a_socket_that_does_not_read_is_given_up() -> None:
    """Its frames are not kept without end: it is closed, and catches up when it comes back."""

    async def scene() -> str | None:
        listener = Listener()
        for number in range(300):
            listener.push(str(number))
            if number == 200:
                return await listener.next()
        return ""

    assert asyncio.run(scene()) is None


def test_numbers_only_grow() -> None:
    """Also for entries of the same millisecond."""
    room = Rooms().room("a")
    entries: list[Entry] = [room.add(own=str(n), by="agent", text="", at=1) for n in range(50)]
    assert len({entry.n for entry in entries}) == 50
    assert [entry.n for entry in entries] == sorted(entry.n for entry in entries)


@pytest.mark.parametrize(
    ("account", "more", "words"),
    [
        ("a/b", {}, r"channels\.webchat\.a/b: an account is part of a url"),
        ("shop", {"origins": ("https://*.example.org",)}, r"origins has .*: write https://host, without a path"),
        ("shop", {"secrets": ()}, r"channels\.webchat\.shop\.secrets has no secret: set one of 32 random bytes"),
        ("shop", {"secrets": ("only 22 bytes, no more",)}, "a secret of less than 32 bytes: use that many random ones"),
        ("shop", {"words": {"sned": "Senden"}}, r"shop\.words has sned: the words are agent, attach"),
    ],
)
def test_settings_are_checked(account: str, more: dict[str, object], words: str) -> None:
    """A wrong setting is named with its remedy before anything starts."""
    with pytest.raises(Misconfigured, match=words):
        WebChat(account, settings(**more), BlobStore("memory://x"))


def test_secrets_are_not_shown() -> None:
    """Settings can be printed."""
    assert SECRET not in repr(WebChatSettings(secrets=(SECRET,)))


def test_the_widget_is_one_script() -> None:
    """With the account's words and nothing secret; a browser that has it gets 304; the page to try it has a strict policy."""
    with serving(settings(title="Hilfe </script>", words={"send": "Senden"}, required=("email",))) as door:
        script = door.client.get(f"{door.url}/widget.js")
        again = door.client.get(f"{door.url}/widget.js", headers={"If-None-Match": script.headers["etag"]})
        page = door.client.get(f"{door.url}/")
    assert (script.status_code, again.status_code, script.headers["content-type"]) == (
        200,
        304,
        "text/javascript; charset=utf-8",
    )
    assert '"send": "Senden"' in script.text
    assert SECRET not in script.text
    assert len(script.content) < 40_000
    assert "<h1>Hilfe &lt;/script&gt;</h1>" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
