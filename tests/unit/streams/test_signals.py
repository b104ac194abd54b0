"""What is told without words: it leaves the way after threading, counted, and opens no ticket."""

from __future__ import annotations

import msgspec
import pytest

from normalizer.events import Contact, Event, Fate, Kind, Message, Signal
from normalizer.ids import customer_id
from normalizer.wire import decode
from streams._state import State
from streams.thread import Thread
from tests.unit.streams.samples import message, record


def _through(*messages: Message) -> list[tuple[str, Event]]:
    stage, found = Thread(), []
    state = State(stage.tables)
    for each in messages:
        outputs = stage.decide(record(each), state)
        state.accept()
        for output in outputs:
            kind = Signal if output.topic == Signal.topic else Fate
            found.append((output.topic, decode(kind, output.value, output.headers)))
    return found


@pytest.mark.parametrize("kind", ["status", "consent"])
def test_a_signal_goes_to_its_own_topic(kind: Kind) -> None:
    """With its customer; its record's fate is suppressed, with its kind for a reason."""
    told = message("m1", kind=kind)
    (signals, signal), (fates, fate) = _through(told)
    assert (signals, fates) == ("signals", "fates")
    assert isinstance(signal, Signal)
    assert signal.message == told
    assert isinstance(fate, Fate)
    assert (fate.outcome, fate.reason) == ("suppressed", kind)


def test_a_signal_from_another_record_is_a_duplicate() -> None:
    """Providers tell twice; the topic has it once."""
    told = message("m1", kind="status", offset=1)
    found = _through(told, message("m1", kind="status", offset=2))
    assert [topic for topic, _ in found] == ["signals", "fates", "fates"]


def test_a_receipt_is_of_whom_it_comes_from() -> None:
    """A receipt's customer is the one who received."""
    told = msgspec.structs.replace(message("m1", kind="status"), sender=Contact("tel", "+4930123456"))
    (_, signal), _ = _through(told)
    assert isinstance(signal, Signal)
    assert signal.customer_id == customer_id("tel", "+4930123456")
