"""What a post means: a person, a subject, a message, further fields and files. Pure.

Nothing is trusted: single-line fields lose line breaks and control characters (header injection, CWE-93), and
every part has a largest length. The raw record keeps what was really sent.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import msgspec

from connectors._webform.decode import Fields

LENGTHS = {"name": 200, "email": 320, "phone": 64, "subject": 500, "message": 100_000}
"""The standard fields and the most characters that each has."""

KEY_FIELD = "submission_id"
"""The hidden field that tells a second click from a second message."""

MOST_FIELDS = 64
_FIELD_NAME = 100
_FIELD_VALUE = 5_000
_FILE_NAME = 255
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROL_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_LINE_END = re.compile("\r\n?|\u2028|\u2029")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")


class File(msgspec.Struct, frozen=True):
    """A file of a post; its bytes are in the blob store under `sha256`."""

    field: str
    name: str
    content_type: str
    size: int
    sha256: str


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A post, cleaned. `cut` says in a sentence each what was too long; `cleaned` that characters were removed."""

    name: str = ""
    email: str = ""
    phone: str = ""
    subject: str = ""
    message: str = ""
    fields: dict[str, str] = {}
    files: tuple[File, ...] = ()
    key: str = ""
    cut: tuple[str, ...] = ()
    cleaned: bool = False

    @property
    def empty(self) -> bool:
        """Whether it says nothing at all."""
        return not (self.subject or self.message or self.fields or self.files)

    @property
    def digest(self) -> str:
        """Equal for equal content, however it was encoded; the key is no part of it."""
        content = (self.name, self.email, self.phone, self.subject, self.message, self.fields)
        files = [(file.field, file.name, file.sha256) for file in self.files]
        return hashlib.sha256(msgspec.json.encode((content, files), order="sorted")).hexdigest()


def submission(fields: Fields, files: Iterable[File] = (), *, honeypot: str = "") -> Submission:
    """The submission in some fields. `honeypot` is the name of the field that is no part of the content."""
    standard: dict[str, str] = {}
    custom: dict[str, str] = {}
    key = ""
    cut: list[str] = []
    cleaned = False
    for name, value in fields:
        known = name.strip().lower()
        if known == honeypot or not value.strip():
            continue
        if known == KEY_FIELD:
            key = key or value.strip()
            continue
        several_lines = known == "message" or known not in LENGTHS
        text = _lines(value) if several_lines else line(value)
        cleaned |= (_CONTROL_IN_TEXT if several_lines else _CONTROL).search(value.strip()) is not None
        if known in LENGTHS and known not in standard:
            standard[known] = text
            continue
        label = line(name)[:_FIELD_NAME]
        custom[label] = f"{custom[label]}, {text}" if label in custom else text
    if len(custom) > MOST_FIELDS:
        cut.append(f"there are more than {MOST_FIELDS} fields")
        custom = dict(list(custom.items())[:MOST_FIELDS])
    return Submission(
        **{name: _bounded(name, text, LENGTHS[name], cut) for name, text in standard.items()},
        fields={name: _bounded(name, text, _FIELD_VALUE, cut) for name, text in custom.items()},
        files=tuple(files),
        key=key,
        cut=tuple(cut),
        cleaned=cleaned,
    )


def line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def file_name(text: str) -> str:
    """A file's own name without folders, safe to show; "attachment" when nothing is left."""
    own = line(re.split(r"[/\\]", text)[-1])
    return own[-_FILE_NAME:].lstrip(".") or "attachment"


def file_type(text: str) -> str:
    """The media type that a client says a file has, when it is one at all."""
    kind = text.partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream"


def _lines(text: str) -> str:
    return _CONTROL_IN_TEXT.sub("", _LINE_END.sub("\n", text)).strip()


def _bounded(name: str, text: str, limit: int, cut: list[str]) -> str:
    if len(text) > limit:
        cut.append(f"{name} is longer than {limit} characters")
    return text[:limit]
