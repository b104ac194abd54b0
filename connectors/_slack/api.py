"""Slack's Web API through its own client, with errors that say what to do.

Rate limits are per method, workspace and app; a 429 says in Retry-After for how long
(https://docs.slack.dev/apis/web-api/rate-limits).
"""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from connectors._slack.payload import decoded
from connectors._slack.settings import SlackSettings
from connectors._slack.value import Json, text
from normalizer.errors import Misconfigured, Retriable

_LONGEST_WAIT = 600.0  # seconds; Slack asks for a minute or less
_DEFAULT_WAIT = 30.0

_REMEDIES = {
    "invalid_auth": "it is no token of Slack's: copy it again",
    "not_authed": "no token was sent: set it",
    "account_inactive": "the app was uninstalled or its user is deactivated: install the app again",
    "token_revoked": "it was revoked: install the app again, and set the new token",
    "token_expired": "it has expired: set a fresh one, or turn token rotation off",
    "org_login_required": "the workspace moves to another organisation: install the app there",
    "ekm_access_denied": "an administrator has suspended access to messages: ask there",
    "not_allowed_token_type": "it is a token of another kind: app_token starts with xapp-, bot_token with xoxb-",
    "no_permission": "its app may not do this: add the scopes and install it again",
    "access_denied": "its app may not do this: ask an administrator of the workspace",
    "team_access_not_granted": "the app is not granted in this workspace: ask an administrator",
    "socket_mode_not_enabled": "Socket Mode is off: turn it on in the app's settings",
}


class Refused(Exception):
    """Slack answered that it does not do this; `error` is its slug for why."""

    def __init__(self, method: str, error: str) -> None:
        super().__init__(f"{method}: {error}")
        self.error = error


class Limited(Exception):
    """Slack asks for so many `seconds` without another call of this method."""

    def __init__(self, method: str, seconds: float) -> None:
        super().__init__(f"{method} is rate limited for {seconds:g} s")
        self.seconds = seconds


class Unreachable(Retriable):
    """Slack cannot be reached at all, so another call is of no use now."""


class Api:
    """Calls of one account, from any thread. `who` names it in errors."""

    def __init__(self, settings: SlackSettings, who: str, *, token: str = "", seconds: float = 0) -> None:
        timeout = seconds or settings.timeout_seconds
        self._client = WebClient(token=token, base_url=settings.api_url, timeout=timeout)  # type: ignore[arg-type]  # a socket takes fractions
        if settings.on_loopback:
            self._client.proxy = None  # the client would ask the proxy of the environment even for this machine
        self._who = who

    def call(self, method: str, **params: Any) -> Json:
        """One call. Raises `Refused`, `Limited`, `Misconfigured` for credentials, and `Retriable`: among them `Unreachable`."""
        try:
            found = self._client.api_call(method, params={n: v for n, v in params.items() if v not in (None, "")})
        except SlackApiError as error:
            raise self._refusal(method, error) from None
        except (SlackClientError, http.client.HTTPException, OSError) as error:
            raise Unreachable(
                f"{self._who}: {method} cannot be reached ({type(error).__name__}): this is tried again"
            ) from error
        # The client's JSON may hold halves of surrogate pairs, which no store takes.
        return decoded(json.dumps(found.data).encode()) if isinstance(found.data, dict) else {}

    def patiently(self, method: str, stop: threading.Event, **params: Any) -> Json:
        """One call that waits as long as Slack asks it to. Raises as `call` does; `Retriable` when `stop` ends the wait."""
        while True:
            try:
                return self.call(method, **params)
            except Limited as limited:
                if stop.wait(limited.seconds):
                    raise Retriable(f"{self._who}: {limited}", limited.seconds) from None

    def _refusal(self, method: str, error: SlackApiError) -> Exception:
        data = error.response.data
        slug = text(data.get("error")) if isinstance(data, dict) else ""
        if error.response.status_code == 429 or slug in ("ratelimited", "rate_limited"):
            return Limited(method, _seconds(error.response.headers))
        if slug == "missing_scope" and isinstance(data, dict):
            needed = text(data.get("needed")) or "the scope that its documentation names"
            return Misconfigured(
                f"{self._who}: {method} needs {needed}: add it under OAuth & Permissions and install the app again"
            )
        if slug in _REMEDIES:
            return Misconfigured(f"{self._who}: {method} was refused ({slug}): {_REMEDIES[slug]}")
        if error.response.status_code >= 500 or not slug.replace("_", "").isalnum():
            return Retriable(
                f"{self._who}: {method} failed at Slack with status {error.response.status_code}: this is tried again"
            )
        return Refused(method, slug)


def _seconds(headers: Any) -> float:
    given = next((str(value) for name, value in dict(headers).items() if name.lower() == "retry-after"), "")
    return min(float(given), _LONGEST_WAIT) if given.isdigit() else _DEFAULT_WAIT
