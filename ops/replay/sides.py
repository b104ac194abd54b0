"""Two sides of the same messages, the live one and the shadow, on disk; and how they differ.

What counts is a message by its id: how it was read, which priority and queue its own rules gave it, and with which other
messages it is in a conversation. Tickets are not compared as such, since their state depends on what agents did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Literal

import msgspec

from normalizer.events import Decision, Fate, Message, Routed
from ops.replay.disk import Disk

Side = Literal["live", "shadow"]
READ = ("kind", "subject", "text", "html", "attachments")
RULED = ("priority", "queue", "suppressed")
_LONGEST_CHAIN = 1000


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One message that differs in one way: how it is live, and in the shadow.

    `field` is ``presence`` when it is on one side only; the other side is "", or what became of it. Of texts the length
    and the beginning of a digest are told.
    """

    message_id: str
    origin: str
    field: str
    live: str
    shadow: str


class Sides:
    """Takes in the events of both sides, then says how they differ."""

    def __init__(self, disk: Disk) -> None:
        self._execute = disk.database.execute
        for side in ("live", "shadow"):
            columns = ", ".join(f"{name} TEXT" for name in (*READ, *RULED, "ticket", "thread"))
            self._execute(
                f"CREATE TABLE {side} (id TEXT PRIMARY KEY, origin TEXT, reported INT, {columns}) WITHOUT ROWID"
            )
            self._execute(
                f"CREATE TABLE {side}_tickets (id TEXT PRIMARY KEY, revision INT, conversation TEXT, into_ TEXT, opened TEXT)"
                " WITHOUT ROWID"
            )
        self._execute("CREATE TABLE fates (origin TEXT PRIMARY KEY, told TEXT) WITHOUT ROWID")

    def take(self, side: Side, routed: Routed, *, reported: bool) -> None:
        """A revision, and the message that came with it. Of the same message the last stands."""
        ticket, message = routed.ticket, routed.message
        self._execute(
            f"INSERT INTO {side}_tickets VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET revision = excluded.revision,"  # noqa: S608 - one of two
            " conversation = excluded.conversation, into_ = excluded.into_, opened = excluded.opened"
            " WHERE excluded.revision >= revision",
            (ticket.id, ticket.revision, ticket.conversation_id, ticket.merged_into, ticket.opened_at.isoformat()),
        )
        if message is None:
            return
        values = (
            message.id, f"{message.origin}/{message.item}", int(reported), *_read(message),
            _ruling(routed.decisions, "priority", ticket.priority), _ruling(routed.decisions, "queue", ticket.queue),
            routed.suppressed, ticket.id, None,
        )  # fmt: skip
        places = ", ".join("?" * len(values))
        self._execute(f"INSERT OR REPLACE INTO {side} VALUES ({places})", values)  # noqa: S608 - as above

    def fell(self, fate: Fate) -> None:
        """What became of a message of the shadow that was not routed."""
        told = f"{fate.outcome}: {fate.reason}" if fate.reason else fate.outcome
        self._execute("INSERT OR REPLACE INTO fates VALUES (?, ?)", (f"{fate.origin}/{fate.item}", told))

    def compared(self) -> int:
        """How many messages of the live side are reported on."""
        return int(self._execute("SELECT COUNT(*) FROM live WHERE reported").fetchone()[0])

    def differences(self, began: datetime | None) -> Iterator[Difference]:
        """Every difference, presence first. `began` is when a history began whose beginning is missing."""
        for side in ("live", "shadow"):
            self._follow_merges(side)
        yield from self._presence()
        for field in (*READ, *RULED):
            query = (
                f"SELECT l.id, l.origin, l.{field}, s.{field} FROM live l JOIN shadow s USING (id)"  # noqa: S608 - our columns
                f" WHERE l.reported AND l.{field} IS NOT s.{field} ORDER BY l.id"
            )
            yield from (_difference(row, field) for row in self._execute(query))
        yield from self._threads(began)

    def renamed(self, began: datetime | None) -> int:
        """How many messages are in the same conversation, which has another id as it began before the history."""
        query = f"SELECT COUNT(*) {_TOGETHER} AND l.thread IS NOT s.thread AND NOT {_STRICT}"
        return int(self._execute(query, (_bound(began),)).fetchone()[0])

    def _follow_merges(self, side: str) -> None:
        """Put each message into the ticket that its own is part of in the end, and that ticket's conversation."""
        for _ in range(_LONGEST_CHAIN):
            moved = self._execute(
                f"UPDATE {side} SET ticket = (SELECT into_ FROM {side}_tickets t WHERE t.id = ticket)"  # noqa: S608 - one of two
                f" WHERE ticket IN (SELECT id FROM {side}_tickets WHERE into_ NOT IN ('', id))"
            )
            if not moved.rowcount:
                break
        self._execute(
            f"UPDATE {side} SET thread = coalesce((SELECT conversation FROM {side}_tickets t WHERE t.id = ticket), ticket)"  # noqa: S608 - as above
        )

    def _presence(self) -> Iterator[Difference]:
        query = """
            SELECT l.id, l.origin, 'present', coalesce(f.told, '') FROM live l LEFT JOIN fates f USING (origin)
            WHERE l.reported AND l.id NOT IN (SELECT id FROM shadow)
            UNION ALL SELECT s.id, s.origin, '', 'present' FROM shadow s
            WHERE s.reported AND s.id NOT IN (SELECT id FROM live) ORDER BY 1
        """
        yield from (_difference(row, "presence") for row in self._execute(query))

    def _threads(self, began: datetime | None) -> Iterator[Difference]:
        """Messages that are with others than before, or whose conversation ought to have the same id and has not."""
        self._execute("DROP TABLE IF EXISTS together")
        # Of the conversations that share messages, those which have the most of each other are the same one.
        self._execute("""
            CREATE TABLE together AS SELECT live, shadow FROM (
                SELECT *, row_number() OVER (PARTITION BY live ORDER BY n DESC, live <> shadow, shadow) a,
                    row_number() OVER (PARTITION BY shadow ORDER BY n DESC, live <> shadow, live) b
                FROM (SELECT l.thread live, s.thread shadow, count(*) n FROM live l JOIN shadow s USING (id) GROUP BY 1, 2)
            ) WHERE a = 1 AND b = 1
        """)
        self._execute("CREATE INDEX together_by_live ON together (live, shadow)")
        query = f"""
            SELECT l.id, l.origin, l.thread, s.thread FROM live l JOIN shadow s USING (id) WHERE l.reported
                AND NOT EXISTS (SELECT 1 FROM together t WHERE t.live = l.thread AND t.shadow = s.thread)
            UNION ALL SELECT l.id, l.origin, l.thread, s.thread {_TOGETHER} AND l.thread IS NOT s.thread AND {_STRICT}
            ORDER BY 1
        """  # noqa: S608 - constants
        yield from (_difference(row, "thread") for row in self._execute(query, (_bound(began),)))


_TOGETHER = """FROM live l JOIN shadow s USING (id) WHERE l.reported
    AND EXISTS (SELECT 1 FROM together t WHERE t.live = l.thread AND t.shadow = s.thread)"""
_STRICT = "(SELECT opened FROM live_tickets t WHERE t.id = l.ticket) >= ?"
"""A conversation that began within the history must have the id that it has."""


def _bound(began: datetime | None) -> str:
    return "" if began is None else began.isoformat()


def _difference(row: tuple[str, str, str, str], field: str) -> Difference:
    message_id, origin, live, shadow = row
    return Difference(message_id=message_id, origin=origin, field=field, live=live, shadow=shadow)


def _read(message: Message) -> tuple[str, ...]:
    files = "\n".join(f"{each.name} {each.content_type} {each.size} {each.sha256}" for each in message.attachments)
    return (
        message.kind, message.subject, _digest(message.text, message.visible_text), _digest(message.html),
        f"{len(message.attachments)}: {_digest(files)}" if files else "",
    )  # fmt: skip


def _digest(*texts: str) -> str:
    """Enough to tell texts apart, and nothing that a customer wrote."""
    found = blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{len(texts[-1])} characters, {found}" if any(texts) else ""


def _ruling(decisions: Sequence[Decision], what: str, otherwise: str) -> str:
    """What the rules gave this message itself; a ticket has the sum of all its messages."""
    return next((each.result for each in reversed(decisions) if each.what == what), otherwise)
