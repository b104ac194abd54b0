"""Mails in files: maildir, mbox, single files; they read as they do in the mail channel."""

from __future__ import annotations

import fcntl
import mailbox
import os
import shutil
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors.filedrop import FileDrop, FileDropSettings
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import RawEvent
from normalizer.mail.reading import read as read_mail
from tests.conformance.poller import PollerContract, Source
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.filedrop_folder import Drop, mail

pytestmark = pytest.mark.slow

FROM = b"From ann@example.com Fri Jan  2 03:04:05 2026\n"


class Mails(Drop):
    """Mails in a maildir."""

    def __init__(self, root: Path, **settings: Any) -> None:
        super().__init__(root, format="maildir", **settings)
        for name in ("tmp", "new", "cur"):
            (self.folder / name).mkdir()

    def deliver(self, content: bytes, name: str = "") -> Path:
        """As a mail server does it: written in tmp, then moved to new."""
        name = name or f"1700000000.M{next(self.numbers)}P1.host"
        (self.folder / "tmp" / name).write_bytes(content)
        return (self.folder / "tmp" / name).rename(self.folder / "new" / name)

    def put(self, number: int) -> list[str]:
        """Good mails."""
        names = [f"mail-{next(self.numbers)}@example.com" for _ in range(number)]
        for name in names:
            self.deliver(mail(name.partition("@")[0]))
        return names

    def put_bad(self) -> None:
        """A file of no bytes."""
        self.deliver(b"")

    def told(self, raw: RawEvent) -> str:
        """The Message-ID."""
        return super().told(raw) if raw.body else ""


class Mbox(Mails):
    """Mails in an mbox."""

    def __init__(self, root: Path, **settings: Any) -> None:
        Drop.__init__(self, root, format="mbox", **settings)
        self.path = self.folder / "inbox"

    def deliver(self, content: bytes, name: str = "") -> Path:
        """At the end of the one file."""
        del name
        with self.path.open("ab") as file:
            file.write(FROM + content + b"\n")
        return self.path

    def told(self, raw: RawEvent) -> str:
        """The Message-ID, "" for a mail of which nothing is left."""
        return Drop.told(self, raw)


class TestMaildir(PollerContract):
    """The hand, over a maildir."""

    connector: ClassVar[type[FileDrop]] = FileDrop

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        """A maildir of this test's own."""
        return Mails(tmp_path)


class TestMbox(PollerContract):
    """The hand, over an mbox."""

    connector: ClassVar[type[FileDrop]] = FileDrop

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        """An mbox of this test's own."""
        return Mbox(tmp_path)


def test_a_mail_has_the_id_that_the_mail_reader_gives_it(tmp_path: Path) -> None:
    """Of its Message-ID, whatever file it lay in; and no header vouches for a thread."""
    content = mail("1", "hi", Thread_Index="AdQxyz==", X_GM_THRID="123", In_Reply_To="<0@example.com>")
    found = []
    for number, kind in enumerate((Mails, Mbox)):
        (tmp_path / str(number)).mkdir()
        drop = kind(tmp_path / str(number))
        drop.deliver(content)
        found += drop.until(1)
    first, second = (FileDrop.read(raw)[0] for raw in found)
    plain = msgspec.structs.replace(found[0], body=content, content_type="message/rfc822")
    assert {first.id, second.id} == {read_mail(plain)[0].id}
    assert (first.text, first.refs) == (second.text, second.refs)
    assert (first.refs.provider, {raw.key for raw in found}) == ("", {"0@example.com"})


def test_a_mail_that_is_seen_and_moved_is_no_news(tmp_path: Path) -> None:
    """A mail program moves it from new to cur and flags it; after a restart it may come once more, with the same names."""
    drop = Mails(tmp_path)
    path = drop.deliver(mail("1"))
    drop.until(1)
    poller = drop.poller()
    time.sleep(0.1)
    moved = path.rename(drop.folder / "cur" / f"{path.name}:2,S")
    again = drop.idle(poller)
    moved.rename(drop.folder / "cur" / f"{path.name}:2,RS")
    again = drop.idle()
    assert {raw.source_id for raw in again} == {again[0].source_id}
    assert {message.id for message in drop.messages()} == {drop.messages()[0].id}
    assert len(again) <= 3
    assert moved.parent.name == "cur"


def test_a_mail_that_is_moved_while_the_folder_is_read_is_not_missed(tmp_path: Path) -> None:
    """Between listing and opening it went from new to cur; there it is found."""
    drop = Mails(tmp_path, page_size=1)
    drop.deliver(mail("1"))
    time.sleep(0.02)
    second = drop.deliver(mail("2"))
    time.sleep(0.1)
    pages = drop.poller().receive(drop.name, None, threading.Event())
    found = list(next(pages).events)
    second.rename(drop.folder / "cur" / f"{second.name}:2,S")
    while len(found) < 2:
        found += next(pages).events
    assert [drop.told(raw) for raw in found] == ["1@example.com", "2@example.com"]


def test_a_file_that_is_copied_with_an_old_date_is_not_missed(tmp_path: Path) -> None:
    """Backups keep the time of writing; what counts is when a file came to its place."""
    drop = Mails(tmp_path)
    drop.deliver(mail("1"))
    drop.until(1)
    path = drop.deliver(mail("2"))
    os.utime(path, (1, 1))
    assert [drop.told(raw) for raw in drop.until(2)] == ["1@example.com", "2@example.com"]


def test_the_position_of_a_maildir_is_one_file(tmp_path: Path) -> None:
    """However many there are."""
    drop = Mails(tmp_path)
    drop.put(60)
    drop.until(60)
    assert len(drop.kafka.positions["filedrop/main/drop"]) < 100


def test_a_clock_that_went_back_loses_nothing(tmp_path: Path) -> None:
    """The folder is read anew, and ids tell what is known."""
    drop = Mails(tmp_path)
    drop.kafka.positions["filedrop/main/drop"] = b'{"at": 4102444800000000000, "name": "new/x"}'
    drop.put(3)
    assert len(drop.until(3)) == 3


def test_a_mail_is_read_when_it_is_whole(tmp_path: Path) -> None:
    """A single file that grows is left until nobody has written for a while."""
    drop = Drop(tmp_path, format="eml", quiet_seconds=0.3)
    with (drop.folder / "a.eml").open("wb") as file:
        for part in (mail("1")[:40], mail("1")[40:]):
            file.write(part)
            file.flush()
            assert drop.idle(seconds=0.15) == []
    assert [raw.body for raw in drop.until(1)] == [mail("1")]


def test_a_file_that_may_not_be_read_stops_no_other(tmp_path: Path) -> None:
    """It is counted and set aside; here a link came to its place."""
    drop = Drop(tmp_path, format="eml")
    files = drop.poller()._files
    path = drop.folder / "a.eml"
    path.write_bytes(mail("1"))
    (found,) = files._folder.files()
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    raw = files._record(found)  # type: ignore[union-attr]  # the files of mails
    assert raw is not None
    with pytest.raises(Rejected, match=r"could not be read .*make it readable in its folder"):
        FileDrop.read(raw)


def test_a_mail_of_megabytes_is_in_the_blob_store(tmp_path: Path) -> None:
    """Its start is published."""
    drop = Drop(tmp_path, format="eml", max_bytes=1024)
    large = mail("1", "x" * 3_000_000)
    (drop.folder / "a.eml").write_bytes(large)
    (raw,) = drop.until(1)
    assert (raw.body, drop.blobs.get(raw.dataref or "")) == (large[:1024], large)
    assert "body-cut" in drop.messages()[0].degradations


def test_the_last_mail_of_an_mbox_waits_for_a_quiet_while(tmp_path: Path) -> None:
    """It is whole when the next one begins, or nobody writes any more."""
    drop = Mbox(tmp_path, quiet_seconds=30)
    drop.deliver(mail("1"))
    drop.deliver(mail("2", "not yet whole"))
    assert [drop.told(raw) for raw in drop.idle()] == ["1@example.com"]
    drop.settings = msgspec.structs.replace(drop.settings, quiet_seconds=0.05)
    assert [drop.told(raw) for raw in drop.until(2)] == ["1@example.com", "2@example.com"]


def test_quoted_from_lines_are_unquoted(tmp_path: Path) -> None:
    """As mboxrd and mboxo quote them; and words that begin a paragraph begin no mail."""
    drop = Mbox(tmp_path)
    drop.deliver(mail("1", "hello\n\n>From me\n>>From you\n\nFrom here on nothing is quoted\n"))
    drop.until(1)
    assert drop.messages()[0].text.strip().splitlines() == [
        "hello", "", "From me", ">From you", "", "From here on nothing is quoted"
    ]  # fmt: skip


def test_an_mbox_that_is_locked_is_left_alone(tmp_path: Path) -> None:
    """By flock, or by a file beside it; a lock that was left behind does not count."""
    drop = Mbox(tmp_path)
    drop.put(1)
    with drop.path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert drop.idle() == []
    lock = drop.folder / "inbox.lock"
    lock.touch()
    assert drop.idle() == []
    os.utime(lock, (1, 1))
    assert len(drop.until(1)) == 1


def test_an_mbox_that_is_rewritten_is_read_anew(tmp_path: Path) -> None:
    """A mail program took a mail out of its middle: what is new is found, what is known is known by its id."""
    drop = Mbox(tmp_path)
    drop.put(3)
    drop.until(3)
    box = mailbox.mbox(drop.path)
    box.remove(box.keys()[1])
    box.flush()
    box.close()
    drop.deliver(mail("new", "x" * 500))
    drop.idle(seconds=0.4)
    assert "new@example.com" in {drop.told(raw) for raw in drop.records()}
    assert len({message.id for message in drop.messages()}) == 4


def test_a_folder_that_is_no_maildir_is_for_a_person(tmp_path: Path) -> None:
    """With what to do."""
    settings = FileDropSettings(folder=str(tmp_path), format="maildir")
    with pytest.raises(Misconfigured, match="is no maildir, it has no folder new: set `folder` to one"):
        FileDrop("main", settings, BlobStore(tmp_path.as_uri()))._folder.files()


@needs_corpora
@pytest.mark.parametrize("kind", [Mails, Mbox])
def test_real_mails_come_out_as_many_messages(tmp_path: Path, kind: type[Mails]) -> None:
    """A hundred of SpamAssassin's, in a maildir and in an mbox that Python's own library wrote: each the same message."""
    files = sorted((CORPORA / "spamassassin").glob("*-1/*.txt"))[::13][:100]
    drop = kind(tmp_path, page_size=50)
    if kind is Mbox:
        box = mailbox.mbox(drop.folder / "inbox")
        for path in files:
            box.add(path.read_bytes())
        box.close()
    else:
        for path in files:
            shutil.copy2(path, drop.folder / "cur" / f"{path.name}:2,S")
    drop.until(len(files))
    blank = drop.records()[0]
    wanted = {
        read_mail(msgspec.structs.replace(blank, body=path.read_bytes(), content_type="message/rfc822"))[0].id
        for path in files
    }
    found = {message.id for message in drop.messages()}
    assert len(drop.records()) == len(files) == 100
    assert len(found & wanted) >= (100 if kind is Mails else 99)
