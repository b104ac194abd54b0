"""A telephone: a voicemail with its transcript, a request to be called back, a call that is taken, and one that is not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from connectors.fakes._twilio.phone import Caller
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

PAUSE_SECONDS = 0.5
PUBLIC = "https://calls.example.com"
HOTLINE, SALES, COLLEAGUE = "+15005550001", "+15005550002", "+15005550009"

_CALLS = (
    ("+4930123456", HOTLINE, Caller(speaks=9, transcript="Hello, this is Ida Lund. The machine you sent is broken.")),
    ("+14155550133", HOTLINE, Caller(presses="1", extra={"CallerName": "OMAR REYES"})),
    ("anonymous", HOTLINE, Caller()),
    ("+14155550144", SALES, Caller(listens=95)),
    ("+14155550155", SALES, Caller()),
    ("+14155550155", SALES, Caller(presses="1")),
)


class Phones:
    """Two numbers: one that a machine answers, and one that is put through to a colleague."""

    def __init__(self, twilio: FakeTwilio) -> None:
        self._twilio = twilio
        account = {
            "account_sid": ACCOUNT_SID,
            "auth_tokens": [AUTH_TOKEN],
            "public_url": PUBLIC,
            "api_url": twilio.url,
            "poll_seconds": 5,
        }
        sales = account | {"numbers": [SALES], "forward": [COLLEAGUE]}
        self.accounts: Accounts = {"voice": {"hotline": account | {"numbers": [HOTLINE]}, "sales": sales}}
        for number, name in ((HOTLINE, "hotline"), (SALES, "sales")):
            twilio.line(number, f"{PUBLIC}/voice/{name}", status_callback=f"{PUBLIC}/voice/{name}/status")

    async def play(self, door: str, cluster: Cluster) -> None:
        """Call, one after the other."""
        del cluster
        self._twilio.webhooks.behind[PUBLIC] = door
        for number, (sender, to, caller) in enumerate(_CALLS):
            self._twilio.phone.colleagues[COLLEAGUE] = "completed" if number == 3 else "no-answer"
            await asyncio.to_thread(self._twilio.phone.ring, sender, to, caller)
            await asyncio.sleep(PAUSE_SECONDS)


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """The stand-in of Twilio ends with the context."""
    with FakeTwilio() as twilio:
        yield Phones(twilio)
