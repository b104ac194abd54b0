"""What waits is taken in rounds of a bounded size, of all partitions in turn."""

from collections import defaultdict

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams._record import RECORD_OVERHEAD, Record
from streams._waiting import ROUND_BYTES, ROUND_RECORDS, Round, Waiting

MEGABYTE = 1 << 20
PLACES = st.builds(TP, st.sampled_from(["a", "b"]), st.integers(0, 3))
SIZES = st.sampled_from([0, 10, 10, 10, MEGABYTE, MEGABYTE // 2 * 3, 5 * MEGABYTE])
FETCHED = st.lists(st.tuples(PLACES, st.one_of(st.lists(SIZES, min_size=1, max_size=5), st.integers(1, 1500))))
_VALUES = {size: b"\0" * size for size in (0, 10, MEGABYTE, MEGABYTE // 2 * 3, 5 * MEGABYTE)}


def _rounds(waiting: Waiting) -> list[Round]:
    found = []
    while taken := waiting.take():
        found.append(taken)
    return found


@given(FETCHED)
def test_nothing_is_lost_and_every_round_is_bounded(fetched: list[tuple[TP, list[int] | int]]) -> None:
    """Of each partition everything comes once and in order; a round is too large only when one record alone is."""
    waiting, put = Waiting(), defaultdict[TP, list[Record]](list)
    for tp, sizes in fetched:
        first = len(put[tp])
        values = [_VALUES[each] for each in (sizes if isinstance(sizes, list) else [0] * sizes)]
        batch = [Record(tp.topic, tp.partition, first + at, None, value) for at, value in enumerate(values)]
        put[tp] += batch
        waiting.put(tp, batch)
    everything = [record for batch in put.values() for record in batch]
    assert waiting.count == len(everything)
    size = sum(RECORD_OVERHEAD + len(record.value) for record in everything)
    assert waiting.is_enough == (waiting.count >= ROUND_RECORDS or size >= ROUND_BYTES)
    taken = defaultdict[TP, list[Record]](list)
    for each in _rounds(waiting):
        for tp, part in each.items():
            taken[tp] += part
        records = [record for batch in each.values() for record in batch]
        assert 0 < len(records) <= ROUND_RECORDS
        assert len(records) == 1 or sum(len(record.value) for record in records) <= ROUND_BYTES
        assert all(each.values())
        assert len({tp.partition for tp in each}) == len(each)
    assert taken == {tp: batch for tp, batch in put.items() if batch}
    assert (waiting.count, waiting.is_enough) == (0, False)


def test_a_few_records_of_each_partition_come_together() -> None:
    """One round has what is there of all partitions, but not of two topics with the same number."""
    waiting = Waiting()
    places = [TP("a", 0), TP("a", 1), TP("b", 1), TP("b", 2)]
    for tp in places:
        waiting.put(tp, [Record(tp.topic, tp.partition, 0, None, b"x")])
    assert [list(each) for each in _rounds(waiting)] == [[places[0], places[1], places[3]], [places[2]]]


def test_the_partitions_take_turns() -> None:
    """A partition with a long line does not hold up the others."""
    waiting, long, short = Waiting(), TP("a", 0), TP("a", 1)
    waiting.put(long, [Record("a", 0, offset, None, b"") for offset in range(2 * ROUND_RECORDS)])
    waiting.put(short, [Record("a", 1, 0, None, b"")])
    assert [list(each) for each in _rounds(waiting)] == [[long], [short, long], [long]]


def test_what_is_let_go_does_not_come() -> None:
    """After a rebalance somebody else fetches it."""
    waiting = Waiting()
    waiting.put(TP("a", 0), [Record("a", 0, 0, None, b"")])
    waiting.clear()
    assert (waiting.count, waiting.take()) == (0, {})
