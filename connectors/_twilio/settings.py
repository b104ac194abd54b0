"""The settings of an account that messages come through."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from normalizer.secret import Secret


class MessagingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One Twilio account, or some of its numbers.

    `public_url` is how Twilio reaches our doors (``https://hooks.example.com``), without the path. `auth_tokens` are one or,
    while rotated, two; `webhook_keys` are shared keys that sign webhooks instead. `numbers` are read each for itself; without
    them the whole account is. `pools` are messaging services (``MG…``) and their numbers: who writes to several of them has one
    conversation. `since` is the day from which the first start reads (else the day before it); `overlap_hours` are read again
    each `poll_seconds`, for what the list shows late; what is younger than `list_after_seconds` is left to webhooks, which know
    more. `file_seconds` are given to files that are
    announced before they are there; Twilio waits 15 for our answer. `echoes` brings what our side said with other tools. `api_url` is
    another place for Twilio's API.
    """

    account_sid: Annotated[str, Meta(pattern="^AC[0-9a-fA-F]{32}$")]
    auth_tokens: tuple[Secret, ...]
    public_url: str
    webhook_keys: tuple[Secret, ...] = ()
    numbers: tuple[str, ...] = ()
    pools: dict[str, tuple[str, ...]] = {}
    since: date | None = None
    poll_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 60.0
    overlap_hours: Annotated[float, Meta(ge=1, le=168)] = 24.0
    list_after_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 60.0
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 200
    file_seconds: Annotated[float, Meta(ge=0, le=12)] = 8.0
    echoes: bool = True
    api_url: str = ""

    def __repr__(self) -> str:
        return f"MessagingSettings({self.account_sid!r}, numbers={self.numbers!r})"
