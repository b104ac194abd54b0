"""The eye of X: what a post or a direct message says, and whose talk it belongs to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors._x.reading import read
from connectors.fakes.x import USER_ID
from normalizer.errors import Rejected
from normalizer.events import Contact, Message, ThreadRefs
from normalizer.ids import message_id
from tests.unit.connectors.test_x import GONE, MESSAGE, POST, raw_of

US = {"id": USER_ID, "username": "acme", "name": "Acme"}


def one(body: Any, **told: str) -> Message:
    """The message of a delivery."""
    (message,) = read(raw_of(body, **told))
    return message


def post(text: str = "@acme hello", includes: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A post of user 42 with some of its fields changed; a field of None is left out."""
    data = {"id": "1578522194770296832", "author_id": "42", "conversation_id": "7", "text": text} | more
    return {"data": {name: value for name, value in data.items() if value is not None}, "includes": includes or {}}


def answer(text: str, to: str, parent: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A reply of user 42 to a post at hand."""
    refers = [{"type": "replied_to", "id": parent["id"]}]
    named = {"mentions": [US]}
    return post(text, {"tweets": [parent]}, in_reply_to_user_id=to, referenced_tweets=refers, entities=named, **more)


def test_a_post_says_who_when_and_where() -> None:
    """Known by ids; the handle and the name are only how to call them."""
    message = one(POST)
    assert message.sender == Contact("x", "42", "Ann (@ann)")
    assert message.to == (Contact("x", USER_ID),)
    assert message.sent_at == datetime(2022, 10, 7, 23, 6, 33, tzinfo=UTC)
    assert message.refs == ThreadRefs(own="1578522194770296832", provider="1578522194770296832:42")
    assert message.fields == {"visibility": "public", "username": "ann"}


def test_a_user_id_is_stable_and_a_handle_is_not() -> None:
    """Whoever takes another handle stays the same customer."""
    renamed = POST | {"includes": {"users": [{"id": "42", "name": "Ann", "username": "ann_2"}]}}
    assert one(renamed).sender.address == one(POST).sender.address == "42"


def test_html_entities_are_read_once() -> None:
    """X writes & < and > as codes; a code that somebody typed stays one."""
    assert one(post("@acme a &lt; b &amp;amp; &amp;copy; &gt;")).visible_text == "@acme a < b &amp; &copy; >"


def test_links_are_expanded_whatever_emoji_stand_before_them() -> None:
    """Offsets are upset by emoji and codes: a link is found by its t.co address."""
    urls = [{"start": 1, "end": 2, "url": "https://t.co/abc", "expanded_url": "https://acme.example/?a=1&b=2"}]
    found = one(post("@acme 👩‍👩‍👧‍👦&amp;🇩🇪 https://t.co/abc!", entities={"urls": urls}))
    assert found.visible_text == "@acme 👩‍👩‍👧‍👦&🇩🇪 https://acme.example/?a=1&b=2!"


def test_only_links_of_x_are_replaced_and_never_without_end() -> None:
    """What stands in a list of links is not let loose on the words."""
    urls = [{"url": "e", "expanded_url": "e" * 9000}, {"url": "https://t.co/abc", "expanded_url": "x" * 9000}]
    found = one(post("@acme see https://t.co/abc", entities={"urls": urls})).visible_text
    assert found == "@acme see " + "x" * 4000


def test_a_link_to_ones_own_photo_is_no_text() -> None:
    """A post that is only a photo says so."""
    urls = [{"url": "https://t.co/abc", "expanded_url": "https://x.com/ann/status/1/photo/1", "media_key": "3_1"}]
    media = {"media": [{"media_key": "3_1", "type": "photo", "url": "https://pbs.twimg.com/media/a.jpg"}]}
    assert one(post("https://t.co/abc", media, entities={"urls": urls})).visible_text == "[photo]"


def test_a_long_post_is_read_whole() -> None:
    """`text` has its first 280 characters, note_tweet all of them, with links of its own."""
    urls = [{"url": "https://t.co/abc", "expanded_url": "https://acme.example/order"}]
    note = {"text": "word " * 100 + "https://t.co/abc", "entities": {"urls": urls}}
    found = one(post("word word…", note_tweet=note)).visible_text
    assert found == "word " * 100 + "https://acme.example/order"


def test_a_repost_that_repeats_the_mention_is_nobodys_message() -> None:
    """It says nothing new; a quote does."""
    assert read(raw_of(post("RT @ann: @acme hello", referenced_tweets=[{"type": "retweeted", "id": "6"}]))) == ()


def test_a_quote_post_brings_the_quoted_words_along() -> None:
    """The new words are what is visible."""
    quoted = {"id": "6", "author_id": "43", "text": "All sold &amp; out"}
    includes = {"tweets": [quoted], "users": [{"id": "43", "username": "bob", "name": "Bob"}]}
    found = one(post("@acme really?", includes, referenced_tweets=[{"type": "quoted", "id": "6"}]))
    assert found.visible_text == "@acme really?"
    assert found.text == "@acme really?\n\n> @bob: All sold & out"
    assert (found.fields["quoted"], found.refs.parents) == ("All sold & out", ("6",))


def test_in_reply_to_is_a_parent_and_conversation_id_the_thread() -> None:
    """Both are kept; the thread is what X vouches for, the parent what is answered."""
    found = one(answer("@acme thanks", USER_ID, {"id": "6", "author_id": USER_ID, "text": "Done"}))
    assert found.refs == ThreadRefs(own="1578522194770296832", parents=("6",), provider="7:42")
    assert (found.fields["replied_to"], found.text) == ("Done", "@acme thanks")


def test_customers_in_one_public_thread_stay_apart() -> None:
    """Two who answer the same post are two conversations, and two tickets."""
    assert one(post(author_id="42")).refs.provider != one(post(author_id="43")).refs.provider


def test_our_own_post_is_an_echo() -> None:
    """What our side answers with another tool is in the customer's thread, and wakes nobody."""
    mine = one(post("@ann done", author_id=USER_ID, in_reply_to_user_id="42"))
    assert (mine.kind, mine.sender.address, mine.to[0].address, mine.refs.provider) == ("echo", USER_ID, "42", "7:42")


@pytest.mark.parametrize("to", [None, USER_ID])
def test_our_own_post_to_nobody_is_nobodys_message(to: str | None) -> None:
    """An announcement of ours that names ourselves, alone or as a thread."""
    assert read(raw_of(post("we are @acme", author_id=USER_ID, in_reply_to_user_id=to))) == ()


def test_a_reply_that_only_inherits_the_mention_is_marked() -> None:
    """Said to somebody else below a post that names us: kept, and a rule can suppress it by its mark."""
    parent = {"id": "6", "author_id": "43", "text": "@acme broken", "entities": {"mentions": [US]}}
    assert one(answer("@bob @acme same here", "43", parent)).degradations == ("inherited-mention",)


@pytest.mark.parametrize(
    ("text", "to", "entities"),
    [
        ("@bob ask @acme", "43", {"mentions": [US]}),  # our handle is in the words
        ("@acme and another thing", "42", {"mentions": [US]}),  # to himself: a customer's own thread
        ("@acme thanks", USER_ID, {"mentions": [US]}),  # to us
        ("@bob @acme look", "43", {}),  # the answered post did not name us: he did it
    ],
)
def test_a_reply_that_means_us_is_not_marked(text: str, to: str, entities: dict[str, Any]) -> None:
    """Only what is sure is marked."""
    parent = {"id": "6", "author_id": "43", "text": "broken", "entities": entities}
    assert one(answer(text, to, parent)).degradations == ()


def test_an_edited_post_is_an_edit_of_its_first_version() -> None:
    """An edit has an id of its own and a history: it is about the version that is known."""
    found = one(post("@acme corrected", edit_history_tweet_ids=["1578522194770296830", "1578522194770296832"]))
    first = message_id("x", "main", "1578522194770296830")
    assert (found.kind, found.about, found.refs.parents) == ("edit", first, ("1578522194770296830",))
    assert found.id == message_id("x", "main", "1578522194770296830;edit;1578522194770296832")


def test_an_edit_of_what_nobody_saw_is_a_message() -> None:
    """X shows the newest version only: a post that was edited before it was fetched must wake somebody."""
    history = ["1578522194770296830", "1578522194770296832"]
    found = one(post(edit_history_tweet_ids=history), edits="")
    assert (found.kind, found.about, found.degradations) == ("message", "", ("edited-before-seen",))


def test_a_first_version_that_names_its_successors_is_no_edit() -> None:
    """A look-up shows all versions with the same history."""
    assert one(post(edit_history_tweet_ids=["1578522194770296832", "1578522194770296999"])).kind == "message"


def test_withheld_and_protected_are_told() -> None:
    """Whoever answers in public should know."""
    people = {"users": [{"id": "42", "username": "ann", "name": "Ann", "protected": True}]}
    found = one(post(includes=people, withheld={"country_codes": ["DE", "FR"]}))
    assert (found.degradations, found.fields["withheld"], found.fields["protected"]) == (("withheld",), "DE FR", "true")


def test_a_quoted_post_that_is_not_shown_is_told() -> None:
    """Its author is suspended, or it was deleted."""
    body = post(referenced_tweets=[{"type": "quoted", "id": "6"}]) | {"errors": [GONE]}
    assert one(body).degradations == ("referenced-missing:resource-not-found",)


def test_a_deletion_is_about_the_post_that_is_gone() -> None:
    """In its thread, by whoever wrote it."""
    (found,) = read(raw_of(GONE, "lookup", "application/vnd.switchboard.deletion+json", thread="7:42"))
    assert (found.kind, found.about) == ("deletion", message_id("x", "main", "1578522194770296832"))
    assert (found.sender.address, found.refs.provider) == ("42", "7:42")
    assert found.refs.parents == ("1578522194770296832",)
    assert found.fields == {"why": "resource-not-found"}


def test_a_direct_message_belongs_to_its_conversation() -> None:
    """By dm_conversation_id; the customer is who writes in public too, so that the two can be seen together."""
    found = one(MESSAGE)
    assert (found.refs.provider, found.visible_text) == (f"42-{USER_ID}", "hello")
    assert found.fields["visibility"] == "direct"
    assert found.sender == one(POST).sender


def test_a_direct_message_without_a_conversation_id_finds_it() -> None:
    """A webhook may leave it out; X makes it of both ids, the smaller first."""
    data = {name: value for name, value in MESSAGE["data"].items() if name != "dm_conversation_id"}
    assert one({"data": data}).refs.provider == one(MESSAGE).refs.provider


def test_a_message_request_of_a_stranger_is_a_message() -> None:
    """Somebody whom the account does not follow, and of whom nothing is told but the id."""
    data = MESSAGE["data"] | {"sender_id": "77", "dm_conversation_id": f"77-{USER_ID}"}
    found = one({"data": data})
    assert (found.kind, found.sender, found.refs.provider) == ("message", Contact("x", "77"), f"77-{USER_ID}")


def test_a_group_is_one_conversation() -> None:
    """Whoever writes into it; its id names nobody."""
    texts = [one({"data": MESSAGE["data"] | {"dm_conversation_id": "99", "sender_id": who}}) for who in ("42", "43")]
    assert {each.refs.provider for each in texts} == {"99"}
    mine = one({"data": MESSAGE["data"] | {"dm_conversation_id": "99", "sender_id": USER_ID}})
    assert (mine.kind, mine.to[0].address) == ("echo", "99")


def test_our_own_direct_message_is_an_echo_to_the_customer() -> None:
    """X lists both sides."""
    mine = one({"data": MESSAGE["data"] | {"sender_id": USER_ID}})
    assert (mine.kind, mine.to[0].address, mine.refs.provider) == ("echo", "42", f"42-{USER_ID}")


@pytest.mark.parametrize("event", ["ParticipantsJoin", "ParticipantsLeave"])
def test_who_joins_or_leaves_a_group_says_nothing(event: str) -> None:
    """It is nobody's message."""
    assert read(raw_of({"data": {"id": "1585823814956482567", "event_type": event, "dm_conversation_id": "99"}})) == ()


def test_an_unknown_event_is_kept() -> None:
    """What X invents next is a message that says what it is."""
    found = one({"data": MESSAGE["data"] | {"event_type": "VoiceNote", "text": ""}})
    assert (found.visible_text, found.degradations) == ("[VoiceNote]", ("unsupported:VoiceNote",))


def test_a_shared_post_comes_with_a_direct_message() -> None:
    """A talk that goes from public to private names what it is about."""
    body = {
        "data": MESSAGE["data"] | {"referenced_tweets": [{"id": "6"}]},
        "includes": {"tweets": [{"id": "6", "author_id": "42", "text": "broken"}]},
    }
    found = one(body)
    assert (found.refs.parents, found.text, found.fields["shared"]) == (("6",), "hello\n\n> broken", "broken")


def test_a_poll_is_read_with_its_options() -> None:
    """They are words too."""
    polls = {"polls": [{"id": "5", "options": [{"label": "yes"}, {"label": "no"}]}]}
    assert one(post("@acme well?", polls, attachments={"poll_ids": ["5"]})).visible_text == "@acme well?\n- yes\n- no"


def test_without_an_author_or_a_time_a_post_is_still_read() -> None:
    """The id tells the time; a lone half of a character and NUL, which no store takes, are replaced."""
    found = one({"data": {"id": "1578522194770296832", "text": "a\ud800b\x00"}})
    assert (found.sender.address, found.degradations) == ("unknown-1578522194770296832", ("no-author",))
    assert found.sent_at is not None
    assert (found.sent_at.year, found.visible_text) == (2022, "a\ufffdb\ufffd")


@pytest.mark.parametrize(("body", "reason"), [([], "not-an-object"), ({"data": {}}, "no-id"), ({"data": 7}, "no-id")])
def test_what_is_no_post_is_rejected(body: Any, reason: str) -> None:
    """With a reason that can be counted."""
    with pytest.raises(Rejected, match="fetch it from X again") as told:
        read(raw_of(body))
    assert told.value.reason == reason
