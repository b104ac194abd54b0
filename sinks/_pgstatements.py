"""The statements that put routed events into PostgreSQL, in any order and any number of times: what `_rows` is for SQLite.

As there, each moves its row in one direction only, so the order of arrival does not show in the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from normalizer.events import Message, Routed
from sinks import _rows as rows
from sinks._arrays import Cells, Insert, together, with_columns
from sinks._inserts import Row
from sinks._lexemes import vector

_CUSTOMER = Insert(
    "customers AS known",
    "text time",
    "ON CONFLICT (id) DO UPDATE SET since = excluded.since WHERE excluded.since < known.since",
)
_CONTACT = Insert(
    "contacts AS known",
    "text text text text since",
    """ON CONFLICT (scheme, address, customer_id) DO UPDATE SET name = excluded.name, named_at = excluded.named_at
    WHERE (excluded.named_at, excluded.name) > (known.named_at, known.name)""",
)
_CONVERSATION = Insert(
    "conversations AS known",
    "text text text text time",
    """ON CONFLICT (id) DO UPDATE SET customer_id = excluded.customer_id, opened_at = excluded.opened_at
    WHERE (excluded.opened_at, excluded.customer_id) < (known.opened_at, known.customer_id)""",
)
_TICKET = Insert(
    "tickets AS known",
    "text bigint text text text text text text text text text text text time time bigint text text json",
    """ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, conversation_id = excluded.conversation_id,
    customer_id = excluded.customer_id, scheme = excluded.scheme, address = excluded.address, name = excluded.name,
    channel = excluded.channel, account = excluded.account, subject = excluded.subject, status = excluded.status,
    priority = excluded.priority, queue = excluded.queue, opened_at = excluded.opened_at,
    updated_at = excluded.updated_at, messages = excluded.messages, follows = excluded.follows,
    merged_into = excluded.merged_into, related_to = excluded.related_to
    WHERE excluded.revision > known.revision""",
)
_REVISION = Insert(
    "revision_rows (ticket, revision, message_id, status, priority, queue, at)",
    "ticket bigint text text text text time",
    "ON CONFLICT DO NOTHING",
)
_DECISION = Insert(
    "decision_rows (ticket, revision, position, what, rule, result, because)",
    "ticket bigint bigint text text text text",
    "ON CONFLICT DO NOTHING",
)
_ATTACHMENT = Insert(
    "attachment_rows (message, position, sha256, size, name, content_type, content_id, inline)",
    "message bigint text bigint text text text boolean",
    "ON CONFLICT DO NOTHING",
)
# Rows that need no change are locked all the same: see the schema.
_IDS = Insert(
    "message_ids AS known",
    "text time boolean",
    """ON CONFLICT (id) DO UPDATE SET received_at = coalesce(known.received_at, excluded.received_at),
    withdrawn = known.withdrawn OR excluded.withdrawn
    WHERE known.received_at IS NULL AND excluded.received_at IS NOT NULL OR excluded.withdrawn AND NOT known.withdrawn
    RETURNING id, received_at""",
)
_MESSAGE = Insert(
    """message_rows (number, ticket, revision, routed_at, kind, said_at, received_at, sender, subject, text, visible_text,
    html, suppressed, details, about, words)""",
    "message ticket bigint time text time time text text text text text text json text tsvector",
    "ON CONFLICT DO NOTHING",
)
# A message that two tickets name (history was read again by newer rules) belongs to the one that named it last.
_MOVE = """UPDATE message_rows AS known SET ticket = (SELECT number FROM tickets WHERE id = c1), revision = c2, routed_at = c3::timestamptz
  FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[]) AS rows (c0, c1, c2, c3)
  JOIN message_ids i ON i.id = c0 WHERE known.number = i.number AND known.received_at = i.received_at
  AND (c3::timestamptz, c1, c2) > (known.routed_at, (SELECT id FROM tickets WHERE number = known.ticket), known.revision)"""
_WITHDRAWN = "SELECT id FROM message_ids WHERE withdrawn AND id = ANY (%b::text[])"
_FORGET = """WITH erased AS (
    UPDATE message_rows m SET subject = '', text = '', visible_text = '', html = '', words = ''
    FROM (SELECT number, received_at FROM message_ids WHERE id = ANY (%(ids)s)
          UNION SELECT number, received_at FROM message_rows WHERE about = ANY (%(ids)s) AND kind = 'edit') gone
    WHERE m.number = gone.number AND m.received_at = gone.received_at RETURNING m.number)
  DELETE FROM attachment_rows WHERE message IN (SELECT number FROM erased)"""


def apply(connection: Connection[Any], batch: Sequence[Routed], clean: Any) -> None:
    """Everything a batch says, parents before children. `clean` makes a row such that PostgreSQL can take it.

    Nothing is waited for but which messages are new, so in a pipeline both sides work at the same time.
    """
    tickets = [event.ticket for event in batch]
    _CUSTOMER(connection, map(clean, together(map(rows.customer, tickets), _first, lambda new, old: new < old)))
    contacts = together(map(rows.contact, tickets), lambda row: (row[1], row[2], row[0]), _named_later)
    _CONTACT(connection, map(clean, contacts))
    conversations = together(map(rows.conversation, tickets), _first, lambda new, old: _opened(new) < _opened(old))
    _CONVERSATION(connection, map(clean, conversations))
    newest = together(map(rows.ticket_row, tickets), _first, lambda new, old: new[1] > old[1])  # type: ignore[operator]  # numbers
    _TICKET(connection, map(clean, newest))
    _REVISION(connection, map(clean, together(map(rows.revision, batch), lambda row: row[:2], _never)))
    decided = (row for event in batch for row in rows.decisions(event))
    _DECISION(connection, map(clean, together(decided, lambda row: row[:3], _never)))
    _say(connection, [(event, event.message) for event in batch if event.message is not None], clean)


def _say(connection: Connection[Any], told: Sequence[tuple[Routed, Message]], clean: Any) -> None:
    """What was said, and what was taken back."""
    if not told:
        return
    sent = _IDS(connection, map(clean, _ids(message for _, message in told)))
    made = [(*rows.message_row(event, message), vector(message)) for event, message in told]
    news = dict(sent.fetchall() if sent else ())
    fresh: dict[str, int] = {}
    again = []
    for place, (event, message) in enumerate(told):
        if news.get(message.id) == message.received_at and message.id not in fresh:
            fresh[message.id] = place
        else:
            again.append((message.id, event.ticket.id, event.ticket.revision, rows.moment(event.ticket.updated_at)))
    _MESSAGE(connection, map(clean, (made[place] for place in fresh.values())))
    files = (row for place in fresh.values() for row in rows.attachments(told[place][1]))
    _ATTACHMENT(connection, map(clean, files))
    moved = together(again, _first, lambda new, old: (new[3], new[1], new[2]) > (old[3], old[1], old[2]))
    with_columns(connection, _MOVE, map(clean, moved))
    concerned = {m.id for _, m in told} | {m.about for _, m in told if m.kind in ("edit", "deletion")}
    back = [row[0] for row in connection.execute(_WITHDRAWN, (sorted(concerned),)).fetchall()]
    if back:
        connection.execute(_FORGET, {"ids": back})


def _ids(messages: Any) -> list[Cells]:
    """The rows of `message_ids`: who is here, who was taken back, and whose edits must wait for one who takes back."""
    found: dict[str, tuple[str | None, int]] = {}
    for message in messages:
        known = found.get(message.id, (None, 0))
        found[message.id] = (known[0] or rows.moment(message.received_at), known[1])
        if message.about and message.kind in ("edit", "deletion"):
            at, withdrawn = found.get(message.about, (None, 0))
            found[message.about] = (at, max(withdrawn, int(message.kind == "deletion")))
    return [(each, *found[each]) for each in sorted(found)]


def _first(row: Row) -> Any:
    return row[0]


def _named_later(new: Row, old: Row) -> bool:
    return (new[4], new[3]) > (old[4], old[3])


def _opened(row: Row) -> Any:
    return row[4], row[1]


def _never(new: Row, old: Row) -> bool:  # noqa: ARG001 - equal rows
    return False
