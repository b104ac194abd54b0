"""Normalize, thread and route in one process: the live ids and origins, and the same as in one go however it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from normalizer.events import Fate, RawEvent, Routed, StatusChange
from normalizer.wire import decode, encode, headers, raw_headers
from ops.config import BlobSettings, Config, Store
from ops.replay.disk import Disk
from ops.replay.line import Line
from streams._record import Output, Record
from tests.unit.streams.samples import NOW


def _raw(number: int, parent: int | None = None) -> Record:
    refers = "" if parent is None else f"References: <{parent}@e2e>\r\n"
    body = f"From: ada@calc.example\r\nMessage-ID: <{number}@e2e>\r\n{refers}Subject: Bill\r\n\r\nHello\r\n".encode()
    raw = RawEvent(
        channel="mail", account="us", source_id=str(number), body=body, content_type="message/rfc822",
        received_at=NOW + timedelta(minutes=number),
    )  # fmt: skip
    return Record("raw.mail", 3, 40 + number, b"k", body, raw_headers(raw), 1000 * number)


def _closed(routed: Routed) -> Record:
    ticket = routed.ticket
    change = StatusChange(
        ticket_id=ticket.id, conversation_id=ticket.conversation_id, customer_id=ticket.customer_id, status="closed",
        at=NOW + timedelta(minutes=2),
    )  # fmt: skip
    head = headers(change, ce_id="1", source="/test", time=NOW)
    return Record(change.topic, 0, 0, b"c", encode(change), head, 1500)


def _config(folder: Path) -> Config:
    return Config(store=Store(path=str(folder / "tickets.db")), blobs=BlobSettings(url=folder.as_uri()))


def _routed(outputs: Sequence[Output]) -> list[Routed]:
    return [decode(Routed, each.value, each.headers) for each in outputs if each.topic == Routed.topic]


def _fed(folder: Path, *batches: Sequence[Record]) -> list[Output]:
    with Disk() as disk, Line(_config(folder), disk) as line:
        return [output for batch in batches for output in line.feed(batch)]


def test_history_gets_the_live_origins_and_a_change_stands_where_it_stood(tmp_path: Path) -> None:
    """Opened, joined, closed by an agent, and opened again by an answer; the broken one is set aside."""
    first = _routed(_fed(tmp_path, [_raw(0)]))[0]
    broken = Record("raw.mail", 3, 49, b"k", b"?", [], 2500)
    outputs = _fed(tmp_path, [_raw(0), _raw(1, 0), _closed(first), _raw(3, 0), broken])
    routed = _routed(outputs)
    assert [(each.ticket.revision, each.ticket.status) for each in routed] == [
        (1, "open"), (2, "open"), (3, "closed"), (4, "open"),
    ]  # fmt: skip
    assert [str(each.message.origin) for each in routed if each.message] == [f"raw.mail/3/{at}" for at in (40, 41, 43)]
    fates = [decode(Fate, each.value, each.headers) for each in outputs if each.topic == Fate.topic]
    assert sorted((each.origin.offset, each.outcome) for each in fates) == [
        (40, "routed"), (41, "routed"), (43, "routed"), (49, "dead_lettered"),
    ]  # fmt: skip


def test_how_it_is_cut_does_not_matter(tmp_path: Path) -> None:
    """One record at a time, or all at once: what is remembered is on disk in between."""
    mails = [_raw(0), _raw(1, 0), _raw(2, 1), _raw(0)]
    together, apart = _fed(tmp_path, mails), _fed(tmp_path, *([mail] for mail in mails))
    assert _routed(together) == _routed(apart)
    assert [each.ticket.messages for each in _routed(together)] == [1, 2, 3, 3]
