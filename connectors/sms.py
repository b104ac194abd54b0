"""SMS and MMS through Twilio: posted to ``/sms/ACCOUNT`` as they come, and listed for what was missed."""

from __future__ import annotations

from typing import ClassVar

from connectors._twilio.consent import KEYWORDS
from connectors._twilio.messaging import Messaging
from connectors._twilio.reading import read
from normalizer.events import Message, RawEvent


class Sms(Messaging):
    """One Twilio account, or some of its numbers; its sources are the numbers, or the whole account.

    Delivery: at least once. A webhook is answered after the broker has the message; what no webhook brought, the list
    brings. Both give a message the id of its MessageSid, so that it is there once.
    """

    channel: ClassVar[str] = "sms"
    network: ClassVar[str] = ""

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The one message, receipt or consent of a delivery. Raises `Rejected` for what has no Sid."""
        return read(raw, KEYWORDS)
