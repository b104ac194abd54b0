"""Which conversation a message belongs to."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from normalizer.events import Contact, Message, ThreadRefs
from normalizer.known_conversations import Memory
from normalizer.thread_facts import MOST_PARENTS
from normalizer.threads import Facts, Placement, facts, place
from tests.unit.streams.samples import NOW

C, D, S, US = "cara@c.example", "dan@d.example", "eve@e.example", "support@us.example"


def mail(name: str, sender: str, *to: str, parents: tuple[str, ...] = (), lists: tuple[str, ...] = ()) -> Facts:
    """A mail called `name`."""
    return Facts(name, ("mail", "us"), name, parents, sender, (sender, *to), lists, "email", Contact("email", sender))


def placed(*mails: Facts, state: Memory | None = None) -> dict[str, Placement]:
    """What becomes of mails in this order."""
    state = Memory() if state is None else state
    return {m.id: place(m, state) for m in mails}


def final(*mails: Facts) -> dict[str, str]:
    """The conversations after all mails are known."""
    state = Memory()
    placed(*mails, state=state)
    return {m.id: place(m, state).conversation_id for m in mails}


def test_an_answer_joins_what_its_sender_is_party_to() -> None:
    """A reference to a mail that the sender got is enough."""
    found = placed(mail("m1", C, US), mail("m2", US, C, parents=("m1",)), mail("m3", C, US, parents=("m1", "m2")))
    assert len({p.conversation_id for p in found.values()}) == 1
    assert [p.rule for p in found.values()] == ["new", "reference", "reference"]


def test_only_in_reply_to_is_enough() -> None:
    """A mail client that writes no References is followed link by link."""
    found = placed(mail("m1", C, US), mail("m2", US, C, parents=("m1",)), mail("m3", C, US, parents=("m2",)))
    assert len({p.conversation_id for p in found.values()}) == 1


def test_a_stranger_who_knows_a_message_id_gets_a_conversation_of_his_own() -> None:
    """It is related to the one that he named, and he is not let into it."""
    found = placed(mail("m1", C, US), mail("s1", S, US, parents=("m1",)))
    assert found["m1"].conversation_id != found["s1"].conversation_id
    assert ("new", (found["m1"].conversation_id,)) == (found["s1"].rule, found["s1"].related_to)


def test_a_stranger_who_copies_the_customer_is_still_a_stranger() -> None:
    """Nor does the customer's next answer let him in."""
    mails = (
        mail("m1", C, US),
        mail("s1", S, US, C, parents=("m1",)),
        mail("m2", US, C, parents=("m1",)),
        mail("m3", C, US, parents=("m1", "m2")),
    )
    for order in permutations(mails):
        found = final(*order)
        assert found["m1"] == found["m2"] == found["m3"] != found["s1"]


def test_a_copied_message_id_opens_nothing() -> None:
    """A stranger who sends a mail under a known Message-ID stays alone, and the customer's next answer stays hers."""
    theirs = Facts("s1", ("mail", "us"), "m1", (), S, (S, US), (), "email", Contact("email", S))
    found = final(
        mail("m1", C, US), theirs, mail("m2", US, C, parents=("m1",)), mail("m3", C, US, parents=("m1", "m2"))
    )
    assert found["m1"] == found["m2"] == found["m3"] != found["s1"]


def test_somebody_who_was_copied_may_answer() -> None:
    """Cc makes a party."""
    found = final(mail("m1", C, US, D), mail("d1", D, US, C, parents=("m1",)))
    assert found["m1"] == found["d1"]


def test_who_answers_on_a_mailing_list_joins() -> None:
    """Everybody on a list is party to what went through it."""
    lists = ("talk.example",)
    found = final(mail("m1", C, "talk@x", lists=lists), mail("s1", S, "talk@x", parents=("m1",), lists=lists))
    assert found["m1"] == found["s1"]


def test_a_forged_list_does_not_open_private_mail() -> None:
    """The mail that is referred to must have come through that list as well."""
    found = final(mail("m1", C, US), mail("s1", S, US, parents=("m1",), lists=("talk.example",)))
    assert found["m1"] != found["s1"]


def test_a_late_parent_joins_two_conversations_and_says_so() -> None:
    """Whoever had the conversation that ended learns where it went."""
    state = Memory()
    found = placed(mail("m2", C, US, parents=("m1",)), mail("m9", D, US, C, parents=("m0",)), state=state)
    late = place(mail("m1", C, US, D, parents=("m0",)), state)
    gone = {m.conversation_id for m in late.merged}
    assert gone <= {p.conversation_id for p in found.values()}
    assert {late.conversation_id} == {place(m, state).conversation_id for m in (mail("m2", C, US, parents=("m1",)),)}


def test_following_the_merges_leads_to_the_final_conversation() -> None:
    """A consumer that only hears of merges ends with the same threads."""
    mails = (
        mail("m1", C, US),
        mail("m2", US, C, parents=("m1",)),
        mail("m3", C, US, D, parents=("m2",)),
        mail("m4", D, US, C, parents=("m3",)),
    )
    for order in permutations(mails):
        state, current, first = Memory(), dict[str, str](), dict[str, str]()
        for m in order:
            placement = place(m, state)
            first[m.id] = placement.conversation_id
            current.setdefault(placement.conversation_id, placement.conversation_id)
            gone = {merged.conversation_id for merged in placement.merged}
            current.update({k: placement.conversation_id for k, v in current.items() if v in gone})
        assert {current[c] for c in first.values()} == {place(mails[0], state).conversation_id}


def test_references_that_run_in_a_circle_are_one_conversation() -> None:
    """Broken mailers do that; nothing loops."""
    found = final(mail("a", C, US, parents=("b",)), mail("b", C, US, parents=("a",)))
    assert found["a"] == found["b"]


def test_the_same_message_id_in_two_accounts_is_two_conversations() -> None:
    """Ids mean something within one account only."""
    one = mail("m1", C, US)
    other = Facts("x", ("mail", "other"), "m1", (), C, (C, US), (), "email", Contact("email", C))
    state = Memory()
    assert place(one, state).conversation_id != place(other, state).conversation_id


def test_long_chains_are_cut_in_the_middle() -> None:
    """The root and the nearest parents decide; what is between adds nothing."""
    parents = tuple(f"m{i}" for i in range(1000))
    message = Message(
        id="1", channel="mail", account="us", source_id="1", sender=Contact("email", C), received_at=NOW,
        refs=ThreadRefs(own="last", parents=parents),
    )  # fmt: skip
    found = facts(message).parents
    assert (len(found), found[0], found[-1]) == (MOST_PARENTS, "m0", "m999")


def test_a_person_is_no_parent() -> None:
    """Old mailers name the person in In-Reply-To; that must not join everything that person ever wrote."""
    message = Message(
        id="1", channel="mail", account="us", source_id="1", sender=Contact("email", C), received_at=NOW,
        to=(Contact("email", D),), refs=ThreadRefs(own="m1", parents=("m0", D)),
    )  # fmt: skip
    assert facts(message).parents == ("m0",)


PEOPLE = st.sampled_from([C, D, S, US])


@st.composite
def boxes(draw: st.DrawFn) -> list[Facts]:
    """A mailbox of up to eight mails that refer to each other, to themselves and to nothing."""
    names = [f"m{i}" for i in range(draw(st.integers(2, 8)))]
    return [
        mail(
            name,
            draw(PEOPLE),
            *draw(st.lists(PEOPLE, max_size=3)),
            parents=tuple(
                p for p in draw(st.lists(st.sampled_from([*names, "ghost"]), max_size=3, unique=True)) if p != name
            ),
            lists=draw(st.sampled_from([(), (), ("talk",)])),
        )
        for name in names
    ]


@given(boxes(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(box: list[Facts], random: object) -> None:
    """Any order of any mails ends with the same conversations, ids included."""
    shuffled = list(box)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert final(*box) == final(*shuffled)


@given(boxes())
def test_placing_again_changes_nothing(box: list[Facts]) -> None:
    """A redelivery gives the same conversation and remembers nothing new."""
    state = Memory()
    placed(*box, state=state)
    before = dict(state)
    again = placed(*box, state=state)
    assert before == dict(state)
    assert all(p.merged == () for p in again.values())
