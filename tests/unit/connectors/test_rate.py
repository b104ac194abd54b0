"""An address that calls too often waits, and no other does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import _rate
from connectors._rate import Rate


def test_a_burst_and_then_a_steady_rate() -> None:
    """Six a minute: six at once, then one each ten seconds."""
    rate = Rate(6)
    assert [rate.wait("192.0.2.1", 0.0) for _ in range(6)] == [0.0] * 6
    assert rate.wait("192.0.2.1", 0.0) == pytest.approx(10.0)
    assert rate.wait("192.0.2.1", 4.0) == pytest.approx(6.0)
    assert rate.wait("192.0.2.1", 10.0) == 0.0
    assert rate.wait("192.0.2.1", 10.0) == pytest.approx(10.0)


def test_addresses_do_not_disturb_each_other() -> None:
    """Each address has a bucket of its own."""
    rate = Rate(1)
    assert [rate.wait(address, 0.0) for address in ("192.0.2.1", "192.0.2.2")] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2", True),
        ("not an address", "not another", False),
    ],
)
def test_a_household_is_one(one: str, other: str, same: bool) -> None:
    """Whoever has many addresses for nothing counts once."""
    rate = Rate(1)
    assert rate.wait(one, 0.0) == 0.0
    assert (rate.wait(other, 0.0) > 0) is same


@given(times=st.lists(st.floats(0, 120), max_size=40), per_minute=st.integers(1, 30))
def test_never_more_than_the_rate(times: list[float], per_minute: int) -> None:
    """In two minutes at most three times the rate pass: the burst, and the rate of each minute."""
    rate = Rate(per_minute)
    passed = sum(rate.wait("192.0.2.1", time) == 0.0 for time in sorted(times))
    assert passed <= 3 * per_minute


def test_memory_is_bounded() -> None:
    """A flood of addresses pushes out the quietest, not the memory."""
    rate = Rate(1)
    for number in range(_rate._REMEMBERED + 1):
        rate.wait(f"name-{number}", 0.0)
    assert len(rate._due) == _rate._REMEMBERED
    assert rate.wait("name-0", 0.0) == 0.0
    assert rate.wait(f"name-{_rate._REMEMBERED}", 0.0) > 0
