"""The arithmetic of the ledger: every record counted once, by its last word, and what has none is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from normalizer.events import Fate, Origin, Outcome
from ops.ledger import OUTCOMES, Tally
from ops.view import Place
from tests.unit.streams.samples import NOW

MAIL = Place("raw.mail", 0)


def fate(offset: int, outcome: Outcome, *, item: int = 0, items: int = 1, reason: str = "") -> Fate:
    """What became of a message of the record at `offset`."""
    return Fate(
        origin=Origin("raw.mail", 0, offset), outcome=outcome, at=NOW, item=item, items=items, reason=reason
    )  # fmt: skip


def test_every_record_has_one_fate() -> None:
    """Accepted is the sum of the fates."""
    tally = Tally({MAIL: (10, 14)})
    for offset, outcome in zip(range(10, 14), OUTCOMES, strict=True):
        tally.add(fate(offset, outcome))
    account = tally.close("mail", {MAIL: 14}, drained=True)
    assert (account.accepted, account.routed, account.duplicate) == (4, 1, 1)
    assert (account.suppressed, account.dead_lettered, account.in_flight, account.adds_up) == (1, 1, 0, True)


def test_the_last_word_stands() -> None:
    """A dead letter that was sent again and routed is routed."""
    tally = Tally({MAIL: (0, 1)})
    tally.add(fate(0, "dead_lettered"))
    tally.add(fate(0, "routed"))
    account = tally.close("mail", {MAIL: 1}, drained=True)
    assert (account.dead_lettered, account.routed) == (0, 1)


def test_what_the_stages_have_not_finished_is_in_flight() -> None:
    """While any stage has work, a record without a fate is on its way."""
    account = Tally({MAIL: (0, 3)}).close("mail", {MAIL: 3}, drained=False)
    assert (account.in_flight, account.missing, account.adds_up) == (3, (), True)


def test_what_no_stage_has_and_no_fate_names_is_missing() -> None:
    """It is named by its topic, partition and offset."""
    tally = Tally({MAIL: (5, 9)})
    tally.add(fate(6, "routed"))
    account = tally.close("mail", {MAIL: 8}, drained=True)
    assert account.missing == ("raw.mail/0/5", "raw.mail/0/7")
    assert (account.in_flight, account.adds_up) == (1, False)


def test_a_record_of_several_messages_waits_for_all_of_them() -> None:
    """And is told by the worst."""
    tally = Tally({MAIL: (0, 1)})
    tally.add(fate(0, "routed", item=0, items=2))
    assert tally.close("mail", {MAIL: 0}, drained=True).in_flight == 1
    tally.add(fate(0, "dead_lettered", item=1, items=2))
    assert tally.close("mail", {MAIL: 1}, drained=True).dead_lettered == 1


def test_reasons_are_counted() -> None:
    """By outcome, so that what is suppressed can be seen at a glance."""
    tally = Tally({MAIL: (0, 4)})
    for offset in range(2):
        tally.add(fate(offset, "suppressed", reason="auto-reply"))
    tally.add(fate(2, "duplicate", reason="of 1 from raw.mail/0/0"))
    tally.add(fate(3, "routed"))
    assert tally.close("mail", {MAIL: 4}, drained=True).reasons == {"duplicate": 1, "suppressed: auto-reply": 2}


def test_fates_of_what_is_not_counted_are_left_out() -> None:
    """A record that the topic has let go of, and another topic."""
    tally = Tally({MAIL: (5, 6)})
    tally.add(fate(4, "routed"))
    tally.add(Fate(origin=Origin("raw.other", 0, 5), outcome="routed", at=NOW))
    assert tally.close("mail", {}, drained=False).in_flight == 1


@given(st.lists(st.tuples(st.integers(0, 19), st.sampled_from(OUTCOMES))), st.integers(0, 20), st.integers(0, 20))
def test_looking_twice_is_the_same_as_once(fates: list[tuple[int, Outcome]], first: int, at: int) -> None:
    """However the counting was cut in two, even where a fate came before its record was counted."""
    at = min(at, len(fates))
    once, twice = Tally({MAIL: (0, 20)}), Tally({MAIL: (0, first)})
    for number, (offset, outcome) in enumerate(fates):
        if number == at:
            twice.close("mail", {}, drained=False)
            twice.grow({MAIL: (0, 20)})
        once.add(fate(offset, outcome))
        twice.add(fate(offset, outcome))
    twice.grow({MAIL: (0, 20)})
    assert once.close("mail", {MAIL: 20}, drained=True) == twice.close("mail", {MAIL: 20}, drained=True)
