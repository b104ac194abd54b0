"""How right mail is read: every mail of the open corpora, and Stalwart's 47 hard mails field by field.

Run as a script to print the rows. A field is right when it is equal to the expected one after white space is
collapsed. Where Stalwart's parser gave up on a byte (U+FFFD), any character is right: reading it is no error. The text
is compared where Stalwart gives one: in a mail that ends before its only part does, we show the part, and it does not.
"""

from __future__ import annotations

import datetime
import email
import email.policy
import html
import json
import logging
import os
import pathlib
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import mailparser  # type: ignore[import-untyped]  # it ships no types

from normalizer import wire
from normalizer.events import RawEvent
from normalizer.mail.reading import read

Fields = dict[str, Any]
NAMES = ("subject", "from", "to", "date", "text", "attachments")
TARGET = 0.97
MAILS: tuple[str, ...] = (
    "spamassassin",
    "stalwart",
    "mikel_mail",
    "mail_parser",
    "django_mailbox",
    "cpython_test_email",
    "sisimai",
)
MAILS += ("chatwoot/spec", "flufl_bounce", "crisp_reply", "crisp_forward", "email_reply_trimmer", "talon")
_NO_MAIL = {".json", ".md", ".csv", ".py", ".rb", ".keep"}
_RECEIVED = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def score(corpora: pathlib.Path) -> list[dict[str, Any]]:
    """One row per figure: what, ours, target, and the same figure of each peer library (None where it has none)."""
    rows = [_read_all(corpora)]
    rows.extend(_stalwart(corpora / "stalwart"))
    return rows


def mails(corpora: pathlib.Path) -> Iterator[tuple[pathlib.Path, bytes]]:
    """Every file of the mail corpora that holds at least one byte of a mail."""
    for folder in MAILS:
        for path in sorted((corpora / folder).rglob("*")):
            if path.is_file() and path.suffix not in _NO_MAIL and "LICENSE" not in path.name:
                data = path.read_bytes()
                if data:
                    yield path, data


def raw(data: bytes) -> RawEvent:
    """`data` as a connector would have delivered it."""
    return RawEvent(
        channel="mail",
        account="bench",
        source_id="1",
        body=data,
        content_type="message/rfc822",
        received_at=_RECEIVED,
    )


def _read_all(corpora: pathlib.Path) -> dict[str, Any]:
    peers: dict[str, Callable[[bytes], Fields]] = {"mail-parser": _mail_parser, "email policy.default": _stdlib}
    right = dict.fromkeys(["ours", *peers], 0)
    total = 0
    for _, data in mails(corpora):
        total += 1
        right["ours"] += _one_message(data)
        for name, reader in peers.items():
            right[name] += _attempt(reader, data) is not None
    return {
        "what": f"mails read, of {total} of all corpora",
        "ours": right["ours"] / total,
        "target": 1.0,
        "peer": {name: round(right[name] / total, 4) for name in peers},
    }


def _one_message(data: bytes) -> bool:
    messages = read(raw(data))
    return len(messages) == 1 and bool(wire.encode(messages[0]))


def _stalwart(folder: pathlib.Path) -> list[dict[str, Any]]:
    expected = json.loads((folder / "expected_simple.json").read_text())
    readers: dict[str, Callable[[bytes], Fields]] = {
        "ours": _ours,
        "mail-parser": _mail_parser,
        "email policy.default": _stdlib,
    }
    right = {reader: dict.fromkeys(NAMES, 0) for reader in readers}
    counts = dict.fromkeys(NAMES, 0)
    for name, answer in expected.items():
        data = (folder / "resources" / "eml" / name).read_bytes()
        fields = [each for each in NAMES if each != "text" or any(_shown(part).strip() for part in answer["text_body"])]
        for field in fields:
            counts[field] += 1
        for reader, function in readers.items():
            found = _attempt(function, data)
            for field in fields:
                ok = found is not None and _equal(field, answer, found[field])
                right[reader][field] += ok
                if reader == "ours" and not ok and "-v" in sys.argv:
                    sys.stdout.write(f"{name} {field}: {str(found and found[field])[:300]!r}\n")
    return [
        {
            "what": f"stalwart {field} exact, of {counts[field]}",
            "ours": round(right["ours"][field] / counts[field], 4),
            "target": TARGET,
            "peer": {peer: round(right[peer][field] / counts[field], 4) for peer in readers if peer != "ours"},
        }
        for field in NAMES
    ]


def _attempt(reader: Callable[[bytes], Fields], data: bytes) -> Fields | None:
    try:
        return reader(data)
    except Exception:  # noqa: BLE001  a peer's crash is its answer
        return None


def _equal(field: str, answer: Fields, found: Any) -> bool:
    """Is `found` what Stalwart gives for `field`?"""
    if field == "attachments":
        return bool(found == answer["n_attachments"])
    if field == "date":
        wanted = datetime.datetime.fromisoformat(answer["date"]) if answer["date"] else None
        return bool(found == wanted)
    if field in ("from", "to"):
        people = [(each["name"] or "", (each["address"] or "").lower()) for each in answer[field]]
        return len(people) == len(found) and all(
            _same(name, other) and _same(address, other_address)
            for (name, address), (other, other_address) in zip(people, found, strict=True)
        )
    if field == "subject":
        return _same(next(iter(answer["subject"]), ""), found)
    return _same("\n".join(_shown(part) for part in answer["text_body"]), found)


def _shown(part: Fields) -> str:
    if part["kind"] == "text":
        return str(part["text"])
    if part["kind"] == "html":
        bare = re.sub(r"<(style|script|title)\b.*?</\1>|<!--.*?-->", " ", part["text"], flags=re.DOTALL | re.I)
        return html.unescape(re.sub(r"<[^>]*>", " ", bare))
    return ""


def _same(wanted: str, found: str) -> bool:
    pattern = re.escape("".join(wanted.replace("\0", "").split())).replace("\ufffd", ".{1,3}")
    return re.fullmatch(pattern, "".join(found.replace("\0", "").split()), re.DOTALL) is not None


def _ours(data: bytes) -> Fields:
    message = read(raw(data))[0]
    sender = [(message.sender.name, message.sender.address)] if message.sender.address else []
    return {
        "subject": message.subject,
        "from": sender,
        "to": [(each.name, each.address) for each in message.to],
        "date": message.sent_at,
        "text": message.text,
        "attachments": len(message.attachments),
    }


def _mail_parser(data: bytes) -> Fields:
    mail = mailparser.parse_from_bytes(data)
    return {
        "subject": mail.subject or "",
        "from": [(name, address.lower()) for name, address in mail.from_],
        "to": [(name, address.lower()) for name, address in mail.to],
        "date": mail.date and mail.date.replace(tzinfo=datetime.UTC),
        "text": "\n".join(mail.text_plain or [_shown({"kind": "html", "text": each}) for each in mail.text_html]),
        "attachments": len(mail.attachments),
    }


def _stdlib(data: bytes) -> Fields:
    mail = email.message_from_bytes(data, policy=email.policy.default)
    body = mail.get_body(("plain", "html"))
    date = mail["date"]
    return {
        "subject": str(mail["subject"] or ""),
        "from": _stdlib_people(mail["from"]),
        "to": _stdlib_people(mail["to"]),
        "date": date.datetime if date else None,
        "text": _shown({"kind": body.get_content_subtype().replace("plain", "text"), "text": body.get_content()})
        if body
        else "",
        "attachments": sum(1 for _ in mail.iter_attachments()),
    }


def _stdlib_people(header: Any) -> list[tuple[str, str]]:
    return [(each.display_name, each.addr_spec.lower()) for each in header.addresses] if header else []


if __name__ == "__main__":
    logging.disable()  # a peer says much about each mail
    home = os.environ.get("SWITCHBOARD_CORPORA") or pathlib.Path(__file__).parents[2] / "shared" / "corpora"
    for row in score(pathlib.Path(home)):
        sys.stdout.write(json.dumps(row) + "\n")
