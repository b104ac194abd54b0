"""Forgetting: old tickets, or everything of one customer, for good and in both kinds of store.

A ticket goes with its messages, files' names, revisions and decisions; customers and conversations that have no ticket left go too; of others it
stays known since when they are customers. What was merged into a ticket stays as long as that one does: it is part of what people see there. Blobs are not touched
(`connectors._sweep`), nor is Kafka: a store that is filled again from ``tickets.routed`` has again what that topic still keeps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from sinks._reader import SCHEMES
from sinks._rows import moment

AT_ONCE = 200
"""Tickets that one transaction forgets, so that who delivers does not wait long."""


class Gone(msgspec.Struct, frozen=True):
    """What was forgotten. `words` are messages in other customers' tickets whose words are gone; their rows stay."""

    tickets: int = 0
    messages: int = 0
    customers: int = 0
    words: int = 0

    def __add__(self, other: Gone) -> Gone:
        return Gone(*(mine + theirs for mine, theirs in zip(_cells(self), _cells(other), strict=True)))


def _cells(gone: Gone) -> tuple[int, ...]:
    return gone.tickets, gone.messages, gone.customers, gone.words


class Shredder(ABC):
    """A connection to a store that may delete. Raises `Misconfigured` and `Retriable` as the sinks do."""

    among: ClassVar[str]
    """The condition that a column is one of the values in ``:list``."""
    before: ClassVar[str]
    """``:at`` as the type that times have."""

    @abstractmethod
    def rows(self, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What a statement finds."""

    @abstractmethod
    def change(self, statement: str, values: Mapping[str, Any]) -> int:
        """How many rows a statement changed."""

    @abstractmethod
    def listed(self, values: Sequence[str]) -> Any:
        """Values as `among` takes them."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing."""

    @abstractmethod
    def forget_words(self, ids: Sequence[str]) -> None:
        """Take the words of messages out of the index; called before their texts go."""

    @abstractmethod
    def drop_messages(self, ids: Sequence[str]) -> int:
        """Delete messages with their files' names; how many there were."""

    @abstractmethod
    def blank(self, ids: Sequence[str]) -> None:
        """Empty the texts and names of messages whose rows stay, and delete their files' names."""

    @abstractmethod
    def finish(self) -> None:
        """Give back what was used, so that nothing is left in free pages or in empty months."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection."""


# Of tickets that were merged the last one counts, which is the one that people see.
_OLD = """WITH RECURSIVE kept (id) AS (
    SELECT id FROM tickets WHERE updated_at >= {before}
    UNION SELECT t.id FROM tickets t JOIN kept ON t.merged_into = kept.id)
  SELECT id FROM tickets WHERE id NOT IN (SELECT id FROM kept) ORDER BY id"""
_CUSTOMERS = "SELECT DISTINCT customer_id FROM contacts WHERE scheme = :scheme AND address = :address"
_TICKETS_OF = (
    "SELECT id FROM tickets WHERE customer_id {among} OR (scheme = :scheme AND address = :address) ORDER BY id"
)
_SAID_BY = """SELECT id FROM messages WHERE sender = :address AND ticket_id NOT IN
  (SELECT id FROM tickets WHERE customer_id {among}) ORDER BY id"""

_CONTACTS_ALONE = """DELETE FROM contacts WHERE customer_id {among}
  AND NOT EXISTS (SELECT 1 FROM tickets WHERE customer_id = contacts.customer_id)
  AND NOT EXISTS (SELECT 1 FROM conversations WHERE customer_id = contacts.customer_id)"""
_CUSTOMERS_ALONE = """DELETE FROM customers WHERE id {among}
  AND NOT EXISTS (SELECT 1 FROM tickets WHERE customer_id = customers.id)
  AND NOT EXISTS (SELECT 1 FROM conversations WHERE customer_id = customers.id)"""


def shredder(where: str) -> Shredder:
    """The store at an address, as the configuration names it."""
    if where.startswith(SCHEMES):
        from sinks._forgetpostgres import PostgresShredder  # whose driver takes a tenth of a second to load

        return PostgresShredder(where)
    from sinks._forgetsqlite import SqliteShredder

    return SqliteShredder(Path(where))


def purge(where: str, before: datetime) -> Gone:
    """Forget every ticket that was last updated before a moment, whatever its status."""
    store = shredder(where)
    try:
        at = {"at": moment(before)}
        found = [row[0] for row in store.rows(_OLD.format(before=store.before), at)]
        gone = _forget(store, found)
        store.finish()
    finally:
        store.close()
    return gone


def erase(where: str, scheme: str, address: str) -> Gone:
    """Forget a customer: her tickets, her addresses, and the words that she wrote in tickets of others.

    What others wrote about her in tickets of their own stays: nobody can find it by her address.
    """
    store = shredder(where)
    try:
        who = {"scheme": scheme, "address": address}
        customers = [row[0] for row in store.rows(_CUSTOMERS, who)]
        among = {"list": store.listed(customers), **who}
        tickets = [row[0] for row in store.rows(_TICKETS_OF.format(among=store.among), among)]
        words = [row[0] for row in store.rows(_SAID_BY.format(among=store.among), among)]
        with store.transaction():
            store.forget_words(words)
            store.blank(words)
        gone = _forget(store, tickets) + Gone(words=len(words))
        store.finish()
    finally:
        store.close()
    return gone


def _forget(store: Shredder, tickets: Sequence[str]) -> Gone:
    """Delete tickets and what is under them, some at a time, then what they leave without a ticket."""
    gone = Gone()
    for start in range(0, len(tickets), AT_ONCE):
        some = tickets[start : start + AT_ONCE]
        with store.transaction():
            gone += _tickets(store, some)
    return gone


def _tickets(store: Shredder, tickets: Sequence[str]) -> Gone:
    among, ids = store.among, {"list": store.listed(tickets)}
    customers = [row[0] for row in store.rows(f"SELECT DISTINCT customer_id FROM tickets WHERE id {among}", ids)]  # noqa: S608 - ours
    messages = [row[0] for row in store.rows(f"SELECT id FROM messages WHERE ticket_id {among}", ids)]  # noqa: S608 - as above
    store.forget_words(messages)
    count = store.drop_messages(messages)
    numbers = f"SELECT number FROM tickets WHERE id {among}"  # noqa: S608 - as above
    # Messages too: PostgreSQL has some that the view does not show, when their ids went with their month.
    for table in ("decision_rows", "revision_rows", "message_rows"):
        store.change(f"DELETE FROM {table} WHERE ticket IN ({numbers})", ids)  # noqa: S608 - as above
    number = store.change(f"DELETE FROM tickets WHERE id {among}", ids)  # noqa: S608 - as above
    whose = {"list": store.listed(customers)}
    store.change(
        f"""DELETE FROM conversations WHERE customer_id {among}
          AND NOT EXISTS (SELECT 1 FROM tickets WHERE conversation_id = conversations.id)""",  # noqa: S608 - as above
        whose,
    )
    store.change(_CONTACTS_ALONE.format(among=among), whose)
    people = store.change(_CUSTOMERS_ALONE.format(among=among), whose)
    return Gone(number, count, people)
