"""A WhatsApp business number and the people who write to it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import base64
import time

from connectors.fakes._meta.outbox import Json, Outbox, serial


class Number(Outbox):
    """One number. Each method queues one update and returns the id that Meta gives it."""

    def __init__(self, business: str, phone_number_id: str, display: str) -> None:
        super().__init__("whatsapp_business_account", business)
        self.phone_number_id = phone_number_id
        self.display = display

    def text(self, customer: str, name: str, body: str, *, answers: str = "") -> str:
        """Somebody writes; `answers` is the message that he answers."""
        context = {"context": {"from": self.display, "id": answers}} if answers else {}
        return self.message(customer, name, {"type": "text", "text": {"body": body}, **context})

    def media(self, customer: str, name: str, kind: str, media: str, content_type: str, caption: str = "") -> str:
        """Somebody sends a file that the Graph API has as `media`."""
        file = {"id": media, "mime_type": content_type, "sha256": "c2hhMjU2"}
        return self.message(customer, name, {"type": kind, kind: file | ({"caption": caption} if caption else {})})

    def reaction(self, customer: str, name: str, about: str, emoji: str) -> str:
        """Somebody reacts; an empty emoji takes it back."""
        return self.message(customer, name, {"type": "reaction", "reaction": {"message_id": about, "emoji": emoji}})

    def edit(self, customer: str, name: str, about: str, body: str) -> str:
        """Somebody changes what he wrote."""
        inner = {"type": "text", "text": {"body": body}}
        return self.message(customer, name, {"type": "edit", "edit": {"original_message_id": about, "message": inner}})

    def revoke(self, customer: str, name: str, about: str) -> str:
        """Somebody takes back what he wrote."""
        return self.message(customer, name, {"type": "revoke", "revoke": {"original_message_id": about}})

    def message(self, customer: str, name: str, said: Json) -> str:
        """A message of any type."""
        wamid = self._wamid()
        people = [{"profile": {"name": name}, "wa_id": customer}]
        self.value({"contacts": people, "messages": [{"from": customer, "id": wamid, "timestamp": _now(), **said}]})
        return wamid

    def status(self, customer: str, about: str, status: str, *errors: Json) -> None:
        """What became of a message that the business sent: ``sent``, ``delivered``, ``read``, ``failed``."""
        told: Json = {"id": about, "status": status, "timestamp": _now(), "recipient_id": customer}
        self.value({"statuses": [told | ({"errors": list(errors)} if errors else {})]})

    def value(self, told: Json, field: str = "messages") -> None:
        """A change of any field."""
        metadata = {"display_phone_number": self.display, "phone_number_id": self.phone_number_id}
        value = {"messaging_product": "whatsapp", "metadata": metadata, **told}
        self.tell("changes", {"value": value, "field": field})

    def _wamid(self) -> str:
        return "wamid." + base64.b64encode(f"{self.phone_number_id}:{time.time_ns()}:{serial()}".encode()).decode()


def _now() -> str:
    return str(int(time.time()))
