"""A post of Meta taken apart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from connectors._meta.batch import items
from connectors._meta.json_view import Node
from normalizer.errors import Rejected
from tests.unit.connectors.meta_posts import direct, said, whatsapp

BATCH = (
    b'{"object": "page", "entry": [{"id": "1", "time": 2, "messaging": [ {"a":  1.0}, {"b": "\\u00e4"} ], "standby": [{"c": 3}]},'
    b' {"id": "2", "changes": [{"field": "feed", "value": {"d": 4}}]}, 5, {"id": "3"}]}'
)


def test_batches_of_entry_messaging_changes_standby_are_unrolled_whole() -> None:
    """Every item of every list of every entry, in order, with the bytes that it had."""
    found = items(BATCH)
    assert [(item.kind, item.entry, item.field) for item in found] == [
        ("messaging", "1", ""),
        ("messaging", "1", ""),
        ("standby", "1", ""),
        ("changes", "2", "feed"),
        ("entry", "", ""),
        ("entry", "", ""),
    ]
    assert [item.raw for item in found[:3]] == [b'{"a":  1.0}', b'{"b": "\\u00e4"}', b'{"c": 3}']


def test_each_item_alone_is_a_post_again() -> None:
    """The same item in the same surroundings, and no other."""
    for item in items(BATCH):
        (alone,) = items(item.post)
        assert (alone.kind, alone.entry, alone.field, alone.raw) == (item.kind, item.entry, item.field, item.raw)
        assert alone.at.value == item.at.value
        assert json.loads(item.post)["object"] == "page"


def test_a_post_of_one_item_is_not_touched() -> None:
    """Byte for byte."""
    body = json.dumps(direct({"message": {"mid": "m_1"}}), indent=3).encode()
    assert [item.post for item in items(body)] == [body]


def test_lists_of_a_whatsapp_value_are_unrolled() -> None:
    """Messages and statuses, each with the number and the people around it."""
    found = items(json.dumps(whatsapp(messages=[said("text", {"body": "a"})] * 2, statuses=[{"id": "x"}])).encode())
    assert [item.kind for item in found] == ["messages", "messages", "statuses"]
    for item in found:
        assert item.around["metadata"]["phone_number_id"].text == "106540352242922"
        assert [person["profile"]["name"].text for person in item.around["contacts"]] == ["Ann"]
        (alone,) = items(item.post)
        assert (alone.raw, alone.around.value) == (item.raw, item.around.value)


def test_what_stands_beside_many_items_does_not_multiply() -> None:
    """A field that is large goes with the first item only; so nothing is lost, and nothing is sent a thousand times."""
    post = direct({"message": {"mid": "m_1"}})
    post["entry"][0] |= {"note": "x" * 10_000, "messaging": post["entry"][0]["messaging"] * 50}
    sizes = [len(item.post) for item in items(json.dumps(post).encode())]
    assert sizes[0] > 10_000
    assert max(sizes[1:]) < 500


@pytest.mark.parametrize(
    ("part", "kind"),
    [
        ({"messages": [{"id": "1"}], "contacts": []}, "messages"),
        ({"statuses": [{"id": "1"}]}, "statuses"),
        ({"id": "55", "messaging": [{"id": "1"}]}, "messaging"),
        ([{"id": "55", "standby": [{"id": "1"}]}], "standby"),
        ({"sender": {"id": "77"}, "recipient": {"id": "55"}, "id": "1"}, "messaging"),
    ],
)
def test_parts_of_posts_are_read(part: Any, kind: str) -> None:
    """Resellers and archives leave out what Meta puts around an item."""
    body = json.dumps(part).encode()
    (item,) = items(body)
    assert (item.kind, item.node["id"].text, item.post) == (kind, "1", body)


def test_half_an_emoji_stops_nothing() -> None:
    """A lone surrogate is no text: it becomes U+FFFD, and its neighbours stay."""
    body = rb'{"entry":[{"messaging":[{"t":"cut \ud83d"},{"t":"\ud83d\ude00 \\ud83d"}]}]}'
    assert [item.node["t"].text for item in items(body)] == ["cut \ufffd", "\U0001f600 \\ud83d"]


@pytest.mark.parametrize("odd", [rb'{"n":1e400,"t":"x"}', b'{"t":"x","u":"\xff"}', b'{"t":"x","d":"\\u0000"}'])
def test_odd_values_stop_nothing(odd: bytes) -> None:
    """Numbers out of range, bytes that are no UTF-8, NUL."""
    assert [item.node["t"].text for item in items(b'{"entry":[{"messaging":[' + odd + b"]}]}")] == ["x"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"a":1}', b'{"entry":', b"\xff", b'{"entry":' + b"[" * 100_000]
)
def test_what_is_no_post_is_rejected(body: bytes) -> None:
    """With the reason, and where it begins."""
    with pytest.raises(Rejected, match="is no webhook post of Meta") as caught:
        items(body)
    assert caught.value.reason == "not-a-meta-post"


def test_a_post_of_more_items_than_meta_sends_is_kept_whole() -> None:
    """It would keep the door busy; it is set aside."""
    body = b'{"entry":[{"messaging":[' + b",".join([b"0"] * 10_001) + b"]}]}"
    with pytest.raises(Rejected, match="it has more than 10000 items"):
        items(body)
    assert [item.post for item in items(body, whole=True)] == [body]


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "id", "changes", "value"]), inner)
    ),
    max_leaves=4,
)


@profile(max_examples=25, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"id": _JSON}, optional={"messaging": _JSON, "standby": _JSON, "changes": _JSON}),
        max_size=3,
    )
)
def test_any_shape_is_unrolled_without_loss(entries: list[Any]) -> None:
    """Whatever stands in an entry, each thing alone is found again in its own post."""
    for item in items(json.dumps({"object": "page", "entry": entries}).encode()):
        assert item.raw in [again.raw for again in items(item.post)]


@pytest.mark.parametrize(
    ("value", "text", "names"),
    [
        ("a", "a", ()),
        (7, "7", ()),
        (1.5, "1.5", ()),
        (True, "", ()),
        (None, "", ()),
        ([1], "", ()),
        ({"a": 1}, "", ("a",)),
    ],
)
def test_json_can_be_asked_for_more_than_it_has(value: Any, text: str, names: tuple[str, ...]) -> None:
    """What is missing, or of another type, is empty."""
    node = Node(value)
    assert (node.text, node.names, node["x"]["y"].text) == (text, names, "")
    assert len(list(node)) == (1 if isinstance(value, list) else 0)


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        (1767323045, "2026-01-02T03:04:05+00:00"),
        ("1767323045", "2026-01-02T03:04:05+00:00"),
        (1767323045123, "2026-01-02T03:04:05.123000+00:00"),
        ("2021-09-08T06:34:04+0000", "2021-09-08T06:34:04+00:00"),
        ("2021-09-08T06:34:04", "2021-09-08T06:34:04+00:00"),
        ("9" * 30, None),
        ("²", None),
        (0, None),
        (-5, None),
    ],
)
def test_times_of_all_products(value: Any, iso: str | None) -> None:
    """Seconds, milliseconds, ISO 8601; 0 and nonsense are none."""
    found = Node(value).time
    assert (found.isoformat() if found else None) == iso
