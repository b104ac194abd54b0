"""The text of a mail's bodies."""

from __future__ import annotations

import re

from normalizer.mail import charset, flowed, html_text
from normalizer.mail.bodies import Bodies
from normalizer.mail.leaves import Leaf

_META = re.compile(rb"<meta[^>]{1,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n"))
_MARKUP = re.compile(r"<[^<>]{0,200}>")
_STUB = re.compile(
    r"(?=.*\bhtml\b)(?=.*\b(?:view|read|display|see|support|client|browser|reader|viewer|capable|format|part)\w*)",
    re.IGNORECASE | re.DOTALL,
)
_SENTENCE = re.compile(r"[.!\n]\s+")


def texts(bodies: Bodies, notes: set[str]) -> tuple[str, str]:
    """The plain text and the HTML, both "" when there is nothing. What was guessed goes to `notes`.

    A part that is cut or broken is no body (RFC 8621 knows none such), but a person sees it when there is
    nothing else to see. A plain body that only points to the HTML one gives way to it.
    """
    rich = [leaf for leaf in bodies.html if leaf.part.content_type == "text/html"] or _second_choice(
        bodies, "text/html"
    )
    html = "\n".join(_decode(leaf, notes) for leaf in rich)
    plain = [leaf for leaf in bodies.text if leaf.part.content_type.startswith("text/")]
    plain = plain or _second_choice(bodies, "text/plain")
    text = "\n".join(_shown(leaf, notes) for leaf in plain)
    if html and (not text.strip() or _is_stub(text)):
        shown = html_text.to_text(html)
        if shown.strip():
            notes.add("text-from-html")
            return shown, html
    if not text.strip() and not html:
        other = [leaf for leaf in bodies.attachments if leaf.part.content_type in ("text/enriched", "text/richtext")]
        text = "\n".join(_MARKUP.sub("", _decode(leaf, notes)) for leaf in other[:1])
    return text, html


def clean(text: str) -> str:
    """Line ends as ``\\n``, no controls but tabs, nothing that UTF-8 cannot say."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():  # many times as fast
        octets = text.encode("ascii")
        bare = octets.translate(None, _CONTROLS)
        return text if len(bare) == len(octets) else bare.decode("ascii")
    return _CONTROL.sub("", text)


def _second_choice(bodies: Bodies, content_type: str) -> list[Leaf]:
    broken = (leaf for leaf in bodies.attachments if not leaf.sound and leaf.part.content_type == content_type)
    return [leaf for leaf in broken if leaf.part.content.strip() and leaf.part.disposition != "attachment"][:1]


def _shown(leaf: Leaf, notes: set[str]) -> str:
    text = _decode(leaf, notes)
    if leaf.part.content_type == "text/html":
        notes.add("text-from-html")
        return html_text.to_text(text)
    return text


def _is_stub(text: str) -> bool:
    """True when all the plain body says is that there is an HTML one."""
    return len(text) < 400 and all(_STUB.search(line) for line in _SENTENCE.split(text.strip()) if line.strip())


def _decode(leaf: Leaf, notes: set[str]) -> str:
    part = leaf.part
    name = part.charset
    if not name and part.content_type == "text/html":
        meta = _META.search(part.content, 0, 4096)
        name = meta[1].decode("ascii") if meta else ""
    text, note = charset.to_text(part.content, name)
    if note:
        notes.add(note)
    text = clean(text)
    if part.content_type == "text/plain" and leaf.params.get("format", "").lower() == "flowed":
        return flowed.unwrap(text, delete_space=leaf.params.get("delsp", "").lower() == "yes")
    return text
