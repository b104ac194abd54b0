"""The files of messages, when their own list is not given."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors._blobs import BlobStore
from connectors._twilio.client import TwilioClient
from connectors._twilio.files import Files
from connectors.fakes.twilio import ACCOUNT_SID, FakeTwilio
from normalizer.errors import Retriable
from tests.unit.connectors.twilio_messages import CUSTOMER, OURS, SECRET


def test_a_list_of_files_that_is_not_given_holds_up_nothing(tmp_path: Path) -> None:
    """The message is there without them; unless Twilio says when to ask again: then nothing is lost by waiting."""
    with FakeTwilio(ACCOUNT_SID, (SECRET,)) as twilio:
        told = {"nummedia": "1", "sid": twilio.messages.receive(CUSTOMER, OURS, media=[(b"abc", "image/gif")]).sid}
        client = TwilioClient(ACCOUNT_SID, (SECRET,), twilio.url)
        files = Files(ACCOUNT_SID, [SECRET], twilio.url, BlobStore(tmp_path.as_uri()))
        twilio.account.fail(503)
        assert [each.error for each in files.of(told, client)] == ["not-listed:Retriable"]
        twilio.account.fail(429, retry_after=1)
        with pytest.raises(Retriable, match="429"):
            files.of(told, client)
        assert [each.size for each in files.of(told, client)] == [3]
        assert [each.error for each in files.of(told | {"sid": "SM1"}, client)] == ["not-listed:Misconfigured"]
