"""Who may see and say what: sessions, identities, and people who share a browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._signature import keys
from connectors._webchat.tokens import File, Tokens, Visitor
from normalizer.events import Contact
from tests.unit.connectors.webchat_door import SECRET, Door, identity, serving, settings

pytestmark = pytest.mark.slow

ANN = identity("42", email="ann@example.org", name="Ann")
BOB = identity("43", email="bob@example.org")
OTHER = "another secret of at least 32 bytes"


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


def test_anonymous_to_identified_stays_one_conversation(door: Door) -> None:
    """Somebody logs in while he chats, in the same tab: the same session, and from now on it is known whose."""
    with door.tab() as tab:
        tab.say("before")
        token, session = tab.token, tab.welcome["session"]
    with door.tab(token=token, identity=ANN, continues=True, email="Ann@example.org ") as tab:
        assert (tab.welcome["session"], tab.welcome["forget"]) == (session, False)
        assert [entry["text"] for entry in tab.welcome["news"]] == ["before"]
        tab.say("after")
    before, after = door.messages()
    assert before.refs.provider == after.refs.provider
    assert (before.sender, after.sender) == (Contact("chat", session), Contact("email", "ann@example.org", "Ann"))


@pytest.mark.parametrize(
    "hello",
    [
        pytest.param({"continues": False}, id="another tab"),
        pytest.param({"continues": True, "email": "bob@example.org"}, id="another address was typed"),
    ],
)
def test_an_earlier_visitors_history_is_never_shown_to_another_person(door: Door, hello: dict[str, Any]) -> None:
    """Somebody chatted at this browser; then Ann logs in. She gets a session of her own, and the browser forgets."""
    with door.tab() as visitor:
        visitor.say("my secret")
        token = visitor.token
    with door.tab(token=token, identity=ANN, **hello) as tab:
        assert tab.welcome["forget"]
        assert tab.welcome["session"] != visitor.welcome["session"]
        assert tab.welcome["news"] == []


def test_a_session_that_was_left_long_ago_is_joined_by_nobody(door: Door) -> None:
    """Half an hour after the last sign of life the one who logs in may be another."""
    tokens = Tokens(keys([SECRET], "here"), "shop", "here")
    now = int(time.time())
    left = tokens.seal(Visitor(session="ab" * 16, active=now - 1900, expires=now + 9_999))
    fresh = tokens.seal(Visitor(session="cd" * 16, active=now - 1700, expires=now + 9_999))
    assert door.hello(token=left, identity=ANN, continues=True)["forget"]
    assert door.hello(token=fresh, identity=ANN, continues=True)["session"] == "cd" * 16


def test_an_account_is_not_taken_over(door: Door) -> None:
    """Ann's session in the browser's storage is not shown to Bob, nor to whoever comes after she logged out."""
    with door.tab(identity=ANN) as tab:
        tab.say("of Ann")
        token, session = tab.token, tab.welcome["session"]
    for other in (BOB, ""):
        with door.tab(token=token, identity=other, continues=True) as tab:
            assert (tab.welcome["forget"], tab.welcome["news"]) == (True, [])
            assert tab.welcome["session"] != session
            assert tab.say("hi")["type"] == "said"
    with door.tab(token=token, identity=ANN) as tab:
        assert [entry["text"] for entry in tab.welcome["news"]] == ["of Ann"]


def test_a_new_cookie_is_the_same_person_when_he_is_known(door: Door) -> None:
    """Two devices of a customer who is logged in share one session, without any cookie."""
    with door.tab(identity=BOB) as first, door.tab(identity=BOB) as second:
        first.say("from the phone")
        assert second.heard() == ["from the phone"]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (identity("42", secret=OTHER), "Signature verification failed"),
        (identity("42", seconds=-90), "expired"),
        (jwt.encode({"sub": "42"}, SECRET), 'missing the "exp" claim'),
        (jwt.encode({"exp": time.time() + 3600}, SECRET), 'missing the "sub" claim'),
        (jwt.encode({"sub": "42", "exp": time.time() + 3600}, "", algorithm="none"), "alg"),
        (jwt.encode({"sub": "42", "exp": time.time() + 3600, "email": 7}, SECRET), "Expected `str`"),
        ("nonsense", "Not enough segments"),
    ],
    ids=["another-secret", "expired", "for-ever", "of-nobody", "unsigned", "odd-email", "no-token"],
)
def test_a_forged_identity_is_refused(door: Door, token: str, words: str) -> None:
    """By whichever door; the reason is said, and nobody becomes anybody by it."""
    refused = door.client.post(f"{door.url}/hello", json={"type": "hello", "identity": token})
    assert (refused.status_code, refused.json()["reason"]) == (401, "bad-identity")
    assert words in refused.json()["detail"]
    with door.tab(identity=token) as tab:
        assert (tab.welcome["type"], tab.welcome["reason"]) == ("refused", "bad-identity")


def test_a_typed_address_is_only_a_claim(door: Door) -> None:
    """It makes nobody the customer of that address, whatever the form said."""
    with door.tab() as tab:
        tab.say("hi", profile={"email": "ann@example.org", "name": "Ann"})
        session = tab.welcome["session"]
    (message,) = door.messages()
    assert message.sender == Contact("chat", session, "Ann")
    assert message.fields["email"] == "ann@example.org"
    assert message.degradations == ("unverified-sender",)


def test_two_secrets_are_valid_at_a_time() -> None:
    """While they are exchanged, sessions, identities and answers under the old one go on; under a third, nothing."""
    with serving(settings(secrets=(SECRET,))) as old, old.tab() as tab:
        token, session = tab.token, tab.welcome["session"]
    with serving(settings(secrets=(OTHER, SECRET))) as both:
        assert both.hello(token=token)["session"] == session
        assert both.answer(session, "Hi").status_code == 202
        assert both.hello(identity=ANN)["identified"]
        renewed = both.hello(token=token)["token"]
    with serving(settings(secrets=(OTHER,))) as new:
        assert new.hello(token=renewed)["session"] == session
        assert new.hello(token=token)["forget"]
        assert new.post(token, type="message", id="message-1", text="hi").status_code == 401


def test_a_session_ends(door: Door) -> None:
    """Then there is a new one; what the browser kept of its own, unsent words among it, is not taken from it."""
    tokens = Tokens(keys([SECRET], "here"), "shop", "here")
    ended = tokens.seal(Visitor(session="ab" * 16, active=1, expires=2))
    refused = door.post(ended, type="message", id="message-1", text="hi")
    fresh = door.hello(token=ended)
    assert (refused.status_code, refused.json()["reason"]) == (401, "no-session")
    assert (fresh["forget"], fresh["session"] == "ab" * 16) == (False, False)


def test_a_customers_token_alone_is_good_for_hours(door: Door) -> None:
    """What was left in a browser's storage does not speak in his name for a month; with his identity it goes on."""
    tokens = Tokens(keys([SECRET], "here"), "shop", "here")
    now = int(time.time())
    left = tokens.seal(Visitor(session="ab" * 16, active=now - 13 * 3600, expires=now + 9_999, user="42"))
    assert door.post(left, type="message", id="message-1", text="hi").status_code == 401
    assert door.hello(token=left, identity=ANN)["session"] == "ab" * 16


@given(token=st.text(max_size=60))
def test_no_text_is_a_token(token: str) -> None:
    """Whatever a browser sends."""
    tokens = Tokens(keys([SECRET], "here"), "shop", "here")
    good = tokens.seal(Visitor(session="ab" * 16, active=1, expires=2))
    assert tokens.unseal(token, Visitor) is None
    assert tokens.unseal(f"{good}{token}x", Visitor) is None


def test_tokens_are_of_one_kind_and_one_account() -> None:
    """A file's token is no session, and a session of one chat is none of another."""
    tokens = Tokens(keys([SECRET], "here"), "shop", "here")
    visitor = tokens.seal(Visitor(session="ab" * 16, active=1, expires=2))
    file = tokens.seal(File(session="ab" * 16, sha256="", size=1, name="", content_type=""))
    assert tokens.unseal(file, Visitor) is None
    assert tokens.unseal(visitor, File) is None
    assert Tokens(keys([SECRET], "here"), "other", "here").unseal(visitor, Visitor) is None
