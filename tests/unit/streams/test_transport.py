"""The transport cuts what was fetched into batches of a bounded size."""

from hypothesis import given
from hypothesis import strategies as st

from streams._record import Record
from streams._transport import BATCH_BYTES, BATCH_RECORDS, split

MEGABYTE = 1 << 20


def _record(size: int) -> Record:
    return Record("in", 0, 0, b"", b"\0" * size)


@given(st.integers(0, 3 * BATCH_RECORDS))
def test_nothing_is_lost_and_the_order_is_kept(count: int) -> None:
    """The batches, one after the other, are the records."""
    records = [Record("in", 0, offset, None, b"") for offset in range(count)]
    batches = list(split(records))
    assert records == [record for batch in batches for record in batch]
    assert all(0 < len(batch) <= BATCH_RECORDS for batch in batches)


@given(st.lists(st.sampled_from([10, MEGABYTE, 3 * MEGABYTE, 5 * MEGABYTE]), max_size=20))
def test_a_batch_is_bounded_in_bytes(sizes: list[int]) -> None:
    """A batch is larger than the bound only when one record alone is."""
    for batch in split([_record(size) for size in sizes]):
        assert len(batch) == 1 or sum(len(record.value) for record in batch) <= BATCH_BYTES
