"""What Outlook packs into ``winmail.dat``: [MS-OXTNEF], as much of it as a reader of mail needs.

Own code, since the library for it loops over counts that the sender may choose freely.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from normalizer.mail import charset

MAX_OBJECTS = 5000
MAX_PROPERTIES = 2000
TYPES = {"application/ms-tnef", "application/vnd.ms-tnef"}

_SIGNATURE = 0x223E9F78
_HEADER = struct.Struct("<BII")  # level, attribute, length ([MS-OXTNEF] 2.1.3.1)
_RENDER, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_BODY, _MESSAGE, _CODEPAGE = 0x0002800C, 0x00069003, 0x00069007
# MAPI property ids ([MS-OXPROPS]).
_PLAIN, _HTML = 0x1000, 0x1013
_FILE_DATA, _SHORT_NAME, _LONG_NAME, _MIME, _CID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_WIDTHS = {0x0002: 4, 0x0003: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4}
_WIDTHS |= {0x0014: 8, 0x0040: 8, 0x0048: 16}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102


@dataclass(slots=True)
class File:
    """One file in the packet."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Packet:
    """What was in it; `text` and `html` are "" when it has no such body."""

    text: str = ""
    html: str = ""
    files: list[File] = field(default_factory=list)


def unpack(data: bytes) -> Packet | None:
    """The content of a TNEF stream, None when `data` is none. Never raises; a broken stream gives its sound part."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return None
    packet = Packet()
    codepage = "cp1252"
    for attribute, content in _objects(data):
        if attribute == _CODEPAGE and len(content) >= 4:
            codepage = f"cp{struct.unpack_from('<I', content)[0]}"
        elif attribute == _BODY:
            packet.text = packet.text or _string(content, codepage)
        elif attribute == _MESSAGE:
            _message(packet, content, codepage)
        elif attribute == _RENDER:
            packet.files.append(File())
        elif packet.files:
            _file(packet.files[-1], attribute, content, codepage)
    packet.files = [each for each in packet.files if each.content]
    return packet


def _objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(MAX_OBJECTS):
        if at + _HEADER.size > len(data):
            return
        _, attribute, length = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        yield attribute, data[at : at + length]
        at += length + 2  # the checksum is not worth losing a file for


def _message(packet: Packet, data: bytes, codepage: str) -> None:
    for name, kind, value in _properties(data):
        if name == _HTML:
            packet.html = _string(value, "utf-16-le" if kind == _UNICODE else codepage)
        elif name == _PLAIN:
            packet.text = _string(value, "utf-16-le" if kind == _UNICODE else codepage)


def _file(file: File, attribute: int, data: bytes, codepage: str) -> None:
    if attribute == _TITLE:
        file.name = file.name or _string(data, codepage)
    elif attribute == _DATA:
        file.content = data
    elif attribute == _PROPERTIES:
        for name, kind, value in _properties(data):
            text = _string(value[:1024], "utf-16-le" if kind == _UNICODE else codepage)
            if name == _LONG_NAME or (name == _SHORT_NAME and not file.name):
                file.name = text or file.name
            elif name == _MIME:
                file.content_type = text.lower()
            elif name == _CID:
                file.content_id = text
            elif name == _FILE_DATA and not file.content:
                file.content = value


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The id, type and first value of each property ([MS-OXTNEF] 2.1.3.4), up to the first broken one."""
    try:
        count = min(struct.unpack_from("<I", data)[0], MAX_PROPERTIES)
        at = 4
        for _ in range(count):
            kind, name = struct.unpack_from("<HH", data, at)
            at += 4
            if name >= 0x8000:
                at = _skip_name(data, at)
            values, at = _values(data, at, kind)
            yield name, kind & 0x0FFF, values
    except struct.error:
        return


def _skip_name(data: bytes, at: int) -> int:
    (named,) = struct.unpack_from("<I", data, at + 16)
    if not named:
        return at + 24
    length = int(struct.unpack_from("<I", data, at + 20)[0])
    return at + 24 + length + -length % 4


def _values(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    base = kind & 0x0FFF
    width = _WIDTHS.get(base)
    count = 1
    if kind & 0x1000 or base in (_STRING, _UNICODE, _OBJECT, _BINARY):
        (count,) = struct.unpack_from("<I", data, at)
        at += 4
    if count > MAX_PROPERTIES:
        raise struct.error
    first = b""
    for index in range(count):
        if width is None:
            if base not in (_STRING, _UNICODE, _OBJECT, _BINARY):
                raise struct.error
            (length,) = struct.unpack_from("<I", data, at)
            at += 4
        else:
            length = width
        if index == 0:
            first = data[at : at + length]
        at += length + -length % 4
    return first, at


def _string(data: bytes, name: str) -> str:
    return charset.to_text(data, name)[0].rstrip("\0").replace("\0", "")
