"""Bytes to text, when the charset they claim is missing, unknown or wrong."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

import charset_normalizer

# What mail says, and what it means. The supersets on the right read everything that the left one can say
# (WHATWG Encoding Standard, section 4.2; RFC 1468 with the usual vendor extensions).
_MEANT = {
    "ascii": "us-ascii",
    "ansi_x3.4-1968": "us-ascii",
    "646": "us-ascii",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "x-x-big5": "cp950",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "korean": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "cp50220": "iso-2022-jp",
    "cp50221": "iso-2022-jp",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "iso-8859-1-windows-3.1-latin-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "x-ansi": "cp1252",
    "ansi": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "logical": "iso-8859-8",
    "visual": "iso-8859-8",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "koi8": "koi8_r",
    "koi": "koi8_r",
    "utf": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-utf-8": "utf-8",
    "unicode": "utf-16",
}
# Python codecs that are no charset of any mail and would read text as something else.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
_CANDIDATES = [
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("gb18030", "cp950", "cp932", "euc_jp", "cp949", "iso8859_2", "iso8859_5", "mac_roman", "cp866"),
]
_SAMPLE = 4096  # bytes the detector looks at: enough to tell, and bounded in time
_JIS_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\([DOPQ]|\([BJI])")
_NO_LETTERS = bytes(range(0x80))


@lru_cache(maxsize=512)
def codec(charset: str) -> str:
    """The Python codec that reads what mail calls `charset`, "" when nobody knows it."""
    name = charset.strip(" '\"\t;").lower()
    name = _MEANT.get(name, name)
    if name.startswith(("windows-", "cp-", "x-cp", "ibm-")):
        name = "cp" + re.sub(r"\D", "", name)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    if found.name.replace("-", "_") in _NO_CHARSETS or not getattr(found, "_is_text_encoding", True):
        return ""
    return _MEANT.get(found.name, found.name)


def to_text(data: bytes, charset: str, hint: str = "") -> tuple[str, str]:
    """`data` as text and what had to be guessed: "", ``charset-guessed`` or ``charset-wrong``.

    `hint` is the charset of something near, tried before the detector. Never raises; no lone surrogates.
    """
    name = codec(charset) if charset else ""
    if data.isascii() and name not in _ESCAPING:
        return data.decode("ascii"), ""
    if name in ("", "us-ascii", "ascii", "cp1252"):
        # Text that is valid UTF-8 beyond ASCII was never meant as anything else.
        unmarked = _strict(data, "utf-8-sig")
        if unmarked is not None:
            return unmarked, "charset-wrong" if charset else "charset-guessed"
    if name not in ("", "us-ascii", "ascii"):
        declared = _jis(data) if name.startswith("iso2022_jp") else _strict(data, name)
        if declared is None and name == "cp1252":
            declared = data.decode("cp1252", "replace")
        if declared is not None:
            return declared, ""
    return _guess(data, name, hint), "charset-wrong" if charset else "charset-guessed"


_ESCAPING = {"utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"} | {
    *("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_jp_2004", "iso2022_kr"),
    *("cp037", "cp500", "cp1140", "cp273"),
}


def _strict(data: bytes, name: str) -> str | None:
    try:
        text = data.decode(name)
        text.encode("utf-8")  # utf-7 and utf-16 can give lone surrogates
    except (UnicodeError, LookupError, ValueError):
        return None
    return text.removeprefix("\ufeff")


def _guess(data: bytes, name: str, hint: str) -> str:
    for candidate in ("utf-8-sig", codec(hint) if hint else ""):
        text = _strict(data, candidate) if candidate and candidate != "us-ascii" else None
        if text is not None:
            return text
    if name and _nearly(data, name):
        return data.decode(name, "replace")
    detected = _detect(data)
    return data.decode(detected, "replace")


def _nearly(data: bytes, name: str) -> bool:
    """True when the declared charset reads all but a few characters, such as the last one of a cut body."""
    try:
        text = data[:_SAMPLE].decode(name, "replace")
        text.encode("utf-8")
    except (UnicodeError, LookupError, ValueError):
        return False
    beyond = sum(not char.isascii() for char in text)
    return text.count("\ufffd") * 5 <= beyond


def _detect(data: bytes) -> str:
    sample = data if len(data) <= _SAMPLE else data[:_SAMPLE]
    if len(sample.translate(None, _NO_LETTERS)) < 8:  # too little evidence for statistics
        return "cp1252"
    best = charset_normalizer.from_bytes(
        sample, steps=3, chunk_size=512, cp_isolation=_CANDIDATES, preemptive_behaviour=False
    ).best()
    return best.encoding if best is not None else "cp1252"


def _jis(data: bytes) -> str | None:
    """ISO-2022-JP with the vendor characters of CP50221 (NEC row 13, half-width kana), which Python refuses."""
    text = _strict(data, "iso2022_jp_ext")
    if text is not None or b"\x1b" not in data:
        return text
    pieces = _JIS_ESCAPE.split(data)
    found = [pieces[0].decode("cp932", "replace")]
    for escape, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if escape in (b"$B", b"$@"):
            lines = (bytes(byte | 0x80 if byte > 0x20 else byte for byte in line) for line in piece.splitlines(True))
            found.extend(_euc_vendor(line) for line in lines)
        elif escape == b"(I":
            found.append(bytes(byte | 0x80 if byte > 0x20 else byte for byte in piece).decode("cp932", "replace"))
        else:
            found.append(piece.decode("cp932", "replace"))
    return "".join(found)


def _euc_vendor(line: bytes) -> str:
    """A line of JIS X 0208 pairs (high bits set), read as CP932, which knows the vendor rows."""
    found = bytearray()
    pairs = iter(range(0, len(line) - 1, 2))
    for at in pairs:
        first, second = line[at] & 0x7F, line[at + 1] & 0x7F
        if first < 0x21 or second < 0x21:
            found += b"?"
            continue
        lead = (first - 0x21) // 2 + (0x81 if first < 0x5F else 0xC1)
        trail = second + (0x1F if second < 0x60 else 0x20) if first % 2 else second + 0x7E
        found += bytes((lead, trail))
    tail = "\n" if line.endswith((b"\n", b"\r")) else ""
    return found.decode("cp932", "replace") + tail
