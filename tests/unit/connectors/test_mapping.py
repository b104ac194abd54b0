"""A mapping makes a message of any JSON; what is missing or wrong is a degradation and never a loss."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors._mapping import values
from connectors._mapping.reading import Reader, read
from connectors._mapping.settings import Mapping
from connectors._mapping.unrolling import unrolled
from normalizer.errors import Rejected
from normalizer.events import Message, RawEvent
from normalizer.ids import message_id

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def record(item: Any, mapping: dict[str, Any] | None = None, **attributes: str) -> RawEvent:
    """A record of an item, as the hand makes it."""
    reader = Reader(msgspec.convert(mapping or {}, Mapping), "mapping")
    return RawEvent(
        channel="webhook",
        account="shop",
        source_id="delivery-1",
        body=item if isinstance(item, bytes) else json.dumps(item).encode(),
        content_type="application/json",
        received_at=NOW,
        attributes={"mapping": reader.encoded, **attributes},
    )


def one(item: Any, **mapping: Any) -> Message:
    """The one message of an item."""
    (message,) = read(record(item, mapping))
    return message


def test_missing_fields_are_degradations() -> None:
    """An item of nothing is a message all the same."""
    message = one({}, sent_at="at")
    assert message.degradations == ("no-date", "no-id", "no-sender", "no-text")
    assert (message.id, message.text) == (message_id("webhook", "shop", "delivery-1"), "[no text]")
    assert (message.sender.scheme, message.sender.address) == ("other", "delivery-1")


def test_expressions_that_do_not_fit_are_degradations() -> None:
    """A function over the wrong type, an object where a text is wanted."""
    message = one(
        {"a": 1, "b": {"c": 1}}, text="b", subject="join(', ', a)", html="sort_by(a, &b)", sent_at="length(a)"
    )
    assert {"unmapped:subject", "unmapped:html", "unmapped:sent_at", "not-text:text"} <= set(message.degradations)
    assert message.text == '{"c": 1}'


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        (1767323045, NOW),
        ("1767323045", NOW),
        (1767323045000, NOW),
        ("1767323045000000", NOW),
        (1767323045000000000, NOW),
        (1767323045.0, NOW),
        ("2026-01-02T03:04:05Z", NOW),
        ("2026-01-02T04:04:05+01:00", NOW),
        ("2026-01-02T03:04:05", NOW),
        ("Fri, 2 Jan 2026 03:04:05 GMT", NOW),
    ],
)
def test_times_as_programs_write_them(given_: Any, wanted: datetime) -> None:
    """Unix time in four units, ISO 8601, RFC 5322; without a zone it is UTC."""
    assert one({"sent_at": given_}).sent_at == wanted


@pytest.mark.parametrize("given_", [0, "", "soon", True, [], {}, 1e300, -1, "1970-01-01T00:00:00Z", "9" * 30, 10**400])
def test_1970_and_times_that_are_none(given_: Any) -> None:
    """They are left out, and the message says so."""
    message = one({"sent_at": given_}, sent_at="sent_at")
    assert message.sent_at is None
    assert ("date-unreadable" in message.degradations) == (given_ != "")


def test_future_timestamps_and_clock_skew() -> None:
    """A clock that is a little early is nothing; tomorrow's mail is kept and noted."""
    assert "future-date" not in one({"sent_at": NOW.timestamp() + 3600}).degradations
    late = one({"sent_at": NOW.timestamp() + 90_000})
    assert late.sent_at is not None
    assert "future-date" in late.degradations


def test_nul_bytes_lone_surrogates_and_broken_utf_8() -> None:
    """Half an emoji, a NUL, a byte that is no UTF-8: the rest of the words arrive, in the batch and in the item."""
    bodies = [
        rb'{"text":"a\ud83d b"}',
        b'{"text":"a\\u0000 b"}',
        b'{"text":"a\xff b"}',
        b'\xef\xbb\xbf{"text":"a b", "n":NaN}',
    ]
    messages = [one(body) for body in bodies]
    assert [message.text for message in messages] == ["a\ufffd b", "a b", "a\ufffd b", "a b"]
    assert ["json-repaired" in message.degradations for message in messages] == [True, False, True, True]
    batch = unrolled(b"[" + b",".join(bodies[:3]) + b"]", ())
    assert [one(each.body).text for each in batch] == ["a\ufffd b", "a b", "a\ufffd b"]


def test_a_line_of_a_megabyte_is_cut_and_noted() -> None:
    """A message fits into a record; the raw record has all of it."""
    message = one({"text": "x" * 1_000_000})
    assert len(message.text) == 256 * 1024
    assert "text-cut" in message.degradations


def test_right_to_left_zero_width_and_joined_emoji_are_kept() -> None:
    """They are what was said."""
    words = "שלום \u200f\u200d👩\u200d👧 ok"
    assert one({"text": words}).text == words


def test_an_empty_text_with_one_attachment() -> None:
    """Needs no placeholder; a file that was not fetched is a link."""
    message = one({"attachments": ["https://example.com/a.jpg"]})
    assert (message.text, message.fields) == ("", {"attachments": "https://example.com/a.jpg"})
    assert "media-missing:not-fetched" in message.degradations


def test_attachments_are_bounded() -> None:
    """Ten; what is no address is noted, and path tricks are nobody's name for a file on disk."""
    many = one({"attachments": [f"https://example.com/{n}" for n in range(50)]})
    assert (len(many.fields["attachments"].split()), "attachments-cut" in many.degradations) == (10, True)
    assert "unmapped:attachments" in one({"attachments": [{"url": 7}, None, "x" * 3000]}).degradations


def test_html_is_sanitized_and_gives_the_text() -> None:
    """When there is no text."""
    message = one({"html": "<p>Hi <b>Ann</b></p><script>alert(1)</script>"})
    assert (message.text, "script" in message.html) == ("Hi Ann", False)


def test_an_id_reused_for_other_content_is_a_duplicate_and_a_version_tells_them_apart() -> None:
    """The id is the source's word; an operator puts a version into it."""
    first, second = {"id": 7, "text": "a", "v": 1}, {"id": 7, "text": "b", "v": 2}
    assert one(first).id == one(second).id == message_id("webhook", "shop", "7")
    assert one(first, id="join(' ', [to_string(id), to_string(v)])").refs.own == "7 1"


def test_a_long_id_is_hashed_and_not_cut() -> None:
    """Cut, two might be one."""
    first, second = (one({"id": "x" * 400 + end}).refs.own for end in "ab")
    assert first != second
    assert len(first) < 100


@pytest.mark.parametrize("kind", ["edit", "deletion", "reaction"])
def test_what_is_about_another_message_has_an_id_of_its_own(kind: str) -> None:
    """Named by what it is about and what it says, so that it is the same when it is sent again."""
    item = {"id": "7", "what": "changed", "text": "b"}
    message, again = one(item, kind="what", kinds={"changed": kind}), one(item, kind="what", kinds={"changed": kind})
    assert (message.kind, message.about) == (kind, message_id("webhook", "shop", "7"))
    assert (message.id, message.refs.parents) == (again.id, ("7",))
    assert message.id not in (message.about, one({**item, "text": "c"}, kind="what", kinds={"changed": kind}).id)


def test_receipts_of_one_message_are_apart() -> None:
    """Delivered and then read: signals about what we sent, with their status as a field."""
    found = [one({"id": "7", "kind": "status", "s": s}, fields={"status": "s"}) for s in ("delivered", "read")]
    assert len({message.id for message in found}) == 2
    assert {(message.kind, message.about, message.refs.parents) for message in found} == {("status", "", ("7",))}


def test_an_echo_has_our_customer_as_its_receiver() -> None:
    """Said by our side with another tool."""
    message = one({"kind": "echo", "customer": "ann@example.com", "email": "us@shop.example"}, to={"email": "customer"})
    assert [party.address for party in message.to] == ["ann@example.com"]


def test_what_concerns_nobody_gives_no_message() -> None:
    """And an unknown type is shown by its name."""
    typing = record({"kind": "typing"}, {"kinds": {"typing": "nothing"}})
    assert read(typing) == ()
    message = one({"id": 1, "kind": "hologram", "email": "a@b.example"})
    assert (message.text, message.degradations) == ("[hologram]", ("unsupported:hologram", "unverified-sender"))


def test_a_spoofed_customer_email_is_unverified() -> None:
    """Anybody can type anybody's address; an id of the system that posts is its own word. Header injection is one line."""
    claimed = one({"id": 1, "text": "x", "email": "Ann@Example.com", "subject": "Hi\r\nBcc: all@example.com"})
    assert (claimed.sender.address, claimed.degradations) == ("ann@example.com", ("unverified-sender",))
    assert claimed.subject == "Hi Bcc: all@example.com"
    assert one({"id": 1, "text": "x", "sender": "U1"}).degradations == ()


def test_the_first_address_that_an_item_has_counts() -> None:
    """Mail, then a number where it was written, then the system's own id."""
    mapping = {"sender": {"email": "mail", "tel": "tel", "other": "id"}, "region": "DE"}
    found = [
        one(item, **mapping).sender
        for item in ({"mail": "no", "tel": "030 123456"}, {"id": 7}, {"mail": "a@b.example"})
    ]
    assert [(each.scheme, each.address) for each in found] == [
        ("tel", "+4930123456"), ("other", "7"), ("email", "a@b.example")
    ]  # fmt: skip


def test_custom_fields_change_and_are_bounded() -> None:
    """One that an item has not is not there; none is a loss."""
    message = one(
        {"city": "Rome", "consent": True, "n": 1.5}, fields={"city": "city", "ok": "consent", "n": "n", "x": "x"}
    )
    assert message.fields == {"city": "Rome", "ok": "true", "n": "1.5"}


def test_a_batch_is_unrolled_below_lists_and_what_is_not_in_it_is_kept() -> None:
    """Lists on the way are unrolled too; an object without the list is an item; what stood beside is told."""
    body = b'{"object":"page","entry":[{"id":1,"changes":[ {"a":1.0}, {"a":2} ]},{"id":2,"other":true}]}'
    items = unrolled(body, ("entry", "changes"))
    assert [(each.body, each.found) for each in items] == [
        (b'{"a":1.0}', True), (b'{"a":2}', True), (b'{"id":2,"other":true}', False)
    ]  # fmt: skip
    assert [each.beside for each in items] == ['{"object":"page","id":1}'] * 2 + ['{"object":"page"}']


def test_what_stood_beside_a_batch_is_bounded() -> None:
    """It travels with each item."""
    body = json.dumps({**{f"n{n}": "x" * 400 for n in range(50)}, "big": "x" * 5000, "events": [1]}).encode()
    (item,) = unrolled(body, ("events",))
    assert len(item.beside) <= 2000


def test_a_replay_reads_with_the_mapping_that_the_record_came_with() -> None:
    """Defaults too: they stand in the record, and may change in the code."""
    raw = record({"text": "a", "body": "b"}, {"text": "body"})
    assert json.loads(raw.attributes["mapping"])["subject"] == Mapping().subject
    assert read(raw)[0].text == "b"


@pytest.mark.parametrize(
    "item",
    [{"a": [{"b": list(range(50))}] * 400}, {"a": "x" * 200_000}, {"a": [[[]]] * 40_000}, {"a": {"b": {"c": 1}}}],
)
def test_hostile_items_are_read_in_bounded_time(item: Any) -> None:
    """Whatever the item: an expression cannot loop."""
    began = time.monotonic()
    one(item, text="a[*].b[] | sort(@) | [0]", subject="to_string(a[?b[?@ > `10`]])", fields={"n": "length(a[].b[])"})
    assert time.monotonic() - began < 3


def test_json_that_nests_too_deeply_is_rejected() -> None:
    """And so is what is no object."""
    with pytest.raises(Rejected, match="not JSON"):
        one(b'{"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    with pytest.raises(Rejected, match="is JSON and no object"):
        one(b"[]")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@settings(max_examples=40, deadline=None)
@given(value=_json)
def test_any_value_anywhere_is_a_message(value: Any) -> None:
    """In every field at once."""
    names = (
        "id",
        "thread",
        "parents",
        "subject",
        "text",
        "html",
        "sent_at",
        "kind",
        "attachments",
        "email",
        "phone",
        "name",
    )
    message = one(json.dumps(dict.fromkeys(names, value)).encode())
    assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == message
    assert len(message.text) <= values.MOST_TEXT
