"""What a post says, whatever its encoding, and however strange it is."""

from contextlib import suppress
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._webform.decode import JSON, MULTIPART, TEXT_LIMIT, URLENCODED, Post, decode
from connectors._webform.submission import (
    LENGTHS,
    MOST_FIELDS,
    File,
    Submission,
    file_name,
    file_type,
    line,
    submission,
)
from normalizer.errors import Rejected

# What a browser can post: any Unicode but lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def part(name: str, value: bytes, extra: str = "") -> bytes:
    """One part of a multipart body."""
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + value + b"\r\n"


def multipart(*parts: bytes) -> Post:
    """A multipart body, decoded."""
    return decode(f"{MULTIPART}; boundary=B", b"".join(parts) + b"--B--\r\n")


def reason(content_type: str, body: bytes) -> tuple[str, str]:
    """Why a body is refused: the slug and the sentence."""
    with pytest.raises(Rejected) as caught:
        decode(content_type, body)
    return caught.value.reason, str(caught.value)


@given(fields=st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_urlencoded_fields_come_back(fields: list[tuple[str, str]]) -> None:
    """What a browser encodes is what was typed."""
    assert decode(URLENCODED, urlencode(fields).encode()).fields == tuple(fields)


@given(fields=st.dictionaries(TEXT, TEXT, max_size=8))
def test_json_fields_come_back(fields: dict[str, str]) -> None:
    """What a script posts is what was typed."""
    assert decode("Application/JSON; charset=utf-8", msgspec.json.encode(fields)).fields == tuple(fields.items())


@given(values=st.lists(st.binary(max_size=40).filter(lambda value: b"--B" not in value), max_size=5))
def test_files_come_back(values: list[bytes]) -> None:
    """Any bytes can be attached."""
    parts = [part("f", value, f'; filename="{number}"') for number, value in enumerate(values)]
    assert [upload.content for upload in multipart(*parts).uploads] == values


def test_json_values_become_text() -> None:
    """Numbers, truth values and lists of texts are fields; null is none."""
    body = b'{"order": 42, "price": 1.5, "urgent": true, "topics": ["a", "b"], "nothing": null}'
    expected = (("order", "42"), ("price", "1.5"), ("urgent", "true"), ("topics", "a"), ("topics", "b"))
    assert decode(JSON, body).fields == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("name=J\xf6rg".encode("latin-1"), "Jörg"),
        (b"name=J%F6rg", "Jörg"),
        (b"name=%80", "€"),
    ],
)
def test_old_pages_post_windows_1252(body: bytes, expected: str) -> None:
    """Text that is not UTF-8 is read as browsers read it, and it is noted."""
    assert decode(URLENCODED, body) == Post((("name", expected),), guessed=True)


def test_an_input_without_a_file_is_nothing() -> None:
    """Browsers post an empty part with an empty name for it."""
    post = multipart(part("message", b"hi"), part("attachments", b"", '; filename=""'))
    assert post == Post((("message", "hi"),))


@pytest.mark.parametrize(
    ("content_type", "body", "expected", "words"),
    [
        (JSON, b"{", "not-json", "check what is posted"),
        (JSON, b'{"a": "\xff"}', "not-json", "check what is posted"),
        (JSON, rb'{"a": "\ud800"}', "not-json", "check what is posted"),
        (JSON, b"[" * 100_000, "not-json", "check what is posted"),
        (JSON, b'["a"]', "not-an-object", 'post {"message"'),
        (JSON, b'{"a": {"b": 1}}', "nested-field", "'a' is neither text nor a list of texts: send it flat"),
        (JSON, b'{"a": [[1]]}', "nested-field", "send it flat"),
        (JSON, b'{"a": [' + b"1," * 200 + b"1]}", "too-many-fields", "at most 200 fields and files"),
        (JSON, b" " * (TEXT_LIMIT + 1), "too-large", "more than 262144 bytes together"),
        (URLENCODED, b"a=1&" * 201, "too-many-fields", "at most 200 fields and files"),
        (URLENCODED, b"a=" + b"x" * TEXT_LIMIT, "too-large", "more than 262144 bytes together"),
        (MULTIPART, b"--B--", "not-multipart", "check what is posted"),
        (f"{MULTIPART}; boundary=B", b"hello", "not-multipart", "check what is posted"),
        (f"{MULTIPART}; boundary=B", part("a", b"1"), "not-multipart", "it was cut on its way"),
        (f"{MULTIPART}; boundary=B", b"", "not-multipart", "it was cut on its way"),
        (f"{MULTIPART}; boundary=B", b"--B\r\n\r\nx\r\n--B--\r\n", "not-multipart", "a part of the form has no name"),
        (
            f"{MULTIPART}; boundary=B",
            part("a", b"") * 201 + b"--B--",
            "too-many-fields",
            "at most 200 fields and files",
        ),
        (f"{MULTIPART}; boundary=B", part("a", b"x" * TEXT_LIMIT) + b"--B--", "too-large", "more than 262144 bytes"),
        ("text/plain", b"a=1", "unknown-content-type", "'text/plain'"),
        ("", b"a=1", "unknown-content-type", "post application/json or a form"),
    ],
)
def test_broken_bodies_say_what_to_do(content_type: str, body: bytes, expected: str, words: str) -> None:
    """Every refusal has a slug to count and a sentence to act on."""
    slug, sentence = reason(content_type, body)
    assert slug == expected
    assert words in sentence


@given(
    body=st.binary(max_size=200),
    content_type=st.sampled_from([JSON, URLENCODED, f"{MULTIPART}; boundary=B", MULTIPART]),
)
def test_garbage_is_decoded_or_rejected(body: bytes, content_type: str) -> None:
    """Whatever a stranger posts, there is no third way."""
    for each in (body, b"--B" + body, part("a", body), part("a", body) + b"--B--"):
        with suppress(Rejected):
            assert isinstance(decode(content_type, each), Post)


def test_standard_fields_and_others() -> None:
    """The five standard names are known in any case; every other field is kept under its own name."""
    found = submission(
        (("Name", " Ann "), ("EMAIL", "ann@x.org"), ("message", "hi"), ("Order no.", "7"), ("empty", " "))
    )
    assert found == Submission(name="Ann", email="ann@x.org", message="hi", fields={"Order no.": "7"})


def test_repeated_fields_are_all_kept() -> None:
    """Ticked boxes are one field; a second message is not lost."""
    found = submission((("topic", "a"), ("topic", "b"), ("message", "one"), ("message", "two")))
    assert found == Submission(message="one", fields={"topic": "a, b", "message": "two"})


def test_line_breaks_stay_only_in_the_message() -> None:
    """A subject cannot smuggle a header into a mail that is made of it one day."""
    found = submission((("subject", "Hi\r\nBcc: all@x.org"), ("message", "one\r\ntwo\rthree\x00\x1b[2J")))
    assert (found.subject, found.message) == ("Hi Bcc: all@x.org", "one\ntwo\nthree[2J")
    assert found.cleaned is True


def test_ordinary_text_is_not_called_cleaned() -> None:
    """Line breaks of a message, tabs and outer spaces are no reason for a note."""
    assert submission((("subject", " Hi \n"), ("message", "one\r\n\ttwo\r\n"))).cleaned is False


@given(fields=st.lists(st.tuples(st.sampled_from([*LENGTHS, "other", "x\n"]), TEXT), max_size=8).map(tuple))
def test_single_lines_are_single(fields: tuple[tuple[str, str], ...]) -> None:
    """No control character survives in a name, an address, a subject or a field's name."""
    found = submission(fields)
    for text in (found.name, found.email, found.phone, found.subject, *found.fields):
        assert line(text) == text
        assert all(ord(letter) >= 32 for letter in text)


def test_lengths_are_bounded() -> None:
    """What is too long is cut and said."""
    found = submission((("subject", "s" * 501), ("note", "n" * 5_001)))
    assert (len(found.subject), len(found.fields["note"])) == (500, 5_000)
    assert found.cut == ("subject is longer than 500 characters", "note is longer than 5000 characters")


def test_the_number_of_fields_is_bounded() -> None:
    """More fields than a form has are cut and said."""
    found = submission(tuple((f"field {number}", "x") for number in range(MOST_FIELDS + 1)))
    assert len(found.fields) == MOST_FIELDS
    assert found.cut == ("there are more than 64 fields",)


def test_honeypot_and_key_are_no_content() -> None:
    """The fields that are there for us are not shown to agents."""
    found = submission((("website", "spam"), ("submission_id", "abc"), ("message", "hi")), honeypot="website")
    assert found == Submission(message="hi", key="abc")


def test_digest_is_of_the_content() -> None:
    """The same content in another order, encoding or under another key has the same digest; other content has not."""
    one = submission((("message", "hi"), ("a", "1"), ("b", "2"), ("submission_id", "k1")))
    same = submission((("b", "2"), ("a", "1"), ("message", "hi "), ("submission_id", "k2")))
    other = submission((("message", "hi!"), ("a", "1"), ("b", "2")))
    with_file = submission((("message", "hi"), ("a", "1"), ("b", "2")), [File("f", "x.txt", "text/plain", 1, "ab")])
    assert one.digest == same.digest
    assert len({one.digest, other.digest, with_file.digest}) == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("photo.jpg", "photo.jpg"),
        ("C:\\Users\\ann\\photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        (".htaccess", "htaccess"),
        ("..", "attachment"),
        ("", "attachment"),
        ("a\r\nb\x00.txt", "a b .txt"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
    ],
)
def test_file_names_are_safe_to_show_and_to_save(name: str, expected: str) -> None:
    """Of a file's name only its last part counts."""
    assert file_name(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Text/HTML; charset=utf-8", "text/html"),
        ("", "application/octet-stream"),
        ("<script>", "application/octet-stream"),
    ],
)
def test_file_types_are_media_types(text: str, expected: str) -> None:
    """What is no media type is of no known type."""
    assert file_type(text) == expected
