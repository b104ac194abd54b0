"""Asking X through tweepy, with what tweepy lacks: a timeout for every request, an address of its own, silence in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import oauthlib.oauth1  # type: ignore[import-untyped]  # it ships no types
import requests
import tweepy  # type: ignore[import-untyped]  # as above
from requests.adapters import HTTPAdapter

from connectors._x.budget import Budget, budgets, server_time
from connectors._x.payload import loads, rows
from connectors._x.problems import gone_user, trouble
from connectors._x.settings import X_API, XSettings
from normalizer.errors import Misconfigured, Rejected, Retriable

POST_FIELDS: dict[str, Any] = {
    "expansions": [
        "author_id", "in_reply_to_user_id", "referenced_tweets.id", "referenced_tweets.id.author_id",
        "attachments.media_keys", "attachments.poll_ids",
    ],
    "tweet_fields": [
        "id", "text", "author_id", "conversation_id", "created_at", "in_reply_to_user_id", "referenced_tweets",
        "entities", "attachments", "edit_history_tweet_ids", "lang", "note_tweet", "withheld", "possibly_sensitive",
    ],
    "user_fields": ["id", "name", "username", "protected", "verified", "withheld"],
    "media_fields": ["media_key", "type", "url", "preview_image_url", "variants", "alt_text"],
    "poll_fields": ["id", "options"],
}  # fmt: skip
DM_FIELDS: dict[str, Any] = {
    "dm_event_fields": [
        "id", "text", "event_type", "created_at", "dm_conversation_id", "sender_id", "participant_ids", "attachments",
        "referenced_tweets", "entities",
    ],
    "expansions": ["sender_id", "attachments.media_keys", "referenced_tweets.id", "participant_ids"],
    "tweet_fields": ["id", "text", "author_id", "entities"],
    "user_fields": POST_FIELDS["user_fields"],
    "media_fields": POST_FIELDS["media_fields"],
}  # fmt: skip
_TALKATIVE = ("tweepy", "tweepy.client", "requests_oauthlib", "requests_oauthlib.oauth1_auth", "oauthlib")


class Answer(msgspec.Struct, frozen=True):
    """A body of 200, the budgets after it, and X's clock when it was sent (seconds since 1970)."""

    body: dict[str, Any]
    budgets: tuple[Budget, ...]
    now: float


class Api:
    """One account's client. `private` asks as the account itself, which direct messages need."""

    def __init__(self, settings: XSettings, who: str, *, private: bool = False) -> None:
        self._settings = settings
        self._who = who
        self._signed = settings.signs and (private or not settings.bearer_token)
        bearer = settings.user_token if private or not settings.bearer_token else settings.bearer_token
        self._client = tweepy.Client(
            bearer_token=bearer or None,
            consumer_key=settings.api_key or None,
            consumer_secret=settings.api_secret or None,
            access_token=settings.access_token or None,
            access_token_secret=settings.access_secret or None,
            return_type=requests.Response,
            wait_on_rate_limit=False,  # it would sleep beyond our reach, and without the header for ever
        )
        self._client.session.mount(X_API, _Way(settings.api_url, settings.timeout_seconds))
        for name in _TALKATIVE:  # at DEBUG they write the Authorization header
            logger = logging.getLogger(name)
            logger.setLevel(max(logger.level, logging.INFO))

    def close(self) -> None:
        """Give the connections back."""
        self._client.session.close()

    def mentions(self, **where: Any) -> Answer:
        """A page of posts with the account's handle, newest first; the 800 newest can be had.

        https://docs.x.com/x-api/users/get-mentions
        """
        user = self._settings.user_id
        return self._ask("mentions", lambda: self._client.get_users_mentions(user, **self._as, **POST_FIELDS, **where))

    def search(self, **where: Any) -> Answer:
        """A page of posts of the last seven days, newest first: https://docs.x.com/x-api/posts/search-recent-posts."""
        query = self._settings.search
        return self._ask(
            "replies", lambda: self._client.search_recent_tweets(query, **self._as, **POST_FIELDS, **where)
        )

    def direct_messages(self, **where: Any) -> Answer:
        """A page of the last 30 days, newest first; there is no since_id: https://docs.x.com/x-api/direct-messages/get-dm-events."""
        return self._ask("dms", lambda: self._client.get_direct_message_events(**self._as, **DM_FIELDS, **where))

    def posts(self, ids: list[str]) -> Answer:
        """At most 100 posts by their ids; those that are gone are among the errors: https://docs.x.com/x-api/posts/get-posts-by-ids."""
        return self._ask("lookup", lambda: self._client.get_tweets(ids, **self._as))

    def me(self) -> str:
        """Whose credentials these are."""
        found = self._ask("users/me", lambda: self._client.get_me(**self._as)).body.get("data")
        return str(found.get("id", "")) if isinstance(found, dict) else ""

    def sign(self, url: str) -> dict[str, str]:
        """The headers under which X gives the file of a direct message to the account."""
        mine = self._settings
        if not mine.signs:
            return {"Authorization": f"Bearer {mine.user_token}"}
        signer = oauthlib.oauth1.Client(mine.api_key, mine.api_secret, mine.access_token, mine.access_secret)
        return dict(signer.sign(url)[1])

    @property
    def _as(self) -> dict[str, bool]:
        return {"user_auth": self._signed}

    def _ask(self, what: str, call: Callable[[], requests.Response]) -> Answer:
        """Raises `Retriable`, `Misconfigured` or `Refused`, whatever X or the network does."""
        who = f"{self._who}, {what}"
        try:
            response = call()
        except tweepy.HTTPException as error:
            raise trouble(error.response, _object(error.response), who) from None
        except requests.RequestException as error:
            raise Retriable(
                f"{who}: X cannot be reached ({type(error).__name__}): check the network; this is tried again"
            ) from None
        except (ValueError, AttributeError, TypeError) as error:  # tweepy's, of a refusal that has another shape
            raise Retriable(
                f"{who}: X's refusal cannot be read ({type(error).__name__}): this is tried again"
            ) from None
        try:
            body = loads(response.content, f"X's answer ({what})")
        except Rejected as error:
            raise Retriable(f"{who}: {error}") from None
        if "data" not in body and "meta" not in body:
            gone_user(rows(body, "errors"), self._settings.user_id, who)
        return Answer(body, budgets(response.headers), server_time(response.headers))


class _Way(HTTPAdapter):
    """Sends to `base` what tweepy addresses to X, and waits no longer than `seconds` to connect and for each read."""

    def __init__(self, base: str, seconds: float) -> None:
        super().__init__()
        self._base = base.rstrip("/")
        self._seconds = seconds

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]  # narrower, as it is used
        """As its parent."""
        more["timeout"] = self._seconds
        if self._base != X_API:  # the signature stays that of X's own address
            request.url = self._base + (request.url or "").removeprefix(X_API)
            more["proxies"] = requests.utils.get_environ_proxies(request.url)
        return super().send(request, **more)


def own(api: Api, user: str, who: str) -> None:
    """Raise `Misconfigured` unless the credentials are the account's own: nobody's messages are read by mistake."""
    found = api.me()
    if found != user:
        raise Misconfigured(
            f"{who}: the credentials belong to the user {found or '(unknown)'}: set those of {user}, or correct user_id"
        )


def _object(response: requests.Response) -> Mapping[str, object]:
    try:
        return loads(response.content, "a refusal")
    except Rejected:
        return {}
