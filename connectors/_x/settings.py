"""The settings of an X account, refused when they could not work or would be unsafe."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from normalizer.secret import Secret

X_API = "https://api.twitter.com"
"""Where tweepy asks; api.x.com is the same."""

Source = Literal["mentions", "replies", "dms", "lookup"]
_OAUTH1 = ("api_key", "api_secret", "access_token", "access_secret")


class XSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account of X, by its numeric `user_id` (a handle can change, the id cannot).

    `bearer_token` (app-only) is enough for `mentions`, `replies` and `lookup`. `dms` need the account's own
    credentials: the four of OAuth 1.0a (`api_key`, `api_secret`, `access_token`, `access_secret`), which last until they
    are revoked, or `user_token` (OAuth 2.0), which X ends after two hours. `sources` says what is read: `mentions`,
    `replies` (recent search for `query`, by default answers to the account, also those without its handle), `dms`, and
    `lookup`, which asks every `lookup_hours` which of the posts received in the last 30 days are gone. `since` (with a zone)
    is where the very first start begins, by default now. `poll_seconds` is stretched by itself when the rate limit asks for
    it. `page_size` items at most come with one request. A request takes at most `timeout_seconds` for each of connecting
    and reading. `api_url` is for a stand-in of X.
    """

    user_id: Annotated[str, Meta(pattern=r"^[0-9]{1,19}$")]
    bearer_token: Secret = ""
    api_key: Secret = ""
    api_secret: Secret = ""
    access_token: Secret = ""
    access_secret: Secret = ""
    user_token: Secret = ""
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)] = ("mentions", "replies")
    query: Annotated[str, Meta(max_length=512)] = ""
    since: Annotated[datetime, Meta(tz=True)] | None = None
    poll_seconds: Annotated[float, Meta(gt=0, le=3600)] = 60.0
    lookup_hours: Annotated[float, Meta(gt=0, le=24)] = 12.0
    page_size: Annotated[int, Meta(ge=1, le=100)] = 100
    timeout_seconds: Annotated[float, Meta(gt=0, le=120)] = 20.0
    api_url: str = X_API

    def __post_init__(self) -> None:
        given = [name for name in _OAUTH1 if getattr(self, name)]
        if given and len(given) < len(_OAUTH1):
            missing = ", ".join(name for name in _OAUTH1 if name not in given)
            raise ValueError(f"X account {self.user_id} has only a part of its OAuth 1.0a keys: set {missing} too")
        if not (given or self.bearer_token or self.user_token):
            raise ValueError(f"X account {self.user_id} has no credential: set bearer_token, or the account's own keys")
        if "dms" in self.sources and not (given or self.user_token):
            raise ValueError(
                f"X account {self.user_id} reads direct messages, which X gives to the account alone: "
                f"set {', '.join(_OAUTH1)}, or user_token"
            )
        if len(set(self.sources)) < len(self.sources):
            raise ValueError(f"X account {self.user_id} names a source twice: name each once")
        parts = urlsplit(self.api_url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError(f'api_url = "{self.api_url}" would send credentials in the clear: use https')

    def __repr__(self) -> str:
        """Names the account and never a credential."""
        return f"XSettings({self.user_id!r}, sources={self.sources})"

    @property
    def signs(self) -> bool:
        """Whether requests can be signed with the account's OAuth 1.0a keys."""
        return bool(self.access_token)

    @property
    def search(self) -> str:
        """The query of `replies`. Both operators take the numeric id as well as the handle."""
        return self.query or f"to:{self.user_id} -from:{self.user_id}"
