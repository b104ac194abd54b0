"""Header values: 8-bit bytes and RFC 2047 encoded words to text."""

from __future__ import annotations

import binascii
import re

from normalizer.mail import charset

# Lenient: spaces and question marks inside the word are wrong, and seen every day.
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?(.*?)\?=(?!\?)", re.DOTALL)
_GAP = re.compile(r"(\?=)\s+(?==\?)")
_SPECIAL = re.compile(r"[,;:<>@()\[\]\"\\.]")
_HEX = re.compile(r"=([0-9A-Fa-f]{2})")


def decode(raw: bytes, hint: str = "") -> tuple[str, str]:
    """A header value as text and what was guessed (see `charset.to_text`). RFC 2047, RFC 6532."""
    text, note = _octets(raw, hint)
    if "=?" in text:
        text, odd = _replace(text, quoting=False)
        note = odd or note
    return text, note


def decode_addresses(raw: bytes, hint: str = "") -> tuple[str, str]:
    """The same for a header of addresses: decoded names are quoted where they hold specials.

    So the result still parses as RFC 5322 addresses: ``=?utf-8?q?Doe=2C_Jo?= <j@x>`` is ``"Doe, Jo" <j@x>``.
    """
    text, note = _octets(raw, hint)
    if "=?" in text:
        text, odd = _replace(text, quoting=True)
        note = odd or note
    return text, note


def _octets(raw: bytes, hint: str) -> tuple[str, str]:
    if b"\x1b$" in raw:
        return charset.to_text(raw, "iso-2022-jp")
    if raw.isascii():
        return raw.decode("ascii").replace("\x1b", ""), ""
    text, note = charset.to_text(raw, "", hint)
    return text, "header-" + note if note and not _is_utf8(raw) else ""


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _replace(text: str, *, quoting: bool) -> tuple[str, str]:
    text = _GAP.sub(r"\1", text)
    found: list[str] = []
    notes: list[str] = []
    at = 0
    words = list(_WORD.finditer(text))
    index = 0
    while index < len(words):
        word = words[index]
        found.append(text[at : word.start()])
        run = [word]
        while index + 1 < len(words) and words[index + 1].start() == words[index].end():
            index += 1
            run.append(words[index])
        index += 1
        at = run[-1].end()
        decoded, note = _run(run)
        if note:
            notes.append(note)
        if quoting:
            decoded = _quote(decoded, inside=text.count('"', 0, word.start()) % 2 == 1)
        found.append(decoded)
    found.append(text[at:])
    return "".join(found), notes[0] if notes else ""


def _run(words: list[re.Match[str]]) -> tuple[str, str]:
    """Adjacent words; those of one charset are joined first, since some senders split inside a character."""
    found: list[str] = []
    notes: list[str] = []
    pending = b""
    pending_charset = ""
    for word in words:
        name = word[1].split("*", 1)[0].lower()  # RFC 2231 section 5 puts a language after the star
        if pending and name != pending_charset:
            text, note = charset.to_text(pending, pending_charset)
            found.append(text)
            notes.append(note)
            pending = b""
        pending_charset = name
        pending += _payload(word[2], word[3])
    text, note = charset.to_text(pending, pending_charset)
    found.append(text)
    notes.append(note)
    odd = next((note for note in notes if note), "")
    return "".join(found), "header-" + odd if odd else ""


def _payload(encoding: str, payload: str) -> bytes:
    if encoding in "qQ":
        return _HEX.sub(lambda hit: chr(int(hit[1], 16)), payload.replace("_", " ")).encode("latin-1", "replace")
    data = re.sub(r"[^A-Za-z0-9+/]", "", payload.replace("-", "+") if "-" in payload else payload)
    if len(data) % 4 == 1:
        data = data[:-1]
    try:
        return binascii.a2b_base64(data + "=" * (-len(data) % 4))
    except binascii.Error:
        return b""


def _quote(text: str, *, inside: bool) -> str:
    if inside:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    if _SPECIAL.search(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text
