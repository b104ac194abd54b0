"""``text/plain; charset=utf-8``: a value and its parameters (RFC 2045 section 5.1, RFC 2231)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from normalizer.mail import charset, encoded_words

MAX_PARAMETERS = 100
_PARAMETER = re.compile(
    r"""([^=;\s"]{1,100})\s{0,20}=\s{0,20}(?:"((?:[^"\\]|\\.)*)(?:"|$)|([^;]*))""",
    re.DOTALL,
)
_SECTION = re.compile(r"^([^*]+)(?:\*(\d{1,3}))?(\*)?$")
_COMMENT = re.compile(r"\([^()]*\)")


def parse(raw: bytes, hint: str = "") -> tuple[str, dict[str, str]]:
    """The value in lower case, and its parameters by lower-case name. Never raises.

    Unquoted values run to the next semicolon, since senders forget to quote names with spaces.
    """
    text, _ = encoded_words.decode(raw, hint) if not raw.isascii() else (raw.decode("ascii"), "")
    value, _, rest = text.partition(";")
    value = value.strip()
    if " " in value or "(" in value:
        value = _COMMENT.sub("", value).strip()
        if " " in value:  # "text/plain charset=utf-8": the semicolon was forgotten
            value, _, forgotten = value.partition(" ")
            rest = forgotten + ";" + rest
    return value.strip(" \t\"'").lower(), _parameters(rest)


def _parameters(rest: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, hit in enumerate(_PARAMETER.finditer(rest)):
        if count >= MAX_PARAMETERS:
            break
        name = hit[1].lower()
        value = re.sub(r"\\([\"\\])", r"\1", hit[2]) if hit[2] is not None else hit[3].strip()
        section = _SECTION.match(name) if "*" in name else None
        if section is None:
            plain.setdefault(name, _words(value))
        else:
            encoded = section[3] is not None
            sections.setdefault(section[1], {})[int(section[2] or 0)] = (value, encoded)
    return plain | {name: _joined(parts) for name, parts in sections.items()}


def _words(value: str) -> str:
    """Encoded words are not allowed in parameters (RFC 2047 section 5), and common there."""
    return encoded_words.decode(value.encode("utf-8", "replace"))[0] if "=?" in value else value


def _joined(parts: Mapping[int, tuple[str, bool]]) -> str:
    """RFC 2231 continuations: ``name*0*=utf-8''a%20; name*1=b``."""
    name = ""
    octets = b""
    for index, (value, encoded) in sorted(parts.items()):
        if encoded and index == min(parts) and value.count("'") >= 2:
            name, _, value = value.split("'", 2)
        octets += unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace")
    return charset.to_text(octets, name)[0]
