"""The arithmetic of the ledger: every accepted record counted once, and what has no fate is in flight or named."""

from __future__ import annotations

from typing import Any

from normalizer.events import Balance
from ops import ledger
from ops.ledger import Account, Moment
from ops.view import Place

MAIL, OTHER = Place("raw.mail", 0), Place("raw.mail", 1)


def balance(**fields: Any) -> Balance:
    """How ``raw.mail/0`` stands."""
    usual: dict[str, Any] = {"raw": "raw.mail", "partition": 0, "watermark": 0, "end": 0}
    return Balance(**(usual | fields))


def account(found: Balance | None, span: tuple[int, int], *, read: int = 0, old: int = 0) -> Account:
    """The account of mail when it has one partition."""
    return Moment(
        spans={MAIL: span}, balances={MAIL: found} if found else {}, read={MAIL: read}, old={MAIL: old}
    ).account("mail")


def test_every_record_has_one_fate() -> None:
    """Accepted is the sum of the fates, of all partitions of a channel and of no other channel."""
    here = balance(watermark=4, end=4, routed=1, duplicate=1, suppressed=1, dead_lettered=1, reasons={"duplicate": 1})
    there = balance(partition=1, watermark=2, end=2, duplicate=2, reasons={"duplicate": 2}, refused={"sqlite": 1})
    spans = {MAIL: (0, 4), OTHER: (0, 2), Place("raw.sms", 0): (0, 9)}
    found = Moment(spans=spans, balances={MAIL: here, OTHER: there}).account("mail")
    assert found == Account(
        channel="mail", accepted=6, routed=1, duplicate=3, suppressed=1, dead_lettered=1,
        reasons={"duplicate": 3}, refused={"sqlite": 1},
    )  # fmt: skip
    assert found.adds_up


def test_what_the_stages_have_not_finished_is_in_flight() -> None:
    """Whether the ledger has heard of the partition or not."""
    assert account(None, (0, 3)) == Account(channel="mail", accepted=3, in_flight=3)
    found = account(balance(watermark=1, end=4, routed=2, gaps=((1, 3),)), (0, 9))
    assert (found.in_flight, found.missing, found.adds_up) == (7, (), True)


def test_what_no_stage_has_and_no_fate_names_is_missing() -> None:
    """It is named by its topic, partition and offset; what normalize has not read is in flight."""
    found = account(balance(watermark=0, end=7, routed=4, gaps=((0, 1), (4, 6))), (0, 9), read=8)
    assert found.missing == ("raw.mail/0/0", "raw.mail/0/4", "raw.mail/0/5", "raw.mail/0/7")
    assert (found.missing_total, found.in_flight, found.adds_up) == (4, 1, False)


def test_what_normalize_is_behind_with_is_not_missing() -> None:
    """Though something after it has its fate already: normalize commits after it has written."""
    found = account(balance(watermark=0, end=7, routed=1, gaps=((0, 6),)), (0, 7), read=2)
    assert (found.missing, found.in_flight) == (("raw.mail/0/0", "raw.mail/0/1"), 4)


def test_what_is_older_than_the_limit_is_late() -> None:
    """In flight or missing; what has its fate is neither, however old."""
    found = account(balance(watermark=2, end=4, routed=3, gaps=((2, 3),)), (0, 9), old=6)
    assert found.late == ("raw.mail/0/2", "raw.mail/0/4", "raw.mail/0/5")
    assert (found.late_total, found.in_flight, found.adds_up) == (3, 6, True)


def test_counts_are_of_all_that_was_ever_accepted() -> None:
    """Also of what the topic has let go of."""
    found = account(balance(watermark=90, end=90, routed=90), (80, 90), read=90, old=90)
    assert found == Account(channel="mail", accepted=90, routed=90)


def test_what_had_no_fate_when_the_topic_let_go_of_it_is_expired() -> None:
    """It is counted for ever, and named no more: nothing can find it again."""
    found = account(balance(watermark=3, end=10, routed=8, gaps=((3, 4), (7, 8))), (5, 10), read=10, old=10)
    assert (found.expired, found.missing, found.late) == (1, ("raw.mail/0/7",), ("raw.mail/0/7",))
    assert (found.missing_total, found.late_total, found.in_flight, found.adds_up) == (1, 1, 0, False)


def test_a_topic_that_was_made_anew_does_not_add_up() -> None:
    """Its offsets begin anew, and the ledger takes them for those that it knows."""
    assert not account(balance(watermark=9, end=9, routed=9), (0, 2)).adds_up


def test_only_so_many_are_named() -> None:
    """All are counted."""
    found = account(None, (0, 3 * ledger.NAMED), read=3 * ledger.NAMED)
    assert (found.missing_total, len(found.missing)) == (3 * ledger.NAMED, ledger.NAMED)
