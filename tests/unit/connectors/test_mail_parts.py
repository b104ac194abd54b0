"""The pure parts of the mail connector: the key of a thread, the suspects, the cuts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._mailkey import thread_root
from connectors._mailplace import Suspects, by_bytes

FOLDER = ("INBOX", 7)


@pytest.mark.parametrize(
    ("mail", "root"),
    [
        (b"Message-ID: <1@x>\r\n\r\nhi", "1@x"),
        (b"message-id:<1@x>\n\nhi", "1@x"),
        (b"Message-ID: <3@x>\r\nIn-Reply-To: <2@x>\r\nReferences: <1@x>\r\n <2@x>\r\n\r\n", "1@x"),
        (b"In-Reply-To: Your mail <2@x> of yesterday\r\nMessage-ID: <3@x>\r\n\r\n", "2@x"),
        (b"References:\r\n\t<1@x>\r\n\r\n", "1@x"),
        (b"References: \r\nMessage-ID: <3@x>\r\n\r\n", "3@x"),
        (b"Subject: x\r\n\r\nMessage-ID: <in-the-body@x>", None),
        (b"X-Message-ID: <1@x>\r\n\r\n", None),
        (b"Message-ID: <\xe9@x>\r\n\r\n", "\udce9@x"),
        (b"Message-ID: <" + b"a" * 5000 + b"@x>\r\n\r\n", "a" * 250),
        (b"", None),
    ],
)
def test_the_root_of_a_thread(mail: bytes, root: str | None) -> None:
    """The first of References, else In-Reply-To, else the mail's own id; headers only."""
    assert thread_root(mail) == root


@given(st.binary(max_size=3000))
def test_any_bytes_have_a_root_or_none(mail: bytes) -> None:
    """And the root can be the key of a record."""
    root = thread_root(mail)
    assert root is None or root.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("line", [b"References: " + b"<a" * 30_000, b"References:" + b"\r\n " * 20_000, b"r" * 65_536])
def test_a_hostile_header_takes_no_time(line: bytes) -> None:
    """The scan is linear and bounded."""
    began = time.monotonic()
    thread_root(line)
    assert time.monotonic() - began < 1


def test_a_suspect_is_asked_for_alone() -> None:
    """The others go on in batches, in the same order."""
    suspects = Suspects()
    suspects.blame(FOLDER, [4, 5])
    assert list(suspects.batches(FOLDER, [1, 2, 3, 4, 5, 6, 7], 2)) == [[1, 2], [3], [4], [5], [6, 7]]
    assert list(suspects.batches(("INBOX", 8), [3, 4], 2)) == [[3, 4]]
    suspects.clear(FOLDER, [4, 5])
    assert list(suspects.batches(FOLDER, [4, 5], 2)) == [[4, 5]]


def test_only_a_mail_that_failed_alone_is_given_up() -> None:
    """A batch proves nothing about any of its mails."""
    suspects = Suspects()
    for _ in range(50):
        suspects.blame(FOLDER, [4, 5])
    assert not suspects.hopeless(FOLDER, 4)
    for _ in range(6):
        assert not suspects.hopeless(FOLDER, 4)
        suspects.blame(FOLDER, [4])
    assert (suspects.hopeless(FOLDER, 4), suspects.hopeless(FOLDER, 5)) == (True, False)


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 100))
def test_runs_are_bounded_and_complete(sizes: list[int], most: int) -> None:
    """Every mail in its order; a run is over the bound only when it is a single mail."""
    numbered = list(enumerate(sizes))
    runs = list(by_bytes(numbered, most))
    assert [uid for run in runs for uid in run] == [uid for uid, _ in numbered]
    assert all(len(run) == 1 or sum(sizes[uid] for uid in run) <= most for run in runs)
