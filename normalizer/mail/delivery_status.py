"""The machine's half of a delivery report (RFC 3464, RFC 6533), read as mail servers really write it.

Groups that no blank line parts, fields without a type, a status with a comment or none at all: all of these
are met. The same fields pasted into plain text are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from normalizer.mail.bounce_reasons import status_of

MAX_RECIPIENTS = 1000
PART_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status", "text/delivery-status"})

_FIELD = re.compile(
    r"(original-recipient|final-recipient|x-actual-recipient|action|status|diagnostic-code|x-original-message-id|original-message-id"
    r"|remote-mta|reporting-mta|arrival-date|last-attempt-date|will-retry-until|[a-z][a-z0-9-]{1,60}):[ \t]*([^\n]*)$",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[^\s<>\"'@;,()\[\]]{1,255}@[^\s<>\"'@;,()\[\]]{1,255}")
_QUOTED = re.compile(r"\"[^\"\n]{1,64}\"@[^\s<>\"'@;,()\[\]]{1,255}")
_ESCAPED = re.compile(r"\\x\{([0-9a-f]{2,6})\}", re.IGNORECASE)
_OUTCOMES = (
    ("deliver", "delivered"),
    ("relay", "delivered"),
    ("expand", "delivered"),
    ("delay", "delayed"),
    ("transient", "delayed"),
)


class Recipient(msgspec.Struct, frozen=True):
    """What a report says of one recipient. `outcome` is ``failed``, ``delayed`` or ``delivered``."""

    address: str
    outcome: str
    status: str = ""
    diagnostic: str = ""


def read(text: str) -> tuple[Recipient, ...]:
    """The recipients of a delivery status, in order, at most `MAX_RECIPIENTS`; empty when `text` holds none."""
    found = []
    for group in _groups(text):
        recipient = _recipient(group)
        if recipient is not None:
            found.append(recipient)
        if len(found) == MAX_RECIPIENTS:
            break
    return tuple(found)


def original_message_id(text: str) -> str:
    """The Message-ID of the mail reported on, where the server names it in a field of its own."""
    fields = (group for group in _groups(text))
    first = next((g for g in fields if "x-original-message-id" in g or "original-message-id" in g), {})
    value = first.get("x-original-message-id") or first.get("original-message-id", "")
    return value.strip("<> \t")


def address(value: str) -> str:
    """The mailbox in ``rfc822; <user@example.org>`` and its kin, as written; "" when it holds none."""
    value = _ESCAPED.sub(lambda match: chr(min(int(match[1], 16), 0x10FFFF)), value)
    found = _QUOTED.search(value) or _ADDRESS.search(value)
    return found[0].rpartition(":")[2].rstrip(".") if found else ""


def _groups(text: str) -> Iterator[dict[str, str]]:
    group: dict[str, str] = {}
    last = ""
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line[:1] in (" ", "\t") and last and line.strip() and (matched := _FIELD.match(line.strip())) is None:
            group[last] += " " + line.strip()
            continue
        matched = _FIELD.match(line.strip())
        name = matched[1].lower() if matched else ""
        if not name or name in group:
            if group and (not line.strip() or name in ("final-recipient", "original-recipient", "action")):
                yield group
                group, last = {}, ""
            if not name:
                continue
        if matched and name not in group:
            group[name], last = matched[2].strip(), name
    if group:
        yield group


def _recipient(group: dict[str, str]) -> Recipient | None:
    if "action" not in group and not (
        {"final-recipient", "original-recipient"} & group.keys() and {"status", "diagnostic-code"} & group.keys()
    ):
        return None
    who = next(
        (
            found
            for name in ("original-recipient", "final-recipient", "x-actual-recipient")
            if (found := address(group.get(name, "")))
        ),
        "",
    )
    status = status_of(group.get("status", ""))
    return Recipient(
        address=who,
        outcome=_outcome(group.get("action", "").lower(), status),
        status=status,
        diagnostic=group.get("diagnostic-code", "").partition(";")[2].strip() or group.get("diagnostic-code", ""),
    )


def _outcome(action: str, status: str) -> str:
    for start, outcome in _OUTCOMES:
        if action.startswith(start) and "fail" not in action:
            return outcome
    return "delivered" if not action and status.startswith("2") else "failed"
