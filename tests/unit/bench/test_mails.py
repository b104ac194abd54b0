"""Mails for benchmarks: real ones, each a message of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.mails import LARGEST, raw_mails
from normalizer.errors import Misconfigured
from normalizer.mail.reading import read

TEXT = b"x" * 1000


def _mail(name: str, text: bytes = TEXT) -> bytes:
    return f"From: ann@example.org\r\nMessage-ID: <{name}>\r\nReferences: <root@x>\r\n\r\n".encode() + text


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Two good mails, one of them delivered twice, and one each that is too small and too large."""
    folder = tmp_path / "spamassassin" / "ham"
    folder.mkdir(parents=True)
    mails = [_mail("a@x"), _mail("b@x"), _mail("a@x"), _mail("c@x", b"short"), _mail("d@x", b"x" * LARGEST)]
    for number, mail in enumerate(mails):
        (folder / f"{number:05}.txt").write_bytes(mail)
    return tmp_path


def test_every_raw_mail_gives_a_message_of_its_own(corpora: Path) -> None:
    """Also when the set begins again: then for another account."""
    raws = list(raw_mails(5, corpora))
    assert [(raw.account, raw.key) for raw in raws[:3]] == [
        ("account-0", "root@x"),
        ("account-0", "root@x"),
        ("account-1", "root@x"),
    ]
    assert len({message.id for raw in raws for message in read(raw)}) == 5


def test_corpora_that_are_not_there_are_named(tmp_path: Path) -> None:
    """The message names the folder and the setting."""
    with pytest.raises(Misconfigured, match=r"there are no mails in .*spamassassin: set SWITCHBOARD_CORPORA"):
        list(raw_mails(1, tmp_path))
