"""WhatsApp through Meta's Cloud API: what people write to a business number.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from connectors._meta.content import Eye, read
from connectors._meta.receiver import MetaReceiver
from connectors._meta.settings import MetaSettings
from connectors._meta.whatsapp_reading import draft
from normalizer.events import Message, RawEvent


class WhatsAppSettings(MetaSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One callback url of a Meta app with WhatsApp, for all numbers that are subscribed to it.

    `app_secrets` sign what arrives: one, or two while it is rotated. `verify_token` is the text of your choice that Meta
    repeats when the url is registered. `access_token` (of a system user) fetches files, and may be missing: messages
    arrive without it. `graph_url` is the Graph API with its version.
    """


class WhatsApp(MetaReceiver[WhatsAppSettings]):
    """One callback url at ``/whatsapp/ACCOUNT``.

    Delivery: at least once. A post is answered with 200 after Kafka has all its messages, with 503 when it has not: Meta
    repeats it for up to seven days. A message is known by its ``wamid``, whoever sends it again and in whatever order.

    Files are fetched when they arrive, since Meta gives their urls for five minutes. A file that cannot be had is noted as
    a degradation; the message and the media id (`Message.fields`) are there all the same.
    """

    channel: ClassVar[str] = "whatsapp"
    settings_type: ClassVar[type[msgspec.Struct]] = WhatsAppSettings
    hosts: ClassVar[Sequence[str]] = (".fbsbx.com", ".fbcdn.net", ".whatsapp.net")
    eye: ClassVar[Eye] = staticmethod(draft)
    with_token: ClassVar[bool] = True

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The messages of a post; none when it tells of a template or of our own account."""
        return read(raw, draft)
