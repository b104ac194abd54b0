"""The eyes: every channel's `read`, on what its connector could have published, changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from normalizer.errors import Rejected
from normalizer.events import Origin, RawEvent
from normalizer.wire import encode, raw_headers, read_raw
from tests.conformance.connector import ConnectorContract
from tests.conformance.test_fleet_connectors import _test_classes
from tests.fuzz.found import Input
from tests.fuzz.mutate import Mutator
from tests.fuzz.target import Target
from tests.servers.corpora import CORPORA

MAILS = Path(__file__).parents[1] / "unit" / "normalizer" / "mail" / "kinds"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def reads() -> Iterator[Target]:
    """A target for each channel."""
    kits = [each for each in _test_classes() if issubclass(each, ConnectorContract)]
    for kit in kits:
        samples = [each for each in kit().samples() if len(each.body) < 200_000]
        if kit.connector.channel == "mail":
            samples += [msgspec.structs.replace(samples[0], body=body) for body in _mails()]
        yield _read(kit.connector.channel, samples, kit.connector.read)


def _mails() -> list[bytes]:
    """Mails of every kind: those in the repository, and those of the corpora where they are."""
    paths = [
        *sorted(MAILS.glob("*.eml")),
        *sorted(CORPORA.glob("*/**/*.eml"))[:400],
        *CORPORA.glob("cpython_test_email/*.txt"),
    ]
    return [body for path in paths if len(body := path.read_bytes()) < 60_000]


def _read(channel: str, samples: Sequence[RawEvent], read: Callable[[RawEvent], Sequence[Any]]) -> Target:
    bodies = [each.body for each in samples]
    name = f"read:{channel}"

    def make(mutator: Mutator) -> Input:
        like = mutator.random.choice(samples)
        attributes = tuple((key, _bytes(mutator.text(value))) for key, value in like.attributes.items())
        return Input(
            name, mutator.body(bodies), content_type=mutator.content_type(like.content_type), attributes=attributes
        )

    def run(found: Input) -> str:
        kind = found.content_type.encode("utf-8", "replace").decode()
        raw = RawEvent(
            channel=channel, account="main", source_id="1", body=found.body, content_type=kind,
            received_at=NOW, attributes={key: value.decode("utf-8", "surrogateescape") for key, value in found.attributes}, origin=Origin(f"raw.{channel}", 0, 0),
        )  # fmt: skip
        try:
            messages = read(read_raw(raw.body, raw_headers(raw), origin=raw.origin))
            for message in messages:  # what cannot be written would stop the stage
                encode(msgspec.structs.replace(message, attachments=()))
        except Rejected:
            return "rejected"
        return "read" if messages else "nothing in it"

    return Target(name, make, run)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
