"""People write by SMS and WhatsApp: Twilio posts it, and what it could not post is in its list."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from connectors._twilio.client import TwilioClient
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

PAUSE_SECONDS = 0.4
PUBLIC = "https://hooks.example.com"
SHOP, CHAT = "+15005550006", "whatsapp:+15005550009"
ANN, OMAR = "+4915112345678", "+447700900123"

_PHOTO = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8ffff3f0005fe02fea7"
    "35811e0000000049454e44ae426082"
)


class Phones:
    """Two customers, and the number and the WhatsApp sender of a shop."""

    def __init__(self, twilio: FakeTwilio) -> None:
        self._twilio = twilio
        settings = {
            "account_sid": ACCOUNT_SID,
            "auth_tokens": [AUTH_TOKEN],
            "public_url": PUBLIC,
            "poll_seconds": 2,
            "list_after_seconds": 5,
            "api_url": twilio.url,
        }
        self.accounts: Accounts = {"sms": {"demo": settings}, "whatsapp_twilio": {"demo": dict(settings)}}

    async def play(self, door: str, cluster: Cluster) -> None:
        """Write, be answered, react; one webhook is lost."""
        del cluster
        self._twilio.webhooks.behind[PUBLIC] = door  # the proxy in front of our doors
        self._twilio.number(SHOP, f"{PUBLIC}/sms/demo#rc=3&rp=5xx,ct,rt")
        self._twilio.number(CHAT, f"{PUBLIC}/whatsapp_twilio/demo#rc=3&rp=5xx,ct,rt")
        for step in (self._sms, self._mms, self._lost, self._answer, self._whatsapp, self._stop):
            await asyncio.to_thread(step)
            await asyncio.sleep(PAUSE_SECONDS)

    def _sms(self) -> None:
        self._twilio.messages.receive(ANN, SHOP, "Hi, my parcel 4711 did not arrive. Where is it?")

    def _mms(self) -> None:
        self._twilio.messages.receive(ANN, SHOP, "", media=[(_PHOTO, "image/png")], late=1)

    def _lost(self) -> None:
        self._twilio.messages.receive(OMAR, SHOP, "Is the shop open on Sunday?", quiet=True)

    def _answer(self) -> None:
        """Somebody answers with another tool, and Ann's phone confirms it."""
        client = TwilioClient(ACCOUNT_SID, (AUTH_TOKEN,), self._twilio.url)
        said = client.messages.create(
            to=ANN, from_=SHOP, body="It is on its way, you have it tomorrow.", status_callback=f"{PUBLIC}/sms/demo"
        )
        for status in ("sent", "delivered"):
            self._twilio.messages.progress(said.sid, status)

    def _whatsapp(self) -> None:
        customer, names = f"whatsapp:{OMAR}", {"ProfileName": "Omar", "WaId": OMAR[1:]}
        place = {"MessageType": "location", "Latitude": "51.5074", "Longitude": "-0.1278", "Label": "Here"}
        asked = self._twilio.messages.receive(customer, CHAT, "Can you deliver here?", extra=names)
        self._twilio.messages.receive(customer, CHAT, extra=names | place)
        thumb = {"MessageType": "reaction", "OriginalRepliedMessageSid": asked.sid}
        self._twilio.messages.receive(customer, CHAT, "👍", extra=names | thumb)

    def _stop(self) -> None:
        self._twilio.messages.receive("+15005550111", SHOP, "STOP", extra={"OptOutType": "STOP"})


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """The stand-in of Twilio ends with the context."""
    with FakeTwilio() as twilio:
        yield Phones(twilio)
