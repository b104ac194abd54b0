"""The stand-in of Twilio keeps connections as a client needs them."""

from __future__ import annotations

import http.client

import pytest

from connectors._guard import DEFAULT_LIMITS
from connectors.fakes.twilio import FakeTwilio

pytestmark = pytest.mark.slow


def test_a_connection_outlives_the_pause_between_two_polls() -> None:
    """The edge's own server would close it after five seconds, just when it is asked again: that looked like a fault."""
    with FakeTwilio() as twilio:
        line = http.client.HTTPConnection("127.0.0.1", int(twilio.url.rpartition(":")[2]))
        line.request("GET", "/nothing")
        answer = line.getresponse()
        assert (answer.status, answer.read() != b"") == (404, True)
        line.sock.settimeout(DEFAULT_LIMITS.idle_seconds + 1)
        with pytest.raises(TimeoutError):
            line.sock.recv(1)
        line.close()
