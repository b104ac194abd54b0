"""What people write under a page's posts: public, one person's each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from normalizer.events import Contact, Message
from normalizer.ids import message_id
from tests.unit.connectors.meta_posts import change, one, read, subscribed

DANA = {"id": "77", "name": "Dana"}
COMMENT = {
    "item": "comment",
    "verb": "add",
    "post_id": "55_8",
    "comment_id": "8_1",
    "parent_id": "55_8",
    "from": DANA,
    "message": "Still broken!",
    "created_time": 1767323045,
    "post": {"permalink_url": "https://facebook.example/8"},
}


def comment(**told: Any) -> Message:
    """A comment that differs in some facts from the usual one."""
    return one(change("feed", COMMENT | told), "messenger")


def test_comments_are_conversations_apart_from_direct_messages() -> None:
    """Post and person; so two people under one post do not see each other's tickets."""
    found, other = comment(), comment(comment_id="8_2", **{"from": {"id": "78", "name": "Eli"}})
    assert (found.kind, found.text, found.refs.own) == ("message", "Still broken!", "8_1")
    assert found.sender == Contact("meta", "55:77", "Dana")
    assert found.refs.provider == "55_8:55:77"
    assert other.refs.provider == "55_8:55:78"
    assert found.fields.items() >= {"public": "true", "post": "55_8", "url": "https://facebook.example/8"}.items()
    assert str(found.sent_at) == "2026-01-02 03:04:05+00:00"


def test_nested_comments() -> None:
    """They stay with their post and person, and name the comment that they answer."""
    found = comment(comment_id="8_3", parent_id="8_1")
    assert (found.refs.parents, found.refs.provider) == (("8_1",), "55_8:55:77")


def test_our_own_answer_to_a_comment_is_an_echo() -> None:
    """It goes where the comment is, whoever wrote that."""
    found = comment(comment_id="8_4", parent_id="8_1", **{"from": {"id": "55", "name": "Shop"}})
    assert (found.kind, found.sender.address, found.refs.parents) == ("echo", "55", ("8_1",))
    assert found.refs.provider == ""


def test_edited_comments() -> None:
    """An event of its own for each version, at the time of the edit."""
    found, other = (comment(verb="edited", message=text) for text in ("Works now", "Works not"))
    assert found.id != other.id
    assert str(found.sent_at) == "2026-01-02 03:04:06+00:00"
    assert (found.kind, found.text, found.about) == ("edit", "Works now", message_id("messenger", "main", "8_1"))
    assert found.id != comment().id


def test_deleted_comments() -> None:
    """Even when Meta does not say whose it was: it goes where the comment is."""
    known, unknown = comment(verb="remove"), comment(verb="remove", **{"from": {}})
    assert (known.kind, known.text, known.refs.parents) == ("deletion", "", ("8_1",))
    assert known.id == unknown.id
    assert (known.refs.provider, unknown.refs.provider) == ("55_8:55:77", "")


@pytest.mark.parametrize(
    "told",
    [
        {"verb": "hide"},
        {"verb": "unhide"},
        {"item": "like"},
        {"item": "reaction", "reaction_type": "love"},
        {"from": {"id": "55"}},
        {"item": "status", "from": {"id": "55"}, "message": "New cups!"},
    ],
)
def test_hidden_and_liked_and_our_own_posts_are_nobodys_words(told: dict[str, Any]) -> None:
    """What we hide, a like, and what we publish ourselves."""
    assert read(json.dumps(change("feed", COMMENT | told)).encode(), "messenger") == ()


def test_a_verb_of_tomorrow_is_kept() -> None:
    """As a message; when it is about a comment that is there already, it is its duplicate."""
    assert comment(verb="pinned").id == comment().id
    assert comment(item="question", comment_id="8_7").text == "Still broken!"


def test_a_comment_and_its_removal_keep_their_order(tmp_path: Path) -> None:
    """All that happens under one post has one key, also what names nobody."""
    with subscribed("messenger", tmp_path) as (meta, door):
        page = meta.page("55")
        added = page.comment("77", "Dana", "55_8", "x")
        page.comment("", "", "55_8", "", under=added, verb="remove")
        page.comment("78", "Eli", "55_9", "y")
        meta.deliver()
        assert [event.key for event in door.kafka.events] == ["55:55_8", "55:55_8", "55:55_9"]


def test_posts_of_visitors_are_messages() -> None:
    """With their pictures."""
    told = {"item": "photo", "verb": "add", "post_id": "55_9", "from": DANA, "photo": "https://x.fbcdn.net/1"}
    found = one(change("feed", told), "messenger")
    assert (found.kind, found.text, found.refs.own, found.refs.provider) == ("message", "[photo]", "55_9", "55_9:55:77")


def test_reviews_are_messages() -> None:
    """Recommended or not."""
    told = {"item": "rating", "verb": "add", "reviewer_id": "77", "reviewer_name": "Dana", "review_text": "Nice"}
    story = {"open_graph_story_id": "1", "recommendation_type": "positive"}
    found = one(change("ratings", told | story), "messenger")
    assert (found.text, found.sender.name, found.fields["recommends"]) == ("Nice", "Dana", "positive")


def test_leads_and_new_fields_are_kept() -> None:
    """An answer to a lead ad is only an id; a field of tomorrow that names a person is somebody's."""
    lead = one(
        change("leadgen", {"leadgen_id": "5", "form_id": "6", "page_id": "55", "created_time": 1767323045}), "messenger"
    )
    assert (lead.text, lead.fields["lead"], lead.degradations) == ("[leadgen]", "5", ("unsupported:leadgen",))
    new = one(change("guestbook", {"from": DANA, "id": "9"}), "messenger")
    assert (new.text, new.degradations) == ("[guestbook]", ("unsupported:guestbook",))
    assert read(json.dumps(change("page_upcoming_change", {"x": 1})).encode(), "messenger") == ()
