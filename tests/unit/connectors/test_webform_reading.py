"""The eye of the web form: from a raw record to its message."""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.webform import WebForm
from normalizer.errors import Rejected
from normalizer.events import Contact, RawEvent


def record(body: bytes, content_type: str = "application/x-www-form-urlencoded", **attributes: str) -> RawEvent:
    """A raw record as it lies on the topic."""
    return RawEvent(
        channel="webform",
        account="shop",
        source_id="s1",
        body=body,
        content_type=content_type,
        received_at=datetime(2026, 1, 2, tzinfo=UTC),
        attributes=attributes,
    )


@pytest.mark.parametrize(
    ("fields", "sender", "kept", "notes"),
    [
        ({"email": "Ann@EXAMPLE.org"}, Contact("email", "ann@example.org"), {}, ()),
        ({"email": "ann@bücher.example"}, Contact("email", "ann@xn--bcher-kva.example"), {}, ()),
        ({"email": "?"}, Contact("form", "s1"), {"email": "?"}, ("bad-email",)),
        ({"phone": "030 901820"}, Contact("tel", "+4930901820"), {"phone": "+4930901820"}, ()),
        ({"phone": "ask me"}, Contact("form", "s1"), {"phone": "ask me"}, ()),
        ({"name": "Ann"}, Contact("form", "s1", "Ann"), {}, ()),
    ],
)
def test_sender_is_the_best_address_there_is(
    fields: dict[str, str], sender: Contact, kept: dict[str, str], notes: tuple[str, ...]
) -> None:
    """A mail address, else a phone number, else this one post; never verified."""
    (message,) = WebForm.read(record(urlencode(fields | {"message": "hi"}).encode(), region="DE"))
    assert message.sender == sender
    assert message.fields == kept
    assert message.degradations == ("unverified-sender", *notes)


def test_a_post_that_says_nothing_is_nothing() -> None:
    """An empty post in the history has no message."""
    assert WebForm.read(record(b"name=Ann&message=")) == ()


@given(
    body=st.binary(max_size=300), kind=st.sampled_from(["application/vnd.switchboard.form+json", "application/json"])
)
def test_any_record_is_read_or_rejected(body: bytes, kind: str) -> None:
    """Whatever lies on the topic, the reader answers the same twice, or rejects it."""
    with suppress(Rejected):
        assert WebForm.read(record(body, kind)) == WebForm.read(record(body, kind))
