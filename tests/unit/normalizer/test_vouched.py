"""Conversations that a provider vouches for."""

from __future__ import annotations

from itertools import permutations

from normalizer.events import Contact, Kind, Message, ThreadRefs
from normalizer.known_conversations import Memory
from normalizer.threads import Placement, facts, place
from tests.unit.streams.samples import NOW

ANN, BEN, US = Contact("slack", "U1", "Ann"), Contact("slack", "U2", "Ben"), Contact("slack", "UBOT")


def said(
    own: str,
    sender: Contact,
    thread: str = "",
    parents: tuple[str, ...] = (),
    channel: str = "slack",
    kind: Kind = "message",
) -> Message:
    """A message of a provider's thread."""
    return Message(
        id=own,
        channel=channel,
        account="us",
        source_id=own,
        sender=sender,
        received_at=NOW,
        kind=kind,
        to=(ANN,) if kind == "echo" else (US,),
        refs=ThreadRefs(own=own, parents=parents, provider=thread),
    )


def placed(*messages: Message) -> dict[str, Placement]:
    """What becomes of messages in this order."""
    state = Memory()
    return {message.id: place(facts(message), state) for message in messages}


def test_a_thread_is_one_conversation_in_any_order() -> None:
    """Whoever speaks in it, and whatever comes first; another thread is another one."""
    thread = (
        said("1", ANN, "C1:1"),
        said("2", BEN, "C1:1", ("1",)),
        said("3", ANN, "C1:1", ("1",)),
        said("4", BEN, "C1:4"),
    )
    found = [{name: p.conversation_id for name, p in placed(*order).items()} for order in permutations(thread)]
    assert all(each == found[0] for each in found)
    assert len({found[0][name] for name in "123"}) == 1
    assert found[0]["4"] != found[0]["1"]


def test_its_customer_is_whoever_was_there_first() -> None:
    """And stays it, so that the ticket stays where it is."""
    found = placed(said("1", ANN, "C1:1"), said("2", BEN, "C1:1", ("1",)))
    assert {p.customer.address for p in found.values()} == {"U1"}
    assert {p.rule for p in found.values()} == {"provider"}


def test_our_own_words_are_not_the_customers() -> None:
    """When our side speaks first, the customer is whom it spoke to."""
    found = placed(said("1", US, "C1:1", kind="echo"), said("2", ANN, "C1:1"))
    assert {p.customer.address for p in found.values()} == {"U1"}


def test_what_names_only_its_message_joins_that_one() -> None:
    """A reaction knows no thread."""
    found = placed(said("1", ANN, "C1:1"), said("r", BEN, "", ("1",), kind="reaction"))
    assert found["r"].conversation_id == found["1"].conversation_id


def test_a_mails_headers_vouch_for_nothing() -> None:
    """Anybody can write a thread id into a mail."""
    mail = said("1", Contact("email", "a@a.example"), "T1", channel="mail")
    other = said("2", Contact("email", "b@b.example"), "T1", channel="mail")
    found = placed(mail, other)
    assert found["1"].conversation_id != found["2"].conversation_id


def test_another_accounts_thread_is_another_one() -> None:
    """An id means nothing in another account."""
    state = Memory()
    mine = place(facts(said("1", ANN, "C1:1")), state)
    theirs = place(facts(said("1", ANN, "C1:1", channel="teams")), state)
    assert mine.conversation_id != theirs.conversation_id
