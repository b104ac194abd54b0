"""WhatsApp through Twilio: posted to ``/whatsapp_twilio/ACCOUNT`` as they come, and listed for what was missed."""

from __future__ import annotations

from typing import ClassVar

from connectors._twilio.consent import FEW_KEYWORDS
from connectors._twilio.messaging import Messaging
from connectors._twilio.reading import read
from normalizer.events import Message, RawEvent


class WhatsAppTwilio(Messaging):
    """One Twilio account's WhatsApp senders; its sources are the numbers, or the whole account.

    Delivery: at least once. A webhook is answered after the broker has the message; what no webhook brought, the list
    brings, without what only webhooks have (names, places, buttons). Both give a message the id of its MessageSid.
    """

    channel: ClassVar[str] = "whatsapp_twilio"
    network: ClassVar[str] = "whatsapp"

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The one message, reaction, receipt or consent of a delivery. Raises `Rejected` for what has no Sid."""
        return read(raw, FEW_KEYWORDS)
