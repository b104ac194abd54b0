"""Tokens, tags and subjects bring mail into a conversation that is known, and cannot rename it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import msgspec
import pytest

from normalizer.events import Contact
from normalizer.ids import ticket_id
from normalizer.known_conversations import Memory
from normalizer.thread_facts import Facts, Subject
from normalizer.threads import place
from tests.unit.normalizer.test_threads import US, C, D, S, mail, placed
from tests.unit.streams.samples import NOW


def with_token(found: Facts, conversation_id: str) -> Facts:
    """The mail with a genuine token of that conversation."""
    return msgspec.structs.replace(found, token=conversation_id)


def tagged(found: Facts, conversation_id: str) -> Facts:
    """The mail with that conversation's tag in its subject."""
    return msgspec.structs.replace(found, tags=(conversation_id[:8],))


def about(found: Facts, base: str, *, reply: bool = True, days: float = 0) -> Facts:
    """The mail with this subject, some days later, where subjects count for two days."""
    return msgspec.structs.replace(found, subject=Subject(base, reply, NOW + timedelta(days=days), timedelta(days=2)))


def test_a_token_lets_anybody_in() -> None:
    """Whose conversation it is stays as it was, although the stranger's id sorts first."""
    state = Memory()
    first = place(mail("m1", C, US), state)
    found = place(with_token(mail("a0", S, US, parents=("a-ghost",)), first.conversation_id), state)
    assert (found.rule, found.conversation_id, found.customer) == ("token", first.conversation_id, first.customer)
    answer = place(mail("m3", US, S, parents=("a0",)), state)
    assert answer.conversation_id == first.conversation_id


def test_a_token_outlives_merges() -> None:
    """It names a conversation that has since become part of another."""
    state = Memory()
    found = placed(mail("m2", C, US, parents=("m1",)), mail("d1", D, US, parents=("m1",)), state=state)
    late = place(mail("m1", C, US, D), state)
    for old in found.values():
        joined = place(with_token(mail(f"s-{old.conversation_id}", S, US), old.conversation_id), state)
        assert joined.conversation_id == late.conversation_id


def test_a_token_joins_what_the_references_join() -> None:
    """Both conversations are one from then on, and that is said."""
    state = Memory()
    found = placed(mail("m1", C, US), mail("d1", D, US), state=state)
    joined = place(with_token(mail("d2", D, US, parents=("d1",)), found["m1"].conversation_id), state)
    gone = {merged.conversation_id for merged in joined.merged}
    assert {joined.conversation_id} | gone == {p.conversation_id for p in found.values()}


def test_a_token_of_an_unknown_conversation_is_noted() -> None:
    """The mail has a conversation of its own."""
    found = place(with_token(mail("m1", C, US), "6b1f2d0c-6a0e-5d0a-9c53-7f0f3f6d1b11"), Memory())
    assert found.rule == "new"
    assert "its token is of 6b1f2d0c-6a0e-5d0a-9c53-7f0f3f6d1b11, which is not known here" in found.because


@pytest.mark.parametrize("name", [str, ticket_id])
def test_a_tag_is_for_parties_only(name: Callable[[str], str]) -> None:
    """Cara and Dan are party to it, Eve only knows the number, of the conversation or of its ticket."""
    state = Memory()
    first = place(mail("m1", C, US, D), state)
    answer = place(tagged(mail("m2", D, US), name(first.conversation_id)), state)
    stranger = place(tagged(mail("s1", S, US), name(first.conversation_id)), state)
    assert (answer.rule, answer.conversation_id) == ("subject-tag", first.conversation_id)
    assert (stranger.rule, stranger.conversation_id != first.conversation_id) == ("new", True)


def test_a_reference_counts_more_than_a_tag() -> None:
    """Who copies an old subject into another conversation does not join the two."""
    state = Memory()
    found = placed(mail("m1", C, US), mail("n1", C, US), state=state)
    answer = place(tagged(mail("n2", C, US, parents=("n1",)), found["m1"].conversation_id), state)
    assert answer.conversation_id == found["n1"].conversation_id != found["m1"].conversation_id


@pytest.mark.parametrize(
    ("found", "joins"),
    [
        (about(mail("m2", C, US), "my parcel", days=2), True),
        (about(mail("m2", C, US, parents=("ghost",)), "my parcel"), True),
        (about(mail("m2", C, US), "my parcel", days=2.1), False),
        (about(mail("m2", C, US), "my parcel", reply=False), False),
        (about(mail("m2", C, US), "your parcel"), False),
        (about(mail("m2", S, US), "my parcel"), False),
        (mail("m2", C, US), False),
    ],
)
def test_the_subject_is_the_last_resort(found: Facts, joins: bool) -> None:
    """Of a party, marked as a reply, and soon enough."""
    state = Memory()
    first = place(about(mail("m1", C, US), "my parcel", reply=False), state)
    answer = place(found, state)
    assert (answer.conversation_id == first.conversation_id) == joins
    assert (answer.rule == "same-subject") == joins


def test_a_guest_that_comes_again_changes_nothing() -> None:
    """A redelivery is still a guest, whatever brought it."""
    state = Memory()
    first = place(about(mail("m1", C, US), "my parcel"), state)
    guests = [
        with_token(mail("a1", S, US, parents=("a-ghost",)), first.conversation_id),
        tagged(mail("a2", C, US, parents=("a-ghost2",)), first.conversation_id),
        about(mail("a3", C, US, parents=("a-ghost3",)), "my parcel"),
    ]
    placed(*guests, state=state)
    before = dict(state)
    again = placed(*guests, state=state)
    assert before == dict(state)
    assert {(p.conversation_id, p.merged) for p in again.values()} == {(first.conversation_id, ())}


def test_spoofed_keys_meet_nobody() -> None:
    """A mail in nobody's name stays alone before, between and after the mails that it refers to."""
    liar = Facts(
        "s1",
        ("mail", "us"),
        "item:s1",
        ("m1", "m2"),
        f"spoofed:{C}",
        (f"spoofed:{C}", US),
        (),
        "email",
        Contact("email", C),
    )
    mails = (mail("m1", C, US), mail("m2", US, C, parents=("m1",)), liar)
    for order in permutations(mails):
        state = Memory()
        placed(*order, state=state)
        found = {m.id: place(m, state).conversation_id for m in mails}
        assert found["m1"] == found["m2"] != found["s1"]
