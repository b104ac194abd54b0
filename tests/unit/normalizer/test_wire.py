"""Records that are no events: set aside, never a reason for a stage to stop."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from normalizer.errors import Rejected
from normalizer.events import Health
from normalizer.wire import decode, encode, headers

HEALTH = Health(name="mail/main/INBOX", state="running", at=datetime(2026, 1, 2, tzinfo=UTC))
HEADERS = headers(HEALTH, ce_id="1", source="/here", time=HEALTH.at)


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"name":"\xff"}', b'{"name":' + b"[" * 100_000, b"\xff"])
def test_a_broken_value_is_rejected(value: bytes) -> None:
    """Whatever the bytes: no JSON, no UTF-8, deeper than the parser goes."""
    with pytest.raises(
        Rejected, match=r"a switchboard\.health\.v1 does not match its schema \(.*\): look at"
    ) as caught:
        decode(Health, value, HEADERS)
    assert caught.value.reason == "broken-event"


def test_text_that_is_no_unicode_is_rejected() -> None:
    """Half a surrogate pair cannot be written; the record that it came from is set aside."""
    broken = Health(name="\ud800", state="running", at=HEALTH.at)
    with pytest.raises(
        Rejected, match=r"holds text that is no Unicode \(at 0 of 1 characters\): look at where"
    ) as caught:
        encode(broken)
    assert caught.value.reason == "not-unicode"
