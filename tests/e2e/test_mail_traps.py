"""What IMAP folders are known to do to a reader of mail, each on a real Dovecot."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from connectors._imap import session
from connectors._imaperrors import Broken
from connectors.mail import Mail
from normalizer.errors import Misconfigured, Rejected
from tests.servers.dovecot import Mailbox
from tests.servers.mailpages import fill, keys, pages, saved, until_empty
from tests.servers.mailsource import mail

pytestmark = pytest.mark.engine

Make = Callable[..., Mail]


def test_uid_n_star_names_the_last_mail_even_below_n(box: Mailbox, make: Make) -> None:
    """``UID 8:*`` in a folder of seven finds the seventh: it is not received again."""
    fill(box, 7)
    done = until_empty(make())
    with box.client() as client:
        client.select_folder("INBOX", readonly=True)
        assert client.search(["UID", "8:*"]) == [7]
    assert keys(until_empty(make(), saved(done[-1].position))) == []


def test_imapclient_refuses_a_range_so_numbers_are_listed(box: Mailbox, make: Make) -> None:
    """``fetch("1:*")`` is a ValueError in imapclient 4.1; when this fails it has been mended."""
    expected = fill(box, 3)
    with box.client() as client:
        client.select_folder("INBOX", readonly=True)
        with pytest.raises(ValueError, match="invalid literal"):
            client.fetch("1:*", ["FLAGS"])
    assert keys(until_empty(make())) == expected


def test_no_flag_is_touched(box: Mailbox, make: Make) -> None:
    """The folder is examined and bodies are peeked at: people's mail programs see every mail as new."""
    fill(box, 3)
    until_empty(make(max_bytes=1024))
    with box.client() as client:
        client.select_folder("INBOX")
        flags = client.get_flags([1, 2, 3])
    assert all(b"\\Seen" not in each for each in flags.values())


def test_a_mail_that_somebody_has_read_is_received(box: Mailbox, make: Make) -> None:
    """Flags say what people did, not what we did."""
    expected = fill(box, 2)
    with box.client() as client:
        client.select_folder("INBOX")
        client.add_flags([1, 2], [b"\\Seen", b"\\Answered"])
    assert keys(until_empty(make())) == expected


def test_uidvalidity_change_reads_the_folder_anew(box: Mailbox, make: Make) -> None:
    """A folder that was made anew has other UIDs: the saved place says nothing about it."""
    with box.client() as client:
        client.create_folder("Work")
        client.append("Work", mail("old@x"))
        before = until_empty(make(), folder="Work")
        client.delete_folder("Work")
        time.sleep(1.1)  # Dovecot takes UIDVALIDITY from the clock
        client.create_folder("Work")
        client.append("Work", mail("new@x"))
    after = until_empty(make(), saved(before[-1].position), folder="Work")
    assert keys(after) == ["new@x"]
    assert after[-1].position.uidvalidity != before[-1].position.uidvalidity
    assert after[-1].events[0].source_id != before[-1].events[0].source_id


def test_uidvalidity_change_is_seen_within_a_session(box: Mailbox, make: Make) -> None:
    """Each look at the folder opens it again, so that a long connection does not miss the change."""
    with box.client() as client:
        client.create_folder("Work")
        client.append("Work", mail("old@x"))
        with pages(make(), folder="Work") as coming:
            assert keys([next(coming)]) == ["old@x"]
            time.sleep(1.1)
            client.delete_folder("Work")
            client.create_folder("Work")
            client.append("Work", mail("new@x"))
            try:
                found = next(page for page in coming if page.events)
            except Broken:  # Dovecot may drop who has the old folder open
                return
            assert keys([found]) == ["new@x"]


def test_progress_is_told(box: Mailbox, make: Make) -> None:
    """Each page says how many are still to come, and how far it is."""
    fill(box, 10)
    found = until_empty(make(page_size=4))
    assert [(len(page.events), page.behind, page.position.uid) for page in found] == [(4, 6, 4), (4, 2, 8), (2, 0, 10)]


def test_uid_gaps(box: Mailbox, make: Make) -> None:
    """UIDs that are gone are passed over."""
    names = fill(box, 9)
    with box.client() as client:
        client.select_folder("INBOX")
        client.delete_messages([1, 4, 5, 9])
        client.expunge()
    found = until_empty(make(page_size=2))
    assert keys(found) == [names[index] for index in (1, 2, 5, 6, 7)]


def test_expunged_meanwhile(box: Mailbox, make: Make) -> None:
    """What somebody deletes between two pages is missing, and only that."""
    names = fill(box, 9)
    with pages(make(page_size=3)) as coming, box.client() as client:
        first = next(coming)
        client.select_folder("INBOX")
        client.delete_messages([4, 5, 6, 8])
        client.expunge()
        rest = [next(coming), next(coming)]
    assert keys([first, *rest]) == [names[index] for index in (0, 1, 2, 6, 8)]
    assert rest[-1].position.uid == 9


def test_expunged_between_its_size_and_its_body(box: Mailbox, make: Make) -> None:
    """The answer lacks it; the others come."""
    fill(box, 3)
    with session(make().settings, "this test") as imap, box.client() as client:
        imap.examine("INBOX")
        assert sorted(imap.describe([1, 2, 3], 100)) == [1, 2, 3]
        client.select_folder("INBOX")
        client.delete_messages([2])
        client.expunge()
        imap.examine("INBOX")
        assert sorted(imap.bodies([1, 2, 3])) == [1, 3]
        assert imap.piece(2, 0, 100) is None
        assert not imap.present([2])
        assert imap.present([2, 3])


def test_a_mail_that_the_server_cannot_give_holds_up_no_other(box: Mailbox, make: Make) -> None:
    """It is asked for alone, six times, and then published without a body, to be set aside by name."""
    names = fill(box, 5)
    until_empty(make())  # from here on Dovecot knows their sizes, and not their bodies
    third = sorted((box.folder / "new").iterdir())[2]
    third.chmod(0o000)
    mailbox, position, found = make(), None, []
    for _ in range(12):
        try:
            for page in until_empty(mailbox, position):
                found.append(page)
                position = saved(page.position)
            break
        except Broken:
            continue
    assert keys(found) == [names[0], names[1], None, names[3], names[4]]
    unfetched = [event for page in found for event in page.events if "unfetched" in event.attributes]
    assert [event.attributes["uid"] for event in unfetched] == ["3"]
    with pytest.raises(Rejected, match="does not give it"):
        Mail.read(unfetched[0])


def test_internaldate_is_aware_and_utc(box: Mailbox, make: Make) -> None:
    """imapclient would give it naive, in this machine's time zone."""
    received = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    box.deliver(mail("1@x"), received=received.timestamp())
    (page,) = until_empty(make())
    assert page.events[0].received_at == received
    assert page.events[0].received_at.tzinfo is UTC


def test_since_skips_older_mail_at_the_first_sync_only(box: Mailbox, make: Make) -> None:
    """By the day in UTC, to the minute; what is filed later counts as new however old it is."""
    for name, when in (
        ("old@x", datetime(2026, 1, 5, tzinfo=UTC)),
        ("eve@x", datetime(2026, 2, 28, 23, 59, tzinfo=UTC)),
        ("first@x", datetime(2026, 3, 1, 0, 1, tzinfo=UTC)),
        ("later@x", datetime(2026, 4, 1, tzinfo=UTC)),
    ):
        box.deliver(mail(name), received=when.timestamp())
    mailbox = make(since=date(2026, 3, 1), page_size=1)
    found = until_empty(mailbox)
    assert keys(found) == ["first@x", "later@x"]
    with box.client() as client:
        client.append("INBOX", mail("filed@x"), msg_time=datetime(2020, 1, 1, tzinfo=UTC))
    assert keys(until_empty(make(since=date(2026, 3, 1)), saved(found[-1].position))) == ["filed@x"]


def test_since_survives_a_restart_of_the_first_sync(box: Mailbox, make: Make) -> None:
    """A first sync that was broken off goes on with the same date."""
    for number, day in ((1, 1), (2, 20), (3, 2), (4, 21)):
        box.deliver(mail(f"{number}@x"), received=datetime(2026, 3, day, tzinfo=UTC).timestamp())
    with pages(make(since=date(2026, 3, 10), page_size=1)) as coming:
        first = next(coming)
        while not first.events:
            first = next(coming)
    assert keys([first, *until_empty(make(since=date(2026, 3, 10)), saved(first.position))]) == ["2@x", "4@x"]


def test_search_in_windows_finds_everything(box: Mailbox, make: Make) -> None:
    """imaplib refuses an answer line over a million bytes, so that no answer may be long."""
    fill(box, 25)
    with session(make().settings, "this test") as imap:
        folder = imap.examine("INBOX")
        for window in (1, 4, 5, 24, 25, 26):
            assert list(imap.uids_after(folder, 0, window=window)) == list(range(1, 26))
            assert list(imap.uids_after(folder, 13, window=window)) == list(range(14, 26))
            assert list(imap.uids_after(folder, 25, window=window)) == []
            assert list(imap.uids_after(folder, 20, date(2020, 1, 1), window)) == list(range(21, 26))


def test_an_oversize_mail_is_kept_whole_in_the_blob_store(box: Mailbox, make: Make) -> None:
    """Its headers and its start are in the record, and the next mail is not held up."""
    large = mail("large@x") + b"0123456789abcdef\r\n" * 200_000
    box.deliver(mail("1@x"), large, mail("2@x"))
    mailbox = make(max_bytes=2048)
    events = [event for page in until_empty(mailbox) for event in page.events]
    assert [event.key for event in events] == ["1@x", "large@x", "2@x"]
    assert [event.dataref is None for event in events] == [True, False, True]
    assert events[1].body == large[:2048]
    assert mailbox.blobs.get(events[1].dataref or "") == large
    assert Mail.read(events[1])[0].degradations != ()


def test_a_folder_with_a_name_beyond_ascii(box: Mailbox, make: Make) -> None:
    """Folder names are modified UTF-7 on the wire (RFC 3501, 5.1.3)."""
    with box.client() as client:
        client.create_folder("Anfragen für später & mehr")
        client.append("Anfragen für später & mehr", mail("1@x"))
    (page,) = until_empty(make(), folder="Anfragen für später & mehr")
    assert page.events[0].source_id.startswith("Anfragen für später & mehr;")


def test_a_missing_folder_names_the_remedy(make: Make) -> None:
    """A person must correct the setting."""
    said = r"opening the folder Nowhere was refused .* correct the folders"
    with pages(make(), folder="Nowhere") as coming, pytest.raises(Misconfigured, match=said):
        next(coming)


def test_the_reader_is_told_whom_the_account_trusts(box: Mailbox, make: Make) -> None:
    """With each mail, since a reader has no configuration; nothing is told where nothing is set."""
    fill(box, 1)
    told = [page.events[0].attributes for page in until_empty(make(trusted_hosts=("mx.a", ""), own=("a@b", "b")))[:1]]
    assert [(each["trusted"], each["own"]) for each in told] == [("mx.a ", "a@b b")]
    (plain,) = [event.attributes for page in until_empty(make()) for event in page.events]
    assert {"trusted", "own"} & plain.keys() == set()
