"""The stand-in of Twilio keeps connections as a client needs them."""

from __future__ import annotations

import socket

import pytest

from connectors._guard import DEFAULT_LIMITS
from connectors.fakes.twilio import FakeTwilio

pytestmark = pytest.mark.slow


def test_a_connection_outlives_the_pause_between_two_polls() -> None:
    """The edge's own server would close it after five seconds, just when it is asked again: that looked like a fault."""
    with FakeTwilio() as twilio, socket.create_connection(("127.0.0.1", int(twilio.url.rpartition(":")[2]))) as line:
        line.sendall(b"GET /nothing HTTP/1.1\r\nHost: twilio\r\n\r\n")
        assert line.recv(65536).startswith(b"HTTP/1.1 404")
        line.settimeout(DEFAULT_LIMITS.idle_seconds + 1)
        with pytest.raises(TimeoutError):
            line.recv(1)
