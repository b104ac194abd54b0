"""The places where customers write: a real mail server, the stand-ins of the vendors, a folder; shared by both Switchboards.

Both read the same places, so that what they make of them can be compared byte for byte.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from connectors.fakes.meta import FakeMeta
from connectors.fakes.slack import BOT_TOKEN, SIGNING_SECRET, FakeSlack
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from connectors.fakes.x import SECRETS, USER_ID, FakeX
from tests.servers import dovecot

Accounts = dict[str, dict[str, dict[str, Any]]]

PUBLIC = "https://hooks.example.com"
SHOP, CHAT, LINE = "+15005550006", "whatsapp:+15005550009", "+15005550001"
WEBHOOK_SECRET = "chaos-secret-of-a-webhook"  # noqa: S105 - of a door on the loopback that ends with the run
ACCOUNT = "main"
SLACK_ROOM = "C0SUPPORT"
_OBJECTS = {"whatsapp": "whatsapp_business_account", "messenger": "page", "instagram": "instagram"}
_OFTEN = {"mentions": 1_000_000, "search": 1_000_000, "dm_events": 1_000_000}


class Sources:
    """All places, for as long as the context."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self.folder = folder / "kiosk"
        self.chat_secret = secrets.token_hex(32)

    def __enter__(self) -> Sources:
        enter = self._stack.enter_context
        try:
            self.folder.mkdir(parents=True)
            self.imap = enter(dovecot.running())
            self.mailbox = self.imap.mailbox()
            self.twilio = enter(FakeTwilio())
            self.slack = enter(FakeSlack(answer_seconds=3.0, retry_seconds=(0.0, 1.0, 5.0)))
            self.meta = {channel: enter(FakeMeta()) for channel in _OBJECTS}
            self.x = enter(FakeX(limits=_OFTEN))
        except BaseException:
            self._stack.close()
            raise
        self.slack.channel(SLACK_ROOM, "support")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def accounts(self, imap_port: int = 0) -> Accounts:
        """The channels of a configuration, one account each; IMAP by another port where a link stands before it."""
        twilio: dict[str, Any] = {"account_sid": ACCOUNT_SID, "auth_tokens": [AUTH_TOKEN], "public_url": PUBLIC}
        twilio |= {"api_url": self.twilio.url, "poll_seconds": 2.0}
        messaging = twilio | {"list_after_seconds": 6.0}
        today = datetime.now(UTC).date()
        found: dict[str, dict[str, Any]] = {
            "mail": {
                "host": self.imap.host,
                "port": imap_port or self.imap.port,
                "tls": "none",
                "user": self.mailbox.user,
                "password": dovecot.PASSWORD,
                "poll_seconds": 1.0,
                "timeout_seconds": 5.0,
            },
            "sms": messaging | {"numbers": [SHOP]},
            "whatsapp_twilio": messaging | {"numbers": [CHAT]},
            "voice": twilio | {"numbers": [LINE]},
            "slack": {
                "bot_token": BOT_TOKEN,
                "signing_secrets": [SIGNING_SECRET],
                "api_url": self.slack.api_url,
                "history_seconds": 5.0,
                "since": today,
            },
            "x": {
                "user_id": USER_ID,
                "sources": ["mentions"],
                "api_url": self.x.url,
                "poll_seconds": 1.0,
                "since": datetime.now(UTC),
                **{
                    name: SECRETS[name]
                    for name in ("bearer_token", "api_key", "api_secret", "access_token", "access_secret")
                },
            },
            "webchat": {
                "secrets": [self.chat_secret],
                "messages_per_minute": 100_000,
                "address_per_minute": 100_000,
            },
            "webform": {"posts_per_minute": 100_000},
            "webhook": {"secrets": [WEBHOOK_SECRET]},
            "filedrop": {"folder": str(self.folder), "format": "jsonl", "poll_seconds": 0.5, "quiet_seconds": 0.5},
        }
        found |= {channel: dict(meta.settings) for channel, meta in self.meta.items()}
        return {channel: {ACCOUNT: settings} for channel, settings in found.items()}

    def subscribe(self, door: str, channels: Collection[str]) -> None:
        """Tell the vendors where our doors are. Raises `ConnectionError` when one does not answer as it must."""
        self.twilio.webhooks.behind[PUBLIC] = door
        self.twilio.number(SHOP, f"{PUBLIC}/sms/{ACCOUNT}#rc=2&rp=5xx,ct,rt")
        self.twilio.number(CHAT, f"{PUBLIC}/whatsapp_twilio/{ACCOUNT}#rc=2&rp=5xx,ct,rt")
        self.twilio.line(LINE, f"{PUBLIC}/voice/{ACCOUNT}", status_callback=f"{PUBLIC}/voice/{ACCOUNT}/status")
        for channel, meta in self.meta.items():
            if channel in channels:
                meta.subscribe(_OBJECTS[channel], f"{door}/{channel}/{ACCOUNT}")
        if "slack" in channels and not self.slack.subscribe(f"{door}/slack/{ACCOUNT}"):
            raise ConnectionError(f"the door {door}/slack/{ACCOUNT} did not answer Slack's challenge")
