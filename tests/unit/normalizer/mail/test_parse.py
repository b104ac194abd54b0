"""Bytes to `Mail`: headers, MIME trees, bodies and attachments of sound and of broken mails."""

from __future__ import annotations

import base64

import pytest

from normalizer.mail.parse import parse
from normalizer.mail.parsed import Mail


def mail(head: str, body: str = "", *, ending: str = "\n") -> Mail:
    """A mail written with plain line feeds, parsed with the line ends of the test."""
    return parse((head.strip("\n") + "\n\n" + body).replace("\n", ending).encode())


MIXED = """
Content-Type: multipart/mixed; boundary=b
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_three_ways(ending: str) -> None:
    """LF, CRLF and CR mails give the same headers and the same text."""
    found = mail("Subject: one\n two\nFrom: a@b.example", "first\nsecond\n", ending=ending)
    assert found.header("SUBJECT") == "one two"
    assert found.text == "first\nsecond\n"


def test_an_mbox_line_is_no_header() -> None:
    """A "From " line at the start is the envelope of a mailbox file."""
    found = parse(b"From a@b.example Mon Jan  1 00:00:00 2024\nSubject: x\n\nbody")
    assert found.headers == (("Subject", "x"),)


def test_a_forgotten_blank_line() -> None:
    """The first line that cannot be a header begins the body, and that is noted."""
    found = parse(b"Subject: x\nHello, this is text.\nMore of it.\n")
    assert found.text == "Hello, this is text.\nMore of it.\n"
    assert "no-blank-line" in found.degradations


def test_junk_between_headers() -> None:
    """A line that is no header, with headers after it, is left out and noted."""
    found = parse(b"Subject: x\njunk without a colon\nFrom: a@b.example\n\nbody")
    assert found.header("from") == "a@b.example"
    assert "header-junk" in found.degradations


def test_bytes_without_any_header_are_a_body() -> None:
    """Plain text is a mail without headers."""
    assert parse(b"just text").text == "just text"


@pytest.mark.parametrize("name", ["Note", "One", "FW", "Von", "P.S."])
def test_a_text_that_begins_like_a_header_is_a_body(name: str) -> None:
    """A first line "Word: …" is no header when no field that mails have stands beside it, and that is noted."""
    data = f"{name}: this is text\n\nMore of it.\n".encode()
    found = parse(data)
    assert (found.text, found.headers) == (data.decode(), ())
    assert "no-blank-line" in found.degradations


@pytest.mark.parametrize("beside", [b"From: a@b.example\n", b"X-Ticket: 1\n", b"Content-Type: text/plain\n"])
def test_an_unusual_header_beside_a_usual_one(beside: bytes) -> None:
    """One field that mails have makes all lines of the block headers."""
    found = parse(b"Note: x\n" + beside + b"\nbody")
    assert (found.header("note"), found.text) == ("x", "body")


def test_the_line_of_an_mbox_makes_any_header_one() -> None:
    """Behind the envelope of a mailbox file stands a mail, whatever its fields are called."""
    found = parse(b"From a@b.example Mon Jan  1 00:00:00 2024\nNote: x\n\nbody")
    assert (found.header("note"), found.text) == ("x", "body")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"=?utf-8?q?J=C3=BCrgen?=", "Jürgen"),
        (b"=?utf-8?b?w4Q=?= =?utf-8?b?w5Y=?=", "ÄÖ"),
        (b"=?utf-8?b?4oKs4g==?=\n =?utf-8?b?gqw=?=", "€€"),
        (b"=?gb2312?b?1tDOxA==?=", "中文"),
        (b"=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?utf-8?q?with spaces inside?=", "with spaces inside"),
        ("Grüße".encode(), "Grüße"),
        ("Grüße".encode("cp1252"), "Grüße"),
        (b"\x1b$BF|K\\\x1b(B", "日本"),
        (b"no =?utf-8?q word", "no =?utf-8?q word"),
    ],
)
def test_subjects(header: bytes, expected: str) -> None:
    """RFC 2047 words, words split inside a character, 8-bit and ISO-2022-JP bytes."""
    assert parse(b"Subject: " + header + b"\n\n").header("subject") == expected


def test_decoded_names_stay_apart_from_addresses() -> None:
    """A decoded name with a comma is quoted, so that the header still parses as addresses."""
    found = parse(b"From: =?utf-8?q?Doe=2C_J=C3=B6?= <j@x.example>\n\n")
    assert found.header("from") == '"Doe, Jö" <j@x.example>'


def test_alternatives() -> None:
    """Plain text and HTML are two forms of one body; neither is an attachment."""
    found = mail(
        "Content-Type: multipart/alternative; boundary=b",
        "--b\nContent-Type: text/plain\n\nplain\n--b\nContent-Type: text/html\n\n<b>rich</b>\n--b--\n",
    )
    assert (found.text, found.html, found.attachments) == ("plain", "<b>rich</b>", ())


def test_the_example_of_rfc_8621() -> None:
    """Section 4.1.4: text is A, B, D, K; HTML is A, E, K; C, F, G, H, J are attachments."""

    def part(name: str, kind: str, disposition: str = "") -> str:
        return (
            f"Content-Type: {kind}\n" + (f"Content-Disposition: {disposition}\n" if disposition else "") + f"\n{name}\n"
        )

    def multi(kind: str, boundary: str, *parts: str) -> str:
        lines = "".join(f"--{boundary}\n{each}" for each in parts)
        return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{lines}--{boundary}--\n"

    plains = multi("mixed", "b4", part("B", "text/plain"), part("C", "image/jpeg", "inline"), part("D", "text/plain"))
    related = multi("related", "b5", part("E", "text/html"), part("F", "image/jpeg"))
    inner = multi(
        "mixed",
        "b2",
        multi("alternative", "b3", plains, related),
        part("G", "image/jpeg", "attachment"),
        part("H", "application/x-excel"),
        part("J", "message/rfc822"),
    )
    found = parse(multi("mixed", "b1", part("A", "text/plain"), inner, part("K", "text/plain")).encode())
    assert found.text.split() == ["A", "B", "D", "K"]
    assert found.html.split() == ["A", "E", "K"] or found.html == "E"
    assert [each.content.strip() for each in found.attachments] == [b"C", b"F", b"G", b"H", b"J"]


def test_a_mail_in_a_mail_is_one_attachment() -> None:
    """A message/rfc822 is a leaf: its bytes are kept, its text is not ours."""
    found = mail(MIXED, "--b\n\nours\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ntheirs\n--b--\n")
    assert found.text == "ours"
    assert found.attachments[0].content == b"Subject: inner\n\ntheirs"


def test_an_unclosed_last_part_is_a_file_and_is_shown_when_it_is_all_there_is() -> None:
    """A mail that was cut keeps what is left of it, in both places, and says so."""
    found = mail(MIXED, "--b\nContent-Type: text/plain\n\nhalf a sen")
    assert found.text == "half a sen"
    assert len(found.attachments) == 1
    assert "unclosed" in found.degradations


def test_boundaries_compare_whole_lines_first() -> None:
    """A boundary that begins like another one does not end the other's part."""
    inner = "--ab\n\ninner\n--ab--\n"
    found = mail(
        "Content-Type: multipart/mixed; boundary=a",
        f"--a\nContent-Type: multipart/mixed; boundary=ab\n\n{inner}--a\n\nouter\n--a--\n",
    )
    assert found.text.split() == ["inner", "outer"]


def test_a_wrong_boundary_is_guessed() -> None:
    """When the named boundary is nowhere, the one in front of the part headers counts."""
    found = mail(MIXED, "--other\nContent-Type: text/plain\n\nhello\n--other--\n")
    assert found.text == "hello"
    assert "boundary-guessed" in found.degradations


def test_a_multipart_without_parts_is_shown_as_text() -> None:
    """Nothing is lost when there is no boundary at all."""
    found = mail(MIXED, "some words\n")
    assert found.text == "some words\n"
    assert "boundary-missing" in found.degradations


def test_parts_after_a_closing_line_are_kept() -> None:
    """Some mailers close a multipart too early."""
    found = mail(MIXED, "--b\n\none\n--b--\n--b\n\ntwo\n--b--\n")
    assert found.text.split() == ["one", "two"]


@pytest.mark.parametrize(
    ("encoding", "body", "expected"),
    [
        ("base64", "aGVs\nbG8=\n", "hello"),
        ("base64", "aGVsbG8=\n-- \na footer that is no base64\n", "hello"),
        ("base64", "aGVsbG8h*aGVsbG8h\n", "hello!hello!"),
        ("base64", "?garbage", "?garbage"),
        ("BASE64", "aGVsbG8", "hello"),
        ("base64", "this was never encoded, whatever they say.", "this was never encoded, whatever they say."),
        ("quoted-printable", "a=3Db=\nc=C3=A9", "a=bcé"),
        ("quoted-printable", "100% = all =ZZ", "100% = all =ZZ"),
        ("x-unknown", "kept", "kept"),
        ("x-uuencode", "begin 644 f\n%:&5L;&\\\n`\nend\n", "hello"),
    ],
)
def test_transfer_encodings(encoding: str, body: str, expected: str) -> None:
    """Broken encodings give what can be read of them."""
    head = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}"
    assert mail(head, body).text == expected


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ('filename="a b.txt"', "a b.txt"),
        ("filename=a b.txt", "a b.txt"),
        ("filename*=utf-8''%E2%82%AC.txt", "€.txt"),
        ("filename*0=very; filename*1=long.txt", "verylong.txt"),
        ("filename*0*=utf-8'de'%E2%82; filename*1*=%AC.txt", "€.txt"),
        ('filename="=?utf-8?q?=E2=82=AC?=.txt"', "€.txt"),
        ("name=x", ""),
    ],
)
def test_file_names(parameter: str, expected: str) -> None:
    """RFC 2231 with continuations, and the ways in which it is not followed."""
    found = mail(MIXED, f"--b\nContent-Disposition: attachment; {parameter}\n\nx\n--b--\n")
    assert found.attachments[0].name == expected


def test_flowed_text() -> None:
    """RFC 3676: soft breaks go, quotes keep their depth, signatures stay."""
    text = "one \ntwo\n> old \n> older\n>> oldest\n-- \nme\n"
    found = mail("Content-Type: text/plain; format=flowed", text)
    assert found.text == "one two\n> old older\n>> oldest\n-- \nme\n"


def test_a_plain_part_that_points_to_the_html() -> None:
    """A stub gives way to the text of the HTML; a real text does not."""
    head = "Content-Type: multipart/alternative; boundary=b"
    rich = "--b\nContent-Type: text/html\n\n<p>Offer</p>\n--b--\n"
    stub = mail(head, f"--b\n\nPlease view this mail in an HTML capable client.\n{rich}")
    real = mail(head, f"--b\n\nThe offer.\nYour client does not support HTML.\n{rich}")
    assert stub.text == "Offer"
    assert real.text.startswith("The offer.")


def test_amp_is_no_attachment() -> None:
    """The AMP form of a body is neither text nor file."""
    found = mail(
        "Content-Type: multipart/alternative; boundary=b",
        "--b\n\nplain\n--b\nContent-Type: text/x-amp-html\n\n<html amp4email>\n--b--\n",
    )
    assert (found.text, found.attachments) == ("plain", ())


def test_encrypted_mail_says_so() -> None:
    """There is nothing to read, and a person learns why."""
    found = mail(
        'Content-Type: multipart/encrypted; boundary=b; protocol="application/pgp-encrypted"',
        "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b--\n",
    )
    assert "encrypted" in found.degradations


def test_winmail_dat() -> None:
    """The files in a TNEF packet come out, and the packet goes."""

    def item(level: int, attribute: int, content: bytes) -> bytes:
        return bytes([level]) + attribute.to_bytes(4, "little") + len(content).to_bytes(4, "little") + content + b"\0\0"

    packet = (
        b"\x78\x9f\x3e\x22\0\0"
        + item(1, 0x0002800C, b"the text\0")
        + item(2, 0x00069002, b"")
        + item(2, 0x00018010, b"note.txt\0")
        + item(2, 0x0006800F, b"content")
    )
    encoded = base64.encodebytes(packet).decode()
    found = mail("Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64", encoded)
    assert [(each.name, each.content) for each in found.attachments] == [("note.txt", b"content")]
    assert found.text == "the text"
    assert "tnef" in found.degradations
