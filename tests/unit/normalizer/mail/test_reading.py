"""A raw mail to its message: ids, senders, references, bounds; one message whatever the bytes."""

from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from normalizer import wire
from normalizer.errors import Rejected
from normalizer.events import Contact, Message, RawEvent
from normalizer.mail.degradations import MEANING
from normalizer.mail.filenames import safe_name
from normalizer.mail.fitting import MAX_MESSAGE
from normalizer.mail.identifiers import parse as parse_ids
from normalizer.mail.reading import MAX_TEXT, read
from normalizer.mail.uuencode import without_files
from tests.servers.corpora import CORPORA, needs_corpora

WHOLE = b"""\
Message-ID: <m1@x.example>
Date: Mon, 1 Jan 2024 10:00:00 +0100
From: Jo Doe <Jo@X.example>
To: support@shop.example
Subject: Lamp
References: <r1@x.example> <r2@x.example>
In-Reply-To: <r2@x.example>

It is broken.

On 31 Dec 2023 at 10:00, Shop <support@shop.example> wrote:
> Hello
"""


def raw(body: bytes, **changes: object) -> RawEvent:
    """`body` as the mail connector would have delivered it."""
    event = RawEvent(
        channel="mail",
        account="support",
        source_id="INBOX;1;1",
        body=body,
        content_type="message/rfc822",
        received_at=datetime(2024, 1, 1, 12, tzinfo=UTC),
    )
    return replace(event, **changes)


def only(body: bytes) -> Message:
    """The one message of `body`; its JSON is made too, since that must work."""
    (message,) = read(raw(body))
    wire.encode(replace(message, attachments=()))
    return message


def test_a_whole_mail() -> None:
    """Everything a ticket needs, and nothing guessed."""
    found = only(WHOLE)
    assert found.sender == Contact("email", "jo@x.example", "Jo Doe")
    assert found.to == (Contact("email", "support@shop.example"),)
    assert found.subject == "Lamp"
    assert found.sent_at == datetime(2024, 1, 1, 9, tzinfo=UTC)
    assert found.visible_text == "It is broken."
    assert found.text.endswith("> Hello\n")
    assert (found.refs.own, found.refs.parents) == ("m1@x.example", ("r1@x.example", "r2@x.example"))
    assert found.kind == "message"
    assert found.degradations == ()


def test_copies_over_two_routes_are_one_message() -> None:
    """Trace headers differ by route; the id does not, with or without a Message-ID."""
    bare = WHOLE.replace(b"Message-ID: <m1@x.example>\n", b"")
    for mail in (WHOLE, bare):
        assert only(mail).id == only(b"Received: from a by b; Mon, 1 Jan 2024 10:00:00 +0100\n" + mail).id


def test_a_reused_message_id_is_another_message() -> None:
    """A broken sender who reuses one Message-ID loses no mail."""
    assert only(WHOLE).id != only(WHOLE.replace(b"1 Jan 2024", b"2 Jan 2024")).id


def test_without_message_id_the_text_counts() -> None:
    """Two mails that differ in their text only are two."""
    bare = WHOLE.replace(b"Message-ID: <m1@x.example>\n", b"")
    assert only(bare).id != only(bare.replace(b"broken", b"lost")).id
    assert "no-message-id" in only(bare).degradations


def test_no_bytes_are_no_mail() -> None:
    """The one thing that cannot be read is nothing; the message says what to do."""
    with pytest.raises(Rejected, match="no bytes at all: look at it in its mailbox") as caught:
        read(raw(b""))
    assert caught.value.reason == "empty"


@pytest.mark.parametrize(
    ("headers", "address", "note"),
    [
        (b"From: a@x.example", "a@x.example", None),
        (b"Reply-To: a@x.example", "a@x.example", "sender-guessed"),
        (b"From: Jo\nSender: a@x.example", "a@x.example", "sender-guessed"),
        (b"Return-Path: <a@x.example>", "a@x.example", "sender-guessed"),
        (b"Subject: x", "", "no-sender"),
        (
            b"From: 'Jo' via List <list@x.example>\nTo: list@x.example\nList-Id: <l.x.example>\nX-Original-From: <jo@y.example>",
            "jo@y.example",
            "sender-behind-list",
        ),
        (
            b"From: evil@z.example\nTo: list@x.example\nList-Id: <l>\nX-Original-From: jo@y.example",
            "evil@z.example",
            None,
        ),
    ],
)
def test_senders(headers: bytes, address: str, note: str | None) -> None:
    """From, its fallbacks, and the author behind a list; a stranger may not name another author."""
    found = only(headers + b"\n\nbody")
    assert found.sender.address == address
    assert note is None or note in found.degradations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a@b> <c@d>", ("a@b", "c@d")),
        ("<a@b><c@d> <a@b>", ("a@b", "c@d")),
        ("Your message of Mon <a@b> (comment)", ("a@b",)),
        ("a@b c@d", ("a@b", "c@d")),
        ("<a @b>", ("a@b",)),
        ("no id here", ()),
    ],
)
def test_ids(text: str, expected: tuple[str, ...]) -> None:
    """Several ids, words around them, folding inside them."""
    assert parse_ids(text) == expected


def test_provider_threads() -> None:
    """Gmail's thread id, and the root of an Outlook Thread-Index, equal for all mails of a conversation."""
    root = b"AdoXJ3Q1ABCDEFGHIJKLMNOPQRSTUQ=="
    assert only(b"X-GM-THRID: 123\n\nx").refs.provider == "gmail:123"
    assert only(b"Thread-Index: " + root + b"\n\nx").refs.provider.startswith("outlook:")
    assert only(b"Thread-Index: %%%\n\nx").refs.provider == ""


def test_dates_that_cannot_be() -> None:
    """The future and garbage are noted."""
    assert "future-date" in only(WHOLE.replace(b"2024", b"2034")).degradations
    assert only(WHOLE.replace(b"1 Jan 2024", b"Foo")).sent_at is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ("a\0b\n.txt", "ab.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        (".hidden", "hidden"),
        ("..", ""),
        ("x" * 300 + ".txt", "x" * 196 + ".txt"),
        ('a<b>:"c', "a_b_c"),
    ],
)
def test_file_names_are_safe(name: str, expected: str) -> None:
    """No folders, controls, direction marks or leading dots; the extension stays."""
    assert safe_name(name) == expected


def test_a_uuencoded_file_is_not_what_somebody_wrote() -> None:
    """It stays in the text; the visible text names it."""
    text = "see\n\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\nbye"
    assert without_files(text) == "see\n\n[file: a.txt]\nbye"
    found = only(b"From: a@b.example\n\n" + text.encode())
    assert "begin 644" in found.text
    assert "uuencode" in found.degradations


@pytest.mark.parametrize("char", ["a", "\u20ac", "\\", "\n", "\U0001f600"])
def test_a_message_fits_its_record(char: str) -> None:
    """Whatever the text is made of, the JSON has a bounded size; what was cut is noted."""
    body = f"From: a@b.example\nContent-Type: text/html; charset=utf-8\n\n<pre>{char * 900_000}".encode()
    found = only(body)
    assert len(wire.encode(found)) <= MAX_MESSAGE
    assert len(found.text) <= MAX_TEXT
    assert "html-cut" in found.degradations


BOMBS = {
    "parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000 + b"--b--",
    "nesting": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(1000)),
    "mails": b"Content-Type: message/rfc822\n\n" * 1000,
    "same-boundary": b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 9000,
    "base64": b"Content-Transfer-Encoding: base64\nContent-Type: a/b\n\n" + b"AAAA" * 12_500_000,
    "padding": b"Content-Transfer-Encoding: base64\n\n" + b"A=" * 1_000_000,
    "headers": b"X: y\n" * 100_000,
    "folds": b"Subject: " + b"x\n " * 500_000,
    "words": b"Subject: " + b"=?utf-8?q?a?= " * 20_000,
    "names": b"From: " + b"a" * 200_000,
    "brackets": b"To: " + b'(<"' * 80_000,
    "parameters": b"Content-Type: text/plain; " + b"a" * 200_000,
    "boundaries": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b" * 1_000_000,
    "flowed": b"Content-Type: text/plain; format=flowed\n\n" + b"a \n" * 500_000,
    "lines": b"a: b\n\n" + b">" * 2_000_000,
    "breaks": b"a: b\n\n" + b"\r" * 2_000_000,
    "bytes": b"a: b\n\n" + bytes(range(128, 256)) * 20_000,
    "tnef": b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22\0\0\x01\x03\x90\x06\0" + b"\xff" * 1_000_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(bomb: str) -> None:
    """Mail that is made to cost time or memory gives its one message in bounded time."""
    start = time.process_time()
    assert len(read(raw(BOMBS[bomb]))) == 1
    assert time.process_time() - start < 5


def test_memory_is_bounded_by_the_mail() -> None:
    """Reading 20 MB of base64 takes a few times that, no more."""
    body = b"Content-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + b"AAAA" * 5_000_000
    tracemalloc.start()
    try:
        read(raw(body))
        assert tracemalloc.get_traced_memory()[1] < 6 * len(body)
    finally:
        tracemalloc.stop()


@given(st.binary(min_size=1, max_size=500))
def test_any_bytes_give_one_message(body: bytes) -> None:
    """Exactly one message, as JSON, and equal for equal bytes."""
    assert only(body) == only(body)


PIECES = [
    b"\n",
    b"\r",
    b"\n\n",
    b"\0",
    b"\xff",
    b"--b",
    b"=?utf-8?b?",
    b"?=",
    b"(",
    b'"',
    b"<",
    b"\x1b$B",
    b"charset=utf-7;",
]
PIECES += [
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\n",
    b"Content-Transfer-Encoding: base64\n",
    b"begin 644 x\n",
]


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.sampled_from(PIECES), st.integers(0, 30)), max_size=8))
def test_mutated_mails_give_one_message(changes: list[tuple[int, bytes, int]]) -> None:
    """A mail with pieces put in and taken out is still one message."""
    body = WHOLE
    for at, piece, lost in changes:
        body = body[:at] + piece + body[at + lost :]
    found = only(body)
    assert found == only(body)
    assert set(found.degradations) <= set(MEANING)


@needs_corpora
@pytest.mark.parametrize(
    "folder", ["stalwart", "mikel_mail", "mail_parser", "django_mailbox", "cpython_test_email", "chatwoot"]
)
def test_odd_mails_of_the_world(folder: str) -> None:
    """Each mail of the open corpora gives one message, and every degradation is explained."""
    paths = [each for each in (CORPORA / folder).rglob("*") if each.suffix in (".eml", ".txt") and each.stat().st_size]
    assert paths
    for path in paths:
        assert set(only(path.read_bytes()).degradations) <= set(MEANING), path


def test_what_no_machine_may_answer_says_so() -> None:
    """For those who answer automatically downstream; people read it like any other."""
    assert "no_auto_answer" not in only(WHOLE).fields
    listed = only(b"Precedence: bulk\n" + WHOLE)
    assert (listed.fields["no_auto_answer"], listed.kind) == ("yes", "list")
