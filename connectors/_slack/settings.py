"""The settings of a Slack account, refused when they could not work."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from normalizer.secret import Secret

Conversations = Literal["public_channel", "private_channel", "mpim", "im"]
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SlackSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One app in one workspace.

    `app_token` (xapp-…, scope connections:write) turns on Socket Mode, with so many `connections`; `signing_secrets`,
    one or while rotating two, open the door for the Events API; `bot_token` (xoxb-…) reads the history of all
    conversations of these types that the bot is in, each `history_seconds`, and fetches files and names.
    `since` is where history begins at the first start; without it, at that moment. Replies are looked for under messages of the
    last `thread_days`. `own` are further users (U…), bots (B…), apps (A…) and workspaces (T…) that speak for us: what
    they say is kept as an echo. A file has at most `max_file_bytes`. `page_size` messages at most are asked for
    and published at once. `api_url` is another address of the Web API: GovSlack, or a stand-in on the loopback.
    """

    app_token: Secret = ""
    bot_token: Secret = ""
    signing_secrets: tuple[Secret, ...] = ()
    own: tuple[Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9]+$")], ...] = ()
    connections: Annotated[int, Meta(ge=1, le=10)] = 2
    conversations: Annotated[tuple[Conversations, ...], Meta(min_length=1)] = (
        "public_channel",
        "private_channel",
        "mpim",
        "im",
    )
    history_seconds: Annotated[float, Meta(gt=0, le=86400)] = 300.0
    since: date | None = None
    thread_days: Annotated[float, Meta(ge=0, le=365)] = 7.0
    page_size: Annotated[int, Meta(ge=1, le=999)] = 200
    max_file_bytes: Annotated[int, Meta(ge=1024, le=1 << 30)] = 25 << 20
    timeout_seconds: Annotated[float, Meta(gt=0, le=60)] = 10.0
    api_url: str = "https://slack.com/api/"

    def __post_init__(self) -> None:
        if not (self.app_token or self.bot_token or self.signing_secrets):
            raise ValueError(
                "a slack account has no way to receive: set app_token for Socket Mode or signing_secrets for the "
                "Events API, and bot_token for history"
            )
        if self.app_token and not self.app_token.startswith("xapp-"):
            raise ValueError("app_token does not start with xapp-: take the app-level token from Basic Information")
        if self.bot_token and not self.bot_token.startswith("xox"):
            raise ValueError("bot_token does not start with xox: take the bot token from OAuth & Permissions")
        if urlsplit(self.api_url).scheme != "https" and not self.on_loopback:
            raise ValueError(f"api_url {self.api_url} would send tokens in the clear: write an https:// url")

    def __repr__(self) -> str:
        ways = [name for name in ("app_token", "bot_token", "signing_secrets") if getattr(self, name)]
        return f"SlackSettings({', '.join(ways)})"

    @property
    def on_loopback(self) -> bool:
        """Whether the Web API is a stand-in on this machine."""
        return urlsplit(self.api_url).hostname in _LOOPBACK
