"""What must hold after every fault. Pure: from what was said, exported and told to what is wrong, "" and [] for nothing.

Two Switchboards that read the same places differ only in what depends on when and in which order something came. These
fields are left out of the comparison, and no others:

- by whose clock: every time of a row (`CLOCKS`); where a source dates a message itself the time is in the words it was given.
- by the order of arrival: the number of a revision and what a ticket showed between two of them (`ORDERED`), and the raw
  record that a message came with (`origin` in its details). Revisions and decisions are compared by their message.
- by the way on which a message came first, where there are two: `TWO_WAYS`. `APART` is not compared at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from bench.chaos.plan import marks

CLOCKS: dict[str, tuple[str, ...]] = {
    "customers": ("since",),
    "contacts": ("named_at",),
    "conversations": ("opened_at",),
    "tickets": ("opened_at", "updated_at"),
    "messages": ("routed_at", "said_at", "received_at"),
    "revisions": ("at",),
}
ORDERED: dict[str, tuple[str, ...]] = {
    "tickets": ("revision",),
    "messages": ("revision",),
    "revisions": ("revision", "status", "priority", "queue"),
    "decisions": ("revision",),
}
DETAILS = ("received_at", "origin")
TWO_WAYS: dict[str, tuple[str, ...]] = {
    "slack": ("source_id",),
    "sms": ("source_id", "sent_at", "fields"),
    "whatsapp_twilio": ("source_id", "sent_at", "fields"),
    "filedrop": ("source_id",),
}
"""What in the details of a message depends on whether it came first by a call or by a list: a call knows its country, a list its time.
A file that still grows is named by when it was last changed, as it was read.
"""
APART = ("voice",)
"""Channels that are not compared: a caller hears the answers of one Switchboard, so that the other has another call."""
MOST_TOLD = 5

Row = dict[str, Any]


def comparable(export: Iterable[bytes]) -> list[bytes]:
    """The rows of an export without the fields above, sorted; equal for stores that hold the same."""
    rows: list[Row] = [msgspec.json.decode(line) for line in export]
    message_of = {(r["ticket_id"], r["revision"]): r["message_id"] for r in rows if r["table"] == "revisions"}
    return sorted(msgspec.json.encode(_bare(row, message_of), order="sorted") for row in _compared(rows))


def _compared(rows: Sequence[Row]) -> Iterable[Row]:
    """The rows that do not belong to a channel that stands apart."""
    tickets = [row for row in rows if row["table"] == "tickets" and row.get("channel") in APART]
    apart = {row[name] for row in tickets for name in ("id", "conversation_id", "customer_id")}
    apart |= {row["id"] for row in rows if row["table"] == "messages" and row.get("ticket_id") in apart}
    names = ("id", "ticket_id", "customer_id", "message_id")
    return (row for row in rows if apart.isdisjoint(row.get(name, "") for name in names))


def _bare(row: Row, message_of: Mapping[tuple[str, int], str]) -> Row:
    table = row["table"]
    dropped = {*CLOCKS.get(table, ()), *ORDERED.get(table, ())}
    found = {name: value for name, value in row.items() if name not in dropped}
    if table == "decisions":
        found["message_id"] = message_of.get((row["ticket_id"], row["revision"]), "")
    if table == "messages":
        details = msgspec.json.decode(row["details"])
        without = (*DETAILS, *TWO_WAYS.get(details["channel"], ()))
        found["details"] = {name: value for name, value in details.items() if name not in without}
    return found


def differences(hurt: Sequence[bytes], calm: Sequence[bytes]) -> list[str]:
    """What is in one comparable export and not in the other, as sentences; the first few of each."""
    one, other = Counter(hurt), Counter(calm)
    found = []
    for rows, where in (((one - other), "only with faults"), ((other - one), "only without faults")):
        listed = sorted(rows.elements())
        found += [f"{where}: {row.decode()[:600]}" for row in listed[:MOST_TOLD]]
        if len(listed) > MOST_TOLD:
            found.append(f"{where}: {len(listed) - MOST_TOLD} more rows")
    return found


def once(export: Iterable[bytes], said: Iterable[str], tried: Iterable[str]) -> list[str]:
    """The sayings that are not in the store, there more than once, or there and not even `tried`."""
    rows = [row for line in export if (row := msgspec.json.decode(line))["table"] == "messages"]
    found = Counter(mark for row in rows for mark in set(marks(row["text"])))
    expected = set(said)
    lost = sorted(expected - set(found))
    many = sorted(mark for mark, count in found.items() if count > 1)
    strange = sorted(set(found) - set(tried))
    return [
        *(f"lost: {', '.join(lost[:MOST_TOLD])} and so {len(lost)} in all" for _ in lost[:1]),
        *(f"more than once: {', '.join(many[:MOST_TOLD])} and so {len(many)} in all" for _ in many[:1]),
        *(f"never said: {', '.join(strange[:MOST_TOLD])} and so {len(strange)} in all" for _ in strange[:1]),
    ]


def ledger(status: int, accounts: Iterable[Mapping[str, Any]], rejected: Mapping[str, int]) -> list[str]:
    """Where the ledger does not add up, or what was dead-lettered is not what was spoiled on purpose, by channel."""
    found = [f"the ledger ended with {status}"] if status else []
    for account in accounts:
        channel = account["channel"]
        if account["missing"]:
            found.append(f"{channel}: missing {', '.join(account['missing'][:MOST_TOLD])}")
        fates = sum(account[name] for name in ("routed", "duplicate", "suppressed", "dead_lettered", "in_flight"))
        if account["accepted"] != fates or account["in_flight"]:
            found.append(f"{channel}: accepted {account['accepted']}, fates {fates}, in flight {account['in_flight']}")
        if account["dead_lettered"] != rejected.get(channel, 0):
            found.append(f"{channel}: {account['dead_lettered']} dead letters, spoiled {rejected.get(channel, 0)}")
    return found


def letters(found: Mapping[str, int], spoiled: Mapping[str, int]) -> list[str]:
    """Topics of which other records were set aside than those that were spoiled on purpose."""
    return [
        f"{topic}: {found.get(topic, 0)} records in dead.letters, {spoiled.get(topic, 0)} spoiled"
        for topic in sorted({*found, *spoiled})
        if found.get(topic, 0) != spoiled.get(topic, 0)
    ]


class Revisions:
    """The revisions of all tickets as they stand on `tickets.routed`: 1, 2, 3 … without a gap; earlier ones may be repeated."""

    def __init__(self) -> None:
        self._newest: dict[str, int] = {}
        self._messages: set[tuple[str, str]] = set()
        self.problems: list[str] = []

    def add(self, ticket: str, revision: int, message: str = "") -> None:
        """The next record of a ticket, and the message that caused it; one that comes first has a revision of its own."""
        newest = self._newest.get(ticket, 0)
        if message and (ticket, message) not in self._messages and revision <= newest:
            self.problems.append(f"ticket {ticket}: revision {revision} again, for message {message}")
        self._messages.add((ticket, message))
        if revision > newest + 1:
            self.problems.append(f"ticket {ticket}: revision {revision} after {newest}")
        self._newest[ticket] = max(newest, revision)

    def stored(self, export: Iterable[bytes]) -> list[str]:
        """Where the store's revisions have a gap, or are others than those of the topic."""
        found: dict[str, set[int]] = {}
        for line in export:
            row = msgspec.json.decode(line)
            if row["table"] == "revisions":
                found.setdefault(row["ticket_id"], set()).add(row["revision"])
        told = [
            f"ticket {ticket}: the store has revisions {sorted(found.get(ticket, ()))[:20]}, the topic up to {newest}"
            for ticket, newest in self._newest.items()
            if found.get(ticket) != set(range(1, newest + 1))
        ]
        return told[:MOST_TOLD] + ([f"{len(told) - MOST_TOLD} more tickets"] if len(told) > MOST_TOLD else [])
