"""Instagram keeps what every connector and every door keeps; stories, comments and mentions; its traps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import httpx
import pytest

from connectors.instagram import Instagram
from normalizer.events import Contact, RawEvent
from normalizer.ids import message_id
from tests.conformance.connector import ConnectorContract
from tests.conformance.receiver import ReceiverContract
from tests.unit.connectors.meta_posts import Served, change, direct, one, raw, signed, subscribed

SECRET = "a secret of the tests"


def message(**said: Any) -> dict[str, Any]:
    """A direct message of the person 77."""
    return direct({"message": {"mid": "m_1"} | said}, channel="instagram")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A door that many tests share."""
    with subscribed("instagram", tmp_path_factory.mktemp("blobs")) as found:
        yield found


class TestInstagramReads(ConnectorContract):
    """The eye."""

    connector = Instagram
    secret: ClassVar[str] = SECRET

    def settings(self) -> dict[str, Any]:
        """With a token."""
        return {"app_secrets": [SECRET], "verify_token": SECRET, "access_token": SECRET}

    def samples(self) -> Sequence[RawEvent]:
        """A message, a story's mention, a comment."""
        mention = message(attachments=[{"type": "story_mention", "payload": {"url": "https://x.example"}}])
        comment = {"id": "9", "text": "x", "from": {"id": "7", "username": "dana"}, "media": {"id": "8"}}
        posts = [message(text="hi"), mention, change("comments", comment, "instagram")]
        return [raw(post, "instagram") for post in posts]


class TestInstagramDoor(ReceiverContract):
    """The hand."""

    connector = Instagram

    def settings(self) -> dict[str, Any]:
        """Without a token."""
        return {"app_secrets": [SECRET], "verify_token": "x"}

    def request(self, number: int) -> httpx.Request:
        """A message with an id of its own."""
        return signed("instagram", json.dumps(message(mid=f"m_{number}", text="hi")).encode(), SECRET)

    def forged(self) -> httpx.Request:
        """A post that is signed with a guess."""
        return signed("instagram", b"{}", "a guess of the secret")


def test_reply_to_story() -> None:
    """A message, with the story that it is about; the story itself is not fetched."""
    found = one(
        message(text="Nice!", reply_to={"story": {"id": "5", "url": "https://x.cdninstagram.com/5"}}), "instagram"
    )
    assert (found.kind, found.text, found.refs.parents) == ("message", "Nice!", ())
    assert found.fields == {"story": "5", "story_url": "https://x.cdninstagram.com/5"}
    silent = one(message(reply_to={"story": {"id": "5"}}), "instagram")
    assert silent.text == "[reply to a story]"


def test_story_mention_media_is_not_cached(served: Served) -> None:
    """Nothing is asked for, and nothing is in the store; an ordinary picture of the same person is there."""
    meta, door = served.fresh()
    account = meta.instagram()
    url = meta.public(b"a story", "image/jpeg")
    account.attachment("77", "story_mention", url)
    account.attachment("77", "image", meta.public(b"a cup", "image/jpeg"))
    meta.graph.asked.clear()
    assert meta.deliver() == [200]
    story, picture = door.messages()
    assert (story.text, story.attachments, story.fields) == ("[story mention]", (), {"story_url": url})
    assert [door.blobs.get(each.sha256) for each in picture.attachments] == [b"a cup"]
    assert url.rpartition("/cdn/")[2] not in "".join(meta.graph.asked)


def test_shares_are_links_and_no_copies(served: Served) -> None:
    """Somebody else's post is told of by its address."""
    meta, door = served.fresh()
    meta.instagram().attachment("77", "ig_reel", meta.public(b"a film", "video/mp4"))
    meta.deliver()
    (found,) = door.messages()
    assert found.attachments == ()
    assert found.text == f"[ig_reel] {found.fields['shared_url']}"


def test_profile_fetch_fails_and_the_message_is_kept(served: Served) -> None:
    """Consent is missing, the token is gone, Meta is ill: the message is there, without a name."""
    meta, door = served.fresh()
    account = meta.instagram()
    meta.graph.people["80"] = {"name": "Cleo", "username": "cleo.m"}
    meta.graph.people["81"] = {"username": "dan.r"}
    for person in ("80", "81", "82"):
        account.text(person, "hi")
    meta.deliver()
    assert sorted(found.sender.name for found in door.messages()) == ["", "Cleo", "dan.r"]
    account.text("80", "again")  # a name is asked for once
    meta.graph.asked.clear()
    meta.deliver()
    assert meta.graph.asked == []
    assert door.messages()[-1].sender.name == "Cleo"


def test_unsend_is_a_deletion() -> None:
    """Which the ticket store obeys."""
    found = one(message(is_deleted=True), "instagram")
    assert (found.kind, found.about) == ("deletion", message_id("instagram", "main", "m_1"))


def test_the_newer_form_of_a_direct_message() -> None:
    """Instagram Login sends it as a change."""
    value = {"sender": {"id": "77"}, "recipient": {"id": "55"}, "timestamp": "1767323045"}
    found = one(change("messages", value | {"message": {"mid": "m_1", "text": "hi"}}, "instagram"), "instagram")
    assert found == one(
        direct({"timestamp": 1767323045, "message": {"mid": "m_1", "text": "hi"}}, channel="instagram"), "instagram"
    )


def test_comments_and_their_answers() -> None:
    """Each person's under each post; ours goes where the comment is."""
    told = {"id": "9", "text": "How much?", "from": {"id": "77", "username": "dana"}, "media": {"id": "8"}}
    found = one(change("comments", told, "instagram"), "instagram")
    assert (found.kind, found.text, found.refs.own, found.refs.provider) == ("message", "How much?", "9", "8:55:77")
    assert found.sender == Contact("meta", "55:77", "dana")
    ours = told | {"id": "10", "parent_id": "9", "from": {"id": "55", "username": "shop"}}
    answer = one(change("comments", ours, "instagram"), "instagram")
    assert (answer.kind, answer.refs.parents, answer.refs.provider) == ("echo", ("9",), "")
    scoped = ours | {"from": {"id": "99", "username": "shop", "self_ig_scoped_id": "99"}}
    assert one(change("comments", scoped, "instagram"), "instagram") == answer
    live = one(change("live_comments", told, "instagram"), "instagram")
    assert live.id == found.id


def test_mentions_are_kept_without_their_words() -> None:
    """Instagram tells only ids: somebody can look."""
    found = one(change("mentions", {"media_id": "8", "comment_id": "9"}, "instagram"), "instagram")
    assert (found.text, found.degradations, found.fields["post"]) == ("[mention]", ("text-missing",), "8")
    other = one(change("mentions", {"media_id": "8", "comment_id": "10"}, "instagram"), "instagram")
    assert found.sender != other.sender


def test_story_insights_are_nobodys_words() -> None:
    """Numbers."""
    assert Instagram.read(raw(change("story_insights", {"media_id": "8", "reach": 7}, "instagram"), "instagram")) == ()
