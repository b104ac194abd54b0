"""From the bytes of a post to its fields and files; bounded, and pure.

Three media types: JSON, ``application/x-www-form-urlencoded`` (WHATWG URL standard, section 5) and
``multipart/form-data`` (RFC 7578).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from normalizer.errors import Rejected

JSON = "application/json"
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

TEXT_LIMIT = 256 * 1024
"""The most bytes that all fields of a post have together, without its files."""

_MOST_PARTS = 200

Fields = tuple[tuple[str, str], ...]


class Upload(msgspec.Struct, frozen=True):
    """A file of a multipart post, with its bytes."""

    field: str
    name: str
    content_type: str
    content: bytes


class Post(msgspec.Struct, frozen=True):
    """What was sent: fields in their order, names repeated as sent. `guessed`: a charset had to be guessed."""

    fields: Fields
    uploads: tuple[Upload, ...] = ()
    guessed: bool = False


def media_type(content_type: str) -> str:
    """The media type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def decode(content_type: str, body: bytes) -> Post:
    """The fields and files in a body. Raises `Rejected` for what is broken, over a limit or of another type."""
    kind = media_type(content_type)
    if kind != MULTIPART and len(body) > TEXT_LIMIT:
        raise _too_large()
    if kind == JSON:
        return _json(body)
    if kind == URLENCODED:
        return _urlencoded(body)
    if kind == MULTIPART:
        return _multipart(parse_options_header(content_type)[1].get(b"boundary", b""), body)
    raise Rejected("unknown-content-type", f"a form cannot be read as {kind[:80]!r}: post {JSON} or a form")


def _too_large() -> Rejected:
    return Rejected("too-large", f"the fields have more than {TEXT_LIMIT} bytes together: send less text")


def _too_many() -> Rejected:
    return Rejected("too-many-fields", f"a form has at most {_MOST_PARTS} fields and files: send fewer")


def _json(body: bytes) -> Post:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Rejected("not-json", f"the body is not JSON ({error}): check what is posted") from error
    if not isinstance(found, dict):
        raise Rejected("not-an-object", 'the JSON is no object: post {"message": "…"}')
    fields: list[tuple[str, str]] = []
    for name, value in found.items():
        values = value if isinstance(value, list) else [value]
        fields.extend((name, _text(name, each)) for each in values if each is not None)
        if len(fields) > _MOST_PARTS:
            raise _too_many()
    return Post(tuple(fields))


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return msgspec.json.encode(value).decode()
    raise Rejected("nested-field", f"the field {name[:80]!r} is neither text nor a list of texts: send it flat")


def _urlencoded(body: bytes) -> Post:
    # Latin-1 carries every byte unchanged through the parser; the charset is decided for each value below.
    try:
        found = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=_MOST_PARTS
        )
    except ValueError as error:
        raise _too_many() from error
    return _texts([(name.encode("latin-1"), value.encode("latin-1")) for name, value in found])


def _texts(pairs: list[tuple[bytes, bytes]], uploads: tuple[Upload, ...] = ()) -> Post:
    """Fields of UTF-8, or of what old pages post without saying so (WHATWG: windows-1252)."""
    guessed = False
    fields = []
    for pair in pairs:
        try:
            name, value = (part.decode() for part in pair)
        except UnicodeDecodeError:
            guessed = True
            name, value = (part.decode("cp1252", "replace") for part in pair)
        fields.append((name, value))
    return Post(tuple(fields), uploads, guessed)


def _multipart(boundary: bytes, body: bytes) -> Post:
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())  # it refuses a boundary over RFC 2046's length
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Rejected(
            "not-multipart", f"the body is not multipart/form-data ({error}): check what is posted"
        ) from error
    if not parts.complete:
        raise Rejected("not-multipart", "the multipart body has no end: it was cut on its way, send it again")
    if sum(len(name) + len(value) for name, value in parts.fields) > TEXT_LIMIT:
        raise _too_large()
    return _texts(parts.fields, tuple(parts.uploads))


class _Parts:
    """Collects what the multipart parser finds."""

    def __init__(self) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.uploads: list[Upload] = []
        self.complete = False
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._data = bytearray()

    def callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.fields) + len(self.uploads) >= _MOST_PARTS:
            raise _too_many()
        self._headers, self._data = {}, bytearray()

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _part_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        field = options.get(b"name")
        if field is None:
            raise Rejected("not-multipart", "a part of the form has no name: give each a Content-Disposition with one")
        if b"filename" not in options:
            self.fields.append((field, bytes(self._data)))
        elif self._data or options[b"filename"]:  # browsers post an empty part for an input without a file
            self.uploads.append(
                Upload(
                    field.decode("utf-8", "replace"),
                    options[b"filename"].decode("utf-8", "replace"),
                    self._headers.get(b"content-type", b"").decode("latin-1"),
                    bytes(self._data),
                )
            )

    def _end(self) -> None:
        self.complete = True
