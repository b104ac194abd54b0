"""The ledger stage counts each record once, by the word that stands, whatever repeats and in whatever order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.errors import Rejected
from normalizer.events import Balance, Fate, Origin, Outcome
from normalizer.wire import decode
from streams import _batch
from streams._batch import Progress
from streams._fate import told
from streams._record import Record
from streams._state import State
from streams.ledger import MOST_REASONS, Ledger
from tests.unit.streams.samples import NOW, arrived

CAUSE = Record("raw.mail", 0, 0, None, b"")


def fate(offset: int, outcome: Outcome, *, partition: int = 0, stage: str = "route", **more: object) -> Fate:
    """What became of a message of a record of ``raw.mail``."""
    return Fate(origin=Origin("raw.mail", partition, offset), outcome=outcome, at=NOW, stage=stage, **more)  # type: ignore[arg-type]  # its other fields


def standing(*batches: Iterable[Fate], state: State | None = None) -> dict[int, Balance]:
    """The last balance of each partition after these batches of fates."""
    stage, found = Ledger(), {}
    kept = state or State(stage.tables)
    for batch in batches:
        records = [arrived(told(each, CAUSE), number) for number, each in enumerate(batch)]
        for output in asyncio.run(_batch.decide(stage, [(records, kept)], Progress())):
            balance = decode(Balance, output.value, output.headers)
            assert output.key == f"{balance.raw}/{balance.partition}".encode()
            found[balance.partition] = balance
        kept.keep()
    return found


def one(*fates: Fate) -> Balance:
    """The balance of one partition after these fates."""
    [balance] = standing(fates).values()
    return balance


def test_each_outcome_is_counted_with_its_reasons() -> None:
    """A duplicate's reason names one record, and the rule is what several have in common."""
    assert one(
        fate(0, "routed"),
        fate(1, "suppressed", reason="auto-reply"),
        fate(2, "duplicate", reason="of 1 from raw.mail/0/0"),
        fate(3, "suppressed", reason="auto-reply"),
        fate(4, "dead_lettered", reason="broken"),
    ) == Balance(
        raw="raw.mail", partition=0, watermark=5, end=5, routed=1, suppressed=2, duplicate=1, dead_lettered=1,
        reasons={"suppressed: auto-reply": 2, "duplicate": 1, "dead_lettered: broken": 1},
    )  # fmt: skip


def test_the_first_word_stands() -> None:
    """A redelivery, or a replay by other code, is not counted again."""
    balance = one(fate(0, "routed"), fate(0, "suppressed"), fate(0, "dead_lettered"), fate(0, "routed"))
    assert (balance.settled, balance.routed) == (1, 1)


def test_a_dead_letter_gives_way() -> None:
    """Read again with better code, or redriven, its record is what became of it then."""
    balance = one(fate(0, "dead_lettered", reason="broken"), fate(0, "dead_lettered"), fate(0, "routed"))
    assert (balance.settled, balance.routed, balance.reasons) == (1, 1, {})


def test_a_dead_letter_that_gave_way_comes_not_back() -> None:
    """The letter's own redelivery is as old as the letter."""
    balance = one(fate(0, "dead_lettered"), fate(0, "routed"), fate(0, "dead_lettered"))
    assert (balance.dead_lettered, balance.routed) == (0, 1)


def test_what_has_no_fate_is_a_gap() -> None:
    """Between the watermark and the last record of which anything is known."""
    balance = one(fate(0, "routed"), fate(3, "routed"), fate(6, "routed"))
    assert (balance.watermark, balance.end, balance.gaps) == (1, 7, ((1, 3), (4, 6)))


def test_a_record_of_several_messages_waits_for_all_of_them() -> None:
    """And is told by the worst."""
    first = fate(0, "routed", items=2)
    assert one(first).settled == 0
    balance = one(first, first, fate(0, "dead_lettered", item=1, items=2, reason="broken"))
    assert (balance.dead_lettered, balance.reasons, balance.settled) == (1, {"dead_lettered: broken": 1}, 1)


def test_the_dead_letter_among_several_messages_gives_way_too() -> None:
    """The others need not be told again, and may be."""
    fates = [fate(0, "routed", items=2), fate(0, "dead_lettered", item=1, items=2)]
    balance = one(*fates, fate(0, "duplicate", item=1, items=2))
    assert (balance.routed, balance.settled) == (1, 1)
    assert one(*fates, fate(0, "routed", items=2), fate(0, "duplicate", item=1, items=2)).routed == 1


def test_a_record_that_is_read_in_another_number_of_messages_begins_anew() -> None:
    """It is a dead letter until all of them have their fate."""
    fates = [fate(0, "dead_lettered"), fate(0, "routed", items=3), fate(0, "routed", item=1, items=3)]
    assert one(*fates).dead_lettered == 1
    assert one(*fates, fate(0, "suppressed", item=2, items=3)).routed == 1


def test_what_a_sink_refuses_was_routed_all_the_same() -> None:
    """It is counted beside, once for each sink, whichever is told first."""
    refused = fate(0, "dead_lettered", stage="deliver.sqlite")
    elsewhere = fate(0, "dead_lettered", stage="deliver.archive")
    balance = one(refused, fate(0, "routed"), refused, elsewhere)
    assert (balance.routed, balance.settled, balance.refused) == (1, 1, {"sqlite": 1, "archive": 1})


def test_reasons_are_bounded() -> None:
    """The rest is counted together, and can be taken off again."""
    many = [fate(number, "dead_lettered", reason=f"r{number}") for number in range(MOST_REASONS + 3)]
    balance = one(*many)
    assert (len(balance.reasons), balance.reasons["dead_lettered: other"]) == (MOST_REASONS + 1, 3)
    assert one(*many, fate(MOST_REASONS, "routed")).reasons["dead_lettered: other"] == 2


def test_a_fate_under_another_key_is_passed_on() -> None:
    """Older versions spread the fates of a partition; each finds its way to the ledger that counts it."""
    stage, found = Ledger(), fate(7, "routed")
    old = arrived(told(found, CAUSE), 0)
    outputs = stage.decide(Record("fates", 3, 9, b"raw.mail/0/7/0", old.value, old.headers), State(stage.tables))
    assert [(o.topic, o.key, decode(Fate, o.value, o.headers)) for o in outputs] == [("fates", b"raw.mail/0", found)]


@pytest.mark.parametrize(
    "wrong",
    [
        Fate(origin=Origin("tickets.routed", 0, 1), outcome="routed", at=NOW),
        Fate(origin=Origin("raw.mail", 0, -1), outcome="routed", at=NOW),
        Fate(origin=Origin("raw.mail", 0, 1), outcome="routed", at=NOW, item=2, items=2),
    ],
)
def test_a_fate_of_what_cannot_be_is_rejected(wrong: Fate) -> None:
    """Nothing else would ever take it out of the sum again."""
    with pytest.raises(Rejected, match="and there can be none such: only stages may write fates"):
        Ledger().decide(arrived(told(wrong, CAUSE), 0), State(Ledger.tables))


OUTCOME: st.SearchStrategy[Outcome] = st.sampled_from(["routed", "duplicate", "suppressed", "dead_lettered"])


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), OUTCOME), max_size=60), st.integers(1, 9))
def test_it_agrees_with_a_ledger_that_remembers_everything(told_: list[tuple[int, int, Outcome]], size: int) -> None:
    """Every fourth record holds three messages. However the fates are cut into batches."""
    fates = [
        fate(offset, outcome, item=item if offset % 4 == 0 else 0, items=3 if offset % 4 == 0 else 1)
        for offset, item, outcome in told_
    ]
    expected = remembered(fates)
    found = standing(*(fates[at : at + size] for at in range(0, len(fates), size)))
    counts = {o: getattr(found[0], o) for o in ("routed", "duplicate", "suppressed", "dead_lettered")} if found else {}
    assert {outcome: count for outcome, count in counts.items() if count} == Counter(expected.values())
    if found:
        open_ = [offset for first, end in found[0].gaps for offset in range(first, end)]
        assert open_ == [offset for offset in range(found[0].end) if offset not in expected]


def remembered(fates: Sequence[Fate]) -> dict[int, Outcome]:
    """The outcome of each record, from the first word of each of its messages that is no dead letter."""
    words: dict[int, dict[int, Outcome]] = {}
    final: dict[int, Outcome] = {}
    for each in fates:
        offset = each.origin.offset
        if final.get(offset, "dead_lettered") != "dead_lettered":
            continue
        known = words.setdefault(offset, {})
        if known.get(each.item, "dead_lettered") == "dead_lettered":
            known[each.item] = each.outcome
        if len(known) == each.items:
            worst: Sequence[Outcome] = ("dead_lettered", "routed", "duplicate", "suppressed")
            final[offset] = min(known.values(), key=worst.index)
    return final
