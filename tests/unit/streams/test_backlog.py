"""Changes that wait in a file are the changes that were given, and memory has less than a piece of them."""

import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams._backlog import Backlog, Change, Spool
from streams._state import StoreBroken

changes = st.lists(st.tuples(st.binary(max_size=3), st.none() | st.binary(max_size=3)), max_size=20).map(
    lambda pairs: [(offset, *pair) for offset, pair in enumerate(pairs)]
)


def _filled(spool: Spool | None, found: list[Change]) -> Backlog:
    backlog = Backlog(spool)
    _fill(backlog, found)
    return backlog


def _fill(backlog: Backlog, found: list[Change]) -> None:
    for change in found:
        backlog.append(change)


def _popped(backlog: Backlog) -> list[Change]:
    found = []
    while backlog:
        found += backlog.pop()
    return found


@pytest.mark.parametrize("piece", [0, 1, 3])
def test_what_goes_in_comes_out_in_its_order(tmp_path: Path, piece: int) -> None:
    """Also when some is dropped at the end, and one takes over another."""

    @given(changes, changes, st.integers(0, 20), st.integers(1, 9))
    def check(first: list[Change], second: list[Change], cut: int, more: int) -> None:
        spool = Spool(tmp_path, piece) if piece else None
        whole, other = _filled(spool, first), _filled(spool, second)
        assert list(other) == second
        assert other.cut(cut) == {key for _, key, _ in second[cut:]}
        whole.take(other)
        left = [(each, b"k", None) for each in range(more)]
        for change in left:
            other.append(change)
        assert list(whole) == first + second[:cut] == _popped(whole)
        assert _popped(other) == left
        assert (bool(whole), whole.pop(), spool and spool._held) == (False, [], spool and 0)

    check()


def test_memory_has_less_than_a_piece(tmp_path: Path) -> None:
    """The rest is in the file, which is emptied behind the last of them."""
    spool = Spool(tmp_path, 100)
    backlog = _filled(spool, [(offset, b"key", b"value") for offset in range(1050)])
    assert len(backlog._last) == 50
    assert not any(isinstance(each, list) for each in backlog._full)
    file = spool._opened()
    assert file.seek(0, 2) > 10_000
    backlog.clear()
    assert (file.seek(0, 2), list(tmp_path.iterdir())) == (0, [])
    spool.close()


def test_a_folder_that_does_not_keep_it_is_told(tmp_path: Path) -> None:
    """The stage remembers in memory then."""
    with pytest.raises(StoreBroken, match="gone does not keep what is read of a changelog"):
        _filled(Spool(tmp_path / "gone", 1), [(0, b"k", b"v")])
    spool = Spool(tmp_path, 1)
    backlog = _filled(spool, [(0, b"k", b"v")])
    spool._opened().truncate(3)
    with pytest.raises(StoreBroken, match="does not keep what is read of a changelog"):
        backlog.pop()


@pytest.mark.parametrize("room", [0, 10, 150])
def test_a_full_disk_is_told_once(tmp_path: Path, room: int) -> None:
    """What is left can be let go of all the same."""
    spool = Spool(tmp_path, 10)
    backlog = Backlog(spool)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(StoreBroken, match="does not keep what is read of a changelog"):
            _fill(backlog, [(offset, b"key", b"value") for offset in range(20)])
        backlog.clear()
        spool.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
