"""How exactly the mail inside a forwarded mail is found: crisp's forwards, with three corpora of replies against them.

Detection is counted over the 78 mails of the corpus and over the replies, none of which may be taken for a forward
(but for crisp's one reply that passes a mail on). Fields are counted over the true forwards, compared as the
corpus' own tests compare them: equal strings, null for no name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from normalizer.events import Contact, Forwarded
from normalizer.mail.forwards import find_forward

TARGETS = {"from": 0.95, "to": 0.95, "cc": 0.95, "subject": 0.95, "body": 0.90}
_FORWARDING_REPLY = "email_tricky_17_forward_header"


class Case(NamedTuple):
    """A mail, whether it passes another one on, and what its corpus says of that one."""

    name: str
    subject: str
    text: str
    forwarded: bool
    expected: dict[str, Any]


def cases(corpora: Path) -> Iterator[Case]:
    """The forwards, then the replies that are none."""
    folder = corpora / "crisp_forward"
    for name, entry in json.loads((folder / "expected.json").read_text()).items():
        fixtures = folder / "test" / "fixtures"
        subject = (fixtures / entry["subject_file"]).read_text().strip() if entry["subject_file"] else ""
        yield Case(name, subject, (fixtures / entry["file"]).read_text(), entry["expect"]["forwarded"], entry["expect"])
    for name, entry in json.loads((corpora / "crisp_reply" / "expected.json").read_text()).items():
        text = (corpora / "crisp_reply" / "test" / "fixtures" / entry["file"]).read_text()
        yield Case(name, "", text, name == _FORWARDING_REPLY, {})
    for path in sorted((corpora / "email_reply_trimmer" / "test" / "emails").iterdir()):
        yield Case(path.stem, "", path.read_text(), False, {})


def score(corpora: Path) -> list[dict[str, Any]]:
    """Rows ``{"what", "ours", "target", "n", "peers", "wrong"}``: precision, recall, then each field."""
    found = [(case, find_forward(case.subject, case.text)) for case in cases(corpora)]
    rows = [
        _row("forwards, precision", {case.name: case.forwarded for case, forward in found if forward}, 0.98),
        _row("forwards, recall", {case.name: forward is not None for case, forward in found if case.forwarded}, 0.98),
    ]
    known = [(case, forward) for case, forward in found if case.forwarded and case.expected]
    for field, target in TARGETS.items():
        held = {case.name: forward is not None and _holds(field, case.expected, forward) for case, forward in known}
        rows.append(_row(f"forwards, {field}", held, target))
    return rows


def _row(what: str, held: dict[str, bool], target: float) -> dict[str, Any]:
    wrong = [name for name, right in held.items() if not right]
    ours = round(1 - len(wrong) / len(held), 3)
    return {"what": what, "ours": ours, "target": target, "n": len(held), "peers": {}, "wrong": wrong}


def _holds(field: str, expected: dict[str, Any], forward: Forwarded) -> bool:
    got = _flat(forward)
    return all(got.get(key) == value for key, value in expected.items() if key.startswith(f"email.{field}"))


def _flat(forward: Forwarded) -> dict[str, Any]:
    """`forward` under the names that the corpus uses."""
    got: dict[str, Any] = {"email.subject": forward.subject, "email.body": forward.text}
    people = {"from": forward.sender, **{f"to[{at}]": person for at, person in enumerate(forward.to)}}
    people |= {f"cc[{at}]": person for at, person in enumerate(forward.cc)}
    for name, person in people.items():
        got |= _contact(f"email.{name}", person)
    return got | {"email.cc.length": len(forward.cc), "email.to.length": len(forward.to)}


def _contact(key: str, person: Contact | None) -> dict[str, str | None]:
    return {
        f"{key}.address": person.address if person else None,
        f"{key}.name": (person.name or None) if person else None,
    }
