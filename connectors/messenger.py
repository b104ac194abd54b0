"""Facebook: what people write to a page in Messenger, and under its posts.

https://developers.facebook.com/docs/messenger-platform/webhooks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from connectors._meta.content import Eye, read
from connectors._meta.direct_reading import draft
from connectors._meta.receiver import MetaReceiver
from connectors._meta.settings import MetaSettings
from normalizer.events import Message, RawEvent


class MessengerSettings(MetaSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One callback url of a Meta app with Messenger, for all pages that are subscribed to it.

    `app_secrets` sign what arrives: one, or two while it is rotated. `verify_token` is the text of your choice that Meta
    repeats when the url is registered. `access_token` (of the page) asks for people's names, and may be missing: messages
    arrive without it. `graph_url` is the Graph API with its version.
    """


class Messenger(MetaReceiver[MessengerSettings]):
    """One callback url at ``/messenger/ACCOUNT``.

    Delivery: at least once. A post is answered with 200 after Kafka has all its messages, with 503 when it has not, and
    Meta repeats it. A message is known by its ``mid``, whichever subscription, app or order it came in.
    """

    channel: ClassVar[str] = "messenger"
    settings_type: ClassVar[type[msgspec.Struct]] = MessengerSettings
    hosts: ClassVar[Sequence[str]] = (".fbcdn.net", ".fbsbx.com", ".facebook.com", ".cdninstagram.com")
    eye: ClassVar[Eye] = staticmethod(draft)
    name_fields: ClassVar[str] = "first_name,last_name,name"

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The messages of a post; none when it tells what apps say to each other."""
        return read(raw, draft)
