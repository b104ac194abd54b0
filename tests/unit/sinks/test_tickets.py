"""The reading side of the ticket store."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import Routed
from normalizer.ids import event_id
from sinks._base import Sink
from sinks._sqlite import APPLICATION_ID
from sinks._tickets import _FAMILY, Tickets
from sinks.postgres import Postgres
from sinks.sqlite import Sqlite
from tests.conformance.sink import HISTORY, MERGES, merged, routed


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.engine)])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sink]:
    """An open store of each kind."""
    store = (
        Sqlite(tmp_path / "tickets.db") if request.param == "sqlite" else Postgres(request.getfixturevalue("store_url"))
    )
    store.open()
    yield store
    store.close()


def where(sink: Sink) -> Path | str:
    """What a reader of that store is told."""
    return sink.where.url if isinstance(sink, Postgres) else sink.path if isinstance(sink, Sqlite) else ""


def said(number: int, text: str, subject: str = "") -> Routed:
    """A ticket whose only message says `text`."""
    event = routed(number, 1, text=text)
    assert event.message is not None
    return msgspec.structs.replace(event, message=msgspec.structs.replace(event.message, subject=subject))


def test_a_ticket_is_read_back_as_it_was_written(sink: Sink) -> None:
    """The newest revision, all messages with their files, all revisions with their decisions; a prefix will do."""
    sink.write(HISTORY)
    mine = [event for event in HISTORY if event.ticket.id == event_id("t", "1")]
    with Tickets(where(sink)) as tickets:
        history = tickets.ticket(mine[0].ticket.id[:13].upper())
    assert mine[-1].ticket == history.ticket
    assert [event.message for event in mine if event.message] == [stored.message for stored in history.messages]
    assert [stored.suppressed for stored in history.messages] == ["", "", "", "auto-reply", ""]
    assert [event.decisions for event in mine] == [revision.decisions for revision in history.revisions]
    assert [event.ticket.updated_at for event in mine] == [revision.at for revision in history.revisions]


def test_an_id_must_name_one_ticket(sink: Sink) -> None:
    """None and more than one are told apart, and the message says what to do."""
    sink.write(HISTORY)
    with Tickets(where(sink)) as tickets:
        with pytest.raises(Rejected, match=r"no ticket has an id that starts with 'zzz': list them"):
            tickets.ticket("zzz")
        with pytest.raises(Rejected, match=r"more than one ticket .* starts with '': give more of the id"):
            tickets.ticket("")
        with pytest.raises(Rejected, match="no ticket"):
            tickets.ticket("%")


def test_tickets_are_listed_by_what_they_are(sink: Sink) -> None:
    """The last updated first; each filter narrows; the limit holds."""
    sink.write([routed(1, 1), routed(2, 2), routed(3, 5, with_message=False)])
    with Tickets(where(sink)) as tickets:
        assert [int(ticket.subject.split()[1]) for ticket in tickets.list_tickets()] == [3, 2, 1]
        assert [ticket.subject for ticket in tickets.list_tickets(status="closed")] == ["Subject 3"]
        assert [ticket.subject for ticket in tickets.list_tickets(queue="queue-2")] == ["Subject 2"]
        assert [ticket.subject for ticket in tickets.list_tickets(priority="normal")] == ["Subject 2"]
        assert tickets.list_tickets(status="closed", priority="normal") == []
        assert tickets.list_tickets(channel="sms") == []
        assert len(tickets.list_tickets(limit=1)) == 1


def test_counts_say_how_much_there_is(sink: Sink) -> None:
    """Suppressed messages are stored and counted by their reason."""
    sink.write(HISTORY)
    with Tickets(where(sink)) as tickets:
        counts = tickets.counts()
    assert tuple(counts[table] for table in ("customers", "conversations", "tickets", "messages", "attachments")) == (
        3,
        4,
        4,
        20,
        8,
    )
    assert counts["suppressed"] == {"auto-reply": 4}
    assert counts["by_status"] == {"open": 4}
    assert counts["by_channel"] == {"mail": 4}


def test_a_joined_message_belongs_to_the_ticket_that_named_it_last(sink: Sink) -> None:
    """Two tickets may name one message after their threads were joined; the order of arrival does not matter."""
    first, last = routed(1, 1), routed(2, 2)
    last = msgspec.structs.replace(last, message=first.message)
    for batch in ([first, last], [last, first]):
        sink.write(batch)
        with Tickets(where(sink)) as tickets:
            assert tickets.ticket(first.ticket.id).messages == ()
            assert [first.message] == [stored.message for stored in tickets.ticket(last.ticket.id).messages]


def test_a_merged_ticket_says_where_it_went(sink: Sink) -> None:
    """It keeps its own revisions; its messages stand with the survivor and name the ticket that they came with."""
    sink.write(MERGES)
    one, two, three = (event_id("t", str(number)) for number in (1, 2, 3))
    with Tickets(where(sink)) as tickets:
        history, whole = tickets.ticket(one), tickets.ticket(three)
    assert ("merged", two, three) == (history.ticket.status, history.ticket.merged_into, history.survivor)
    assert [revision.revision for revision in history.revisions] == [1, 2, 3, 4]
    assert [one, one, one, two, two, three] == [stored.ticket_id for stored in whole.messages]
    assert MERGES[0].decisions == whole.messages[0].decisions
    assert three == whole.survivor


def test_merged_tickets_are_listed_when_they_are_asked_for(sink: Sink) -> None:
    """A list of work has no tickets that are part of another; an earlier revision does not bring one back."""
    sink.write(MERGES[::-1])
    with Tickets(where(sink)) as tickets:
        assert [ticket.subject for ticket in tickets.list_tickets()] == ["Subject 4", "Subject 3"]
        assert [ticket.subject for ticket in tickets.list_tickets(status="merged")] == ["Subject 2", "Subject 1"]
        assert tickets.counts()["by_status"] == {"open": 1, "closed": 1, "merged": 2}


def test_a_hit_shows_the_ticket_that_is_left(sink: Sink) -> None:
    """Also when that is not yet known whole: then the last ticket that is."""
    sink.write([said(1, "refund"), merged(1, 2, 2), merged(2, 1, 3)])
    with Tickets(where(sink)) as tickets:
        assert [hit.ticket.subject for hit in tickets.search("refund")] == ["Subject 2"]
        sink.write([routed(3, 1)])
        assert [hit.ticket.subject for hit in tickets.search("refund")] == ["Subject 3"]


def test_related_conversations_are_read_back(sink: Sink) -> None:
    """They are part of the ticket."""
    event = routed(1, 1)
    related = msgspec.structs.replace(event.ticket, related_to=("c-1", "c-2"))
    sink.write([msgspec.structs.replace(event, ticket=related)])
    with Tickets(where(sink)) as tickets:
        assert [related] == tickets.list_tickets()


def test_merges_are_followed_by_an_index(tmp_path: Path) -> None:
    """A family is found by its own rows, not by reading all tickets."""
    sink = Sqlite(tmp_path / "tickets.db")
    sink.open()
    sink.write(MERGES)
    sink.close()
    with Tickets(sink.path) as tickets:
        ids = "SELECT id FROM messages WHERE ticket_id IN (SELECT id FROM family)"
        plan = tickets._rows(f"EXPLAIN QUERY PLAN {_FAMILY} {ids}", id="x")
    assert not [step for *_, step in plan if step.startswith(("SCAN messages", "SCAN t"))]
    assert [step for *_, step in plan if "tickets_by_merge" in step]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("refund", [1]),
        ("REFUND", [1]),
        ("refu", [1]),
        ("refund money", [1]),
        ("refund cafe", []),
        ("cafe", [2]),
        ("CAFÉ", [2]),
        ("退款", [3]),
        ("款退", []),
        ("返金", [4]),
        ("환불", [5]),
        ("срочно", [6]),
        ("c1@example.com", [1, 4]),
        ("customer", [1, 2, 3, 4, 5, 6]),
        ("hello", [2]),
        ('"refund', [1]),
        ("refund AND", []),
        ("NEAR(", []),
        ("*", []),
        ("text:", [6]),
        ("", []),
        ("\x00 \ud800 ^", []),
    ],
)
def test_messages_are_found_by_their_words(sink: Sink, query: str, found: list[int]) -> None:
    """Case and accents do not matter, words may be begun, other scripts work, and nothing is syntax."""
    texts = [
        "I want a refund of my money",
        "Le café est froid",
        "我要退款，谢谢",
        "返金してください",
        "환불해주세요",
        "Срочно text",
    ]
    sink.write([said(number, text, "Hello" if number == 2 else "") for number, text in enumerate(texts, 1)])
    with Tickets(where(sink)) as tickets:
        hits = tickets.search(query)
    assert [f"Subject {number}" for number in found] == sorted(hit.ticket.subject for hit in hits)


def test_a_hit_shows_the_text_around_the_word(sink: Sink) -> None:
    """The excerpt is one line with the word in it."""
    sink.write([said(1, "before " * 50 + "\n\nthe refund\n\n" + "after " * 50)])
    with Tickets(where(sink)) as tickets:
        (hit,) = tickets.search("refund")
    assert "the refund after" in hit.excerpt
    assert hit.excerpt.startswith("…")
    assert hit.excerpt.endswith("…")
    assert len(hit.excerpt) <= 122


@given(st.text(max_size=60))
def test_no_query_raises(tmp_path_factory: pytest.TempPathFactory, query: str) -> None:
    """Whatever somebody types, the answer is a list."""
    path = tmp_path_factory.getbasetemp() / "queries.db"
    if not path.exists():
        store = Sqlite(path)
        store.open()
        store.write(HISTORY)
        store.close()
    with Tickets(path) as tickets:
        assert len(tickets.search(query)) <= 20


def test_there_must_be_a_store_to_read(tmp_path: Path) -> None:
    """Reading makes no file, and says what to do."""
    with pytest.raises(Misconfigured, match=r"there is no ticket store at .*: start the pipeline once, or correct"):
        Tickets(tmp_path / "t.db")
    assert list(tmp_path.iterdir()) == []


def test_a_store_without_its_schema_is_not_read(tmp_path: Path) -> None:
    """A reader does not update a store; the message says who does."""
    connection = sqlite3.connect(tmp_path / "t.db")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.close()
    with pytest.raises(Misconfigured, match=r"made by an older Switchboard: start the pipeline once to update it"):
        Tickets(tmp_path / "t.db")


def test_reading_cannot_write(sink: Sink) -> None:
    """The reader's connection is read-only."""
    with (
        Tickets(where(sink)) as tickets,
        pytest.raises((Misconfigured, Retriable), match=r"cannot be written|can only be read"),
    ):
        tickets._rows("DELETE FROM decision_rows")


def test_a_ticket_without_a_subject_is_known_by_its_first_words(sink: Sink) -> None:
    """Chats have no subject; what machines said does not count."""
    chat = said(1, "hello?\nis anybody there", "")
    nameless = msgspec.structs.replace(chat, ticket=msgspec.structs.replace(chat.ticket, subject=""))
    assert nameless.message
    quiet = msgspec.structs.replace(nameless.message, visible_text="")
    sink.write([msgspec.structs.replace(nameless, message=quiet), routed(2, 1)])
    with Tickets(where(sink)) as tickets:
        found = tickets.list_tickets()
        assert tickets.openings(found) == {chat.ticket.id: "hello? is anybody there"}
