"""The questions after a fault find what is wrong, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec

from bench.chaos.checks import Revisions, comparable, differences, ledger, letters, once


def line(table: str, **cells: Any) -> bytes:
    """A row of an export."""
    return msgspec.json.encode({"table": table, **cells})


def message(name: str, text: str, *, received: str = "2026-01-01", revision: int = 1, **more: Any) -> bytes:
    """A message's row."""
    details = msgspec.json.encode(
        {"channel": "mail", "id": name, "received_at": received, "origin": [revision], **more}
    ).decode()
    return line(
        "messages",
        id=name,
        text=text,
        received_at=received,
        said_at=received,
        routed_at=received,
        revision=revision,
        details=details,
    )


def test_time_and_order_make_no_difference() -> None:
    """Two stores that got the same messages in another order at other times are equal, byte for byte."""
    one = [
        line("tickets", id="t", revision=2, subject="s", opened_at="1"),
        line("revisions", ticket_id="t", revision=1, message_id="a", status="open", priority="low", queue="q", at="1"),
        line("revisions", ticket_id="t", revision=2, message_id="b", status="open", priority="high", queue="q", at="2"),
        line("decisions", ticket_id="t", revision=1, position=0, what="queue", result="q"),
        message("a", "hello", received="1", revision=1),
        message("b", "hello", received="2", revision=2),
    ]
    other = [
        line("tickets", id="t", revision=2, subject="s", opened_at="5"),
        line("revisions", ticket_id="t", revision=1, message_id="b", status="open", priority="high", queue="q", at="6"),
        line("revisions", ticket_id="t", revision=2, message_id="a", status="open", priority="high", queue="q", at="7"),
        line("decisions", ticket_id="t", revision=2, position=0, what="queue", result="q"),
        message("b", "hello", received="6", revision=1),
        message("a", "hello", received="7", revision=2),
    ]
    assert comparable(one) == comparable(other)
    assert differences(comparable(one), comparable(other)) == []


def test_everything_else_is_a_difference() -> None:
    """Another subject, other words, another detail, a decision for another message, one row more."""
    base = [line("tickets", id="t", subject="s"), message("a", "hello")]
    for other in (
        [line("tickets", id="t", subject="S"), message("a", "hello")],
        [line("tickets", id="t", subject="s"), message("a", "Hello")],
        [line("tickets", id="t", subject="s"), message("a", "hello", trust="spoofed")],
        [*base, message("b", "hello")],
        [*base, base[0]],
    ):
        assert comparable(base) != comparable(other)
        assert differences(comparable(base), comparable(other))
        assert differences(comparable(other), comparable(base))


def test_what_a_list_does_not_know_makes_no_difference_where_there_are_two_ways() -> None:
    """The country of a text is told by the webhook only; on another channel it would be a difference."""
    for channel, same in (("sms", True), ("webform", False)):
        told = [message("a", "hello", channel=channel, source_id="SM1", fields={"country": "US"})]
        listed = [message("a", "hello", channel=channel, source_id="SM1;listed", sent_at="2026-01-01")]
        assert (comparable(told) == comparable(listed)) is same


def test_calls_are_not_compared() -> None:
    """Neither is anything that belongs to them only."""
    mine = [line("tickets", id="t", channel="mail", conversation_id="c", customer_id="u"), line("customers", id="u")]
    call = [
        line("tickets", id="v", channel="voice", conversation_id="d", customer_id="w"),
        line("conversations", id="d", customer_id="w", channel="voice"),
        line("customers", id="w"),
        line("contacts", customer_id="w", scheme="tel", address="+1", name=""),
        line("messages", id="m", ticket_id="v", text="", details='{"channel":"voice"}'),
        line("attachments", message_id="m", position=0),
        line("revisions", ticket_id="v", revision=1, message_id="m"),
        line("decisions", ticket_id="v", revision=1, position=0),
    ]
    assert comparable([*mine, *call]) == comparable(mine)


def test_differences_are_told_by_side_and_not_without_end() -> None:
    """Where a row is, and how many more there are."""
    found = differences([b"%d" % number for number in range(7)], [b"x"])
    assert found == [
        "only with faults: 0", "only with faults: 1", "only with faults: 2", "only with faults: 3", "only with faults: 4",
        "only with faults: 2 more rows", "only without faults: x",
    ]  # fmt: skip


def test_every_saying_is_in_the_store_once() -> None:
    """A lost one, a doubled one and one that nobody said are named; a mark twice in one message is one."""
    export = [
        message("a", "x (mark-mail-000001) x (mark-mail-000001)"),
        message("b", "(mark-mail-000002)"),
        message("c", "(mark-mail-000002)"),
        message("d", "(mark-sms-000009)"),
    ]
    assert once(export[:1], ["mark-mail-000001"], ["mark-mail-000001"]) == []
    said = ["mark-mail-000001", "mark-mail-000002", "mark-mail-000003"]
    assert once(export, said, said) == [
        "lost: mark-mail-000003 and so 1 in all",
        "more than once: mark-mail-000002 and so 1 in all",
        "never said: mark-sms-000009 and so 1 in all",
    ]


def account(**cells: Any) -> dict[str, Any]:
    """A channel's account in the ledger."""
    zero = dict.fromkeys(("accepted", "routed", "duplicate", "suppressed", "dead_lettered", "in_flight"), 0)
    return {"channel": "mail", **zero, "missing": [], **cells}


def test_a_ledger_that_does_not_add_up_is_told() -> None:
    """By its status, what is missing, its sum, and by dead letters that nobody spoiled."""
    assert ledger(0, [account(accepted=3, routed=2, dead_lettered=1)], {"mail": 1}) == []
    assert ledger(1, [account(accepted=1, missing=["raw.mail/0/7"])], {}) == [
        "the ledger ended with 1",
        "mail: missing raw.mail/0/7",
        "mail: accepted 1, fates 0, in flight 0",
    ]
    assert ledger(0, [account(accepted=1, in_flight=1)], {}) == ["mail: accepted 1, fates 1, in flight 1"]
    assert ledger(0, [account(accepted=1, dead_lettered=1)], {}) == ["mail: 1 dead letters, spoiled 0"]


def test_dead_letters_are_those_that_were_spoiled() -> None:
    """No more and no fewer, topic by topic."""
    assert letters({"raw.mail": 2}, {"raw.mail": 2}) == []
    assert letters({"raw.mail": 1}, {"raw.mail": 2, "raw.sms": 1}) == [
        "raw.mail: 1 records in dead.letters, 2 spoiled",
        "raw.sms: 0 records in dead.letters, 1 spoiled",
    ]


def test_revisions_count_without_a_gap() -> None:
    """Earlier ones may come again; a gap on the topic is told, and so is one in the store."""
    revisions = Revisions()
    for ticket, revision in (("t", 1), ("t", 2), ("t", 1), ("t", 2), ("t", 3), ("u", 1)):
        revisions.add(ticket, revision)
    assert revisions.problems == []
    stored = [line("revisions", ticket_id="t", revision=number) for number in (1, 2, 3)]
    whole = [*stored, line("revisions", ticket_id="u", revision=1)]
    assert revisions.stored(whole) == []
    assert revisions.stored([*whole[:1], *whole[2:]]) == ["ticket t: the store has revisions [1, 3], the topic up to 3"]
    revisions.add("u", 3)
    assert revisions.problems == ["ticket u: revision 3 after 1"]


def test_two_messages_cannot_have_the_same_revision() -> None:
    """A stage that forgot the first would give its number to the second. A message that comes again may have any."""
    revisions = Revisions()
    for revision, name in ((1, "a"), (2, "b"), (2, "a"), (3, "c")):
        revisions.add("t", revision, name)
    assert revisions.problems == []
    revisions.add("t", 3, "d")
    assert revisions.problems == ["ticket t: revision 3 again, for message d"]
