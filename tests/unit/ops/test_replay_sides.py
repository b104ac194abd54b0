"""Two sides of the same messages: what counts as a difference, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from normalizer.events import Attachment, Decision, Fate, Origin, Routed
from ops.replay.disk import Disk
from ops.replay.sides import Difference, Side, Sides
from tests.unit.streams.line import Line
from tests.unit.streams.samples import NOW, message


@pytest.fixture
def sides() -> Iterator[Sides]:
    """Both sides, empty."""
    with Disk() as disk:
        yield Sides(disk)


def _routed(name: str, number: int, conversation: str, *, merged_into: str = "", **more: Any) -> Routed:
    """A message of that name in the one ticket of a conversation."""
    found = Line().feed(msgspec.structs.replace(message(name, offset=number), **more))[0]
    ticket = msgspec.structs.replace(
        found.ticket, id=f"ticket of {conversation}", conversation_id=conversation, merged_into=merged_into
    )
    return msgspec.structs.replace(found, ticket=ticket)


def _fill(sides: Sides, **conversations: dict[str, str]) -> None:
    """Messages by name, each in its conversation, on each side."""
    for side, where in conversations.items():
        for number, (name, conversation) in enumerate(where.items()):
            sides.take(_side(side), _routed(name, number, conversation), reported=True)


def _side(name: str) -> Side:
    return "live" if name == "live" else "shadow"


def _named(found: Iterator[Difference]) -> list[tuple[str, str, str, str]]:
    names = {message(name).id: name for name in "abcdef"}
    return [(each.field, names[each.message_id], each.live, each.shadow) for each in found]


def test_equal_sides_do_not_differ(sides: Sides) -> None:
    """However often an event came, and in whatever order."""
    _fill(sides, live={"a": "1", "b": "1"}, shadow={"b": "1", "a": "1"})
    _fill(sides, live={"a": "1"})
    assert (sides.compared(), _named(sides.differences(None)), sides.renamed(None)) == (2, [], 0)


def test_each_way_to_read_and_to_rule_is_a_field(sides: Sides) -> None:
    """The texts themselves are not told, only that they are others."""
    file = Attachment.of(b"x", name="a.txt")
    there = _routed("a", 0, "1", subject="New", text="Other", html="<p>", kind="auto_reply", attachments=(file,))
    ruled = (*there.decisions, Decision("priority", "r", "high"), Decision("queue", "r", "vip"))
    sides.take("live", _routed("a", 0, "1"), reported=True)
    sides.take("shadow", msgspec.structs.replace(there, decisions=ruled, suppressed="spam"), reported=True)
    found = _named(sides.differences(None))
    fields = ["kind", "subject", "text", "html", "attachments", "priority", "queue", "suppressed"]
    assert [each[0] for each in found] == fields
    assert (found[0], found[1], found[5], found[6]) == (
        ("kind", "a", "message", "auto_reply"),
        ("subject", "a", "A question", "New"),
        ("priority", "a", "normal", "high"),
        ("queue", "a", "general", "vip"),
    )
    assert not any("Other" in each[3] or "How do" in each[2] for each in found[2:])


def test_a_message_on_one_side_only_is_told_with_what_became_of_it(sides: Sides) -> None:
    """In the shadow it may have been set aside; on the live side it was nothing that anybody got."""
    _fill(sides, live={"a": "1", "b": "1"}, shadow={"c": "1"})
    at = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    sides.fell(Fate(origin=Origin("raw.mail", 0, 1), outcome="dead_lettered", at=at, reason="bad"))
    expected = [
        ("presence", "a", "present", ""), ("presence", "b", "present", "dead_lettered: bad"),
        ("presence", "c", "", "present"),
    ]  # fmt: skip
    assert sorted(_named(sides.differences(None))) == expected


def test_conversations_are_compared_by_who_is_together(sides: Sides) -> None:
    """One that left is one difference, and not as many as stayed."""
    _fill(sides, live=dict.fromkeys("abcd", "1"), shadow={**dict.fromkeys("abc", "1"), "d": "2"})
    assert _named(sides.differences(None)) == [("thread", "d", "1", "2")]


def test_merged_tickets_are_the_one_that_they_are_part_of(sides: Sides) -> None:
    """By however many steps; a revision that comes late does not take it back."""
    _fill(sides, live={"a": "1", "b": "2", "c": "3"}, shadow=dict.fromkeys("abc", "3"))
    for ended, into in (("1", "2"), ("2", "3")):
        merged = _routed("x", 9, ended, merged_into=f"ticket of {into}")
        ticket = msgspec.structs.replace(merged.ticket, revision=2)
        sides.take("live", Routed(ticket=ticket), reported=False)
        late = msgspec.structs.replace(merged.ticket, merged_into="")
        sides.take("live", Routed(ticket=late), reported=False)
    assert _named(sides.differences(None)) == []


def test_a_conversation_that_began_before_the_history_may_have_another_id(sides: Sides) -> None:
    """Only that one: who began within it must have the id that it has."""
    _fill(sides, live={"a": "1", "b": "1"}, shadow={"a": "2", "b": "2"})
    assert (_named(sides.differences(NOW + timedelta(days=1))), sides.renamed(NOW + timedelta(days=1))) == ([], 2)
    expected = [("thread", "a", "1", "2"), ("thread", "b", "1", "2")]
    assert (sorted(_named(sides.differences(None))), sides.renamed(None)) == (expected, 0)


def test_what_is_not_reported_is_context(sides: Sides) -> None:
    """It is run, so that conversations are known, and its differences are nobody's business."""
    sides.take("live", _routed("a", 0, "1"), reported=False)
    sides.take("shadow", _routed("a", 0, "1", subject="New"), reported=False)
    sides.take("live", _routed("b", 1, "1"), reported=False)
    assert (sides.compared(), _named(sides.differences(None))) == (0, [])
