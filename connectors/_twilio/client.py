"""The client package of Twilio as we use it: with a timeout, at another address for a stand-in, with our errors."""

from __future__ import annotations

import email.utils
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import requests
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # it ships no types
from twilio.http.response import Response  # type: ignore[import-untyped]  # it ships no types
from twilio.rest import Client  # type: ignore[import-untyped]  # it ships no types

from normalizer.errors import Misconfigured, Retriable

_TOO_MANY = 20429  # https://www.twilio.com/docs/api/errors/20429
_REFUSED = 20003  # https://www.twilio.com/docs/api/errors/20003
_LONGEST_WAIT = 3600.0
_NO_ENVIRONMENT = {"TWILIO_ACCOUNT_SID": ""}  # or the package would take a region from the shell that started us


class _Fault(msgspec.Struct, frozen=True):
    """What the body of an error says (https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions)."""

    code: int | None = None
    message: str = ""


class _Http(TwilioHttpClient):  # type: ignore[misc]  # as above
    """Returns each caller his own answer: the package returns an attribute, which another thread may have set meanwhile."""

    def __init__(self, **more: Any) -> None:
        self._own = threading.local()
        super().__init__(**more)

    @property
    def _test_only_last_response(self) -> Response | None:
        return getattr(self._own, "answer", None)

    @_test_only_last_response.setter
    def _test_only_last_response(self, answer: Response | None) -> None:
        self._own.answer = answer


class TwilioClient(Client):  # type: ignore[misc]  # as above
    """One account, for any number of threads. Every call ends within `seconds` (connect and each read) and raises `Retriable` or `Misconfigured`.

    `auth_tokens` are one or two: while they are rotated, a call that the first is refused for is made with the other,
    and `refused` says so. `api_url` is where all of Twilio's hosts are, "" for themselves.
    """

    def __init__(
        self, account_sid: str, auth_tokens: tuple[str, ...], api_url: str = "", seconds: float = 10.0
    ) -> None:
        http = _Http(timeout=seconds)
        http.session.trust_env = not api_url  # a stand-in is on this machine, not behind its proxy
        super().__init__(account_sid, auth_tokens[0], http_client=http, environment=_NO_ENVIRONMENT)
        self._elsewhere = urlsplit(api_url)
        self._tokens = auth_tokens
        self._good = 0

    @property
    def refused(self) -> bool:
        """Whether the first token was refused, and the second one taken."""
        return self._good > 0

    def get_hostname(self, uri: str) -> str:
        """The address to call for one of Twilio's."""
        if not self._elsewhere.netloc:
            return str(super().get_hostname(uri))
        asked = urlsplit(uri)
        path = self._elsewhere.path.rstrip("/") + asked.path
        return urlunsplit((self._elsewhere.scheme, self._elsewhere.netloc, path, asked.query, ""))

    def request(self, method: str, uri: str, *args: Any, **more: Any) -> Response:
        """One call, as the package makes them. Raises `Retriable` for what passes and `Misconfigured` for what does not."""
        what = f"Twilio account {self.account_sid}: {method} {urlsplit(uri).path}"
        for index in range(self._good, len(self._tokens)):
            more["auth"] = (self.username, self._tokens[index])
            try:
                answer = super().request(method, uri, *args, **more)
            except requests.RequestException as error:
                raise Retriable(f"{what} got no answer ({type(error).__name__}): it is tried again") from error
            if answer.status_code != 401 or index + 1 == len(self._tokens):
                self._good = index if answer.status_code < 400 else self._good
                return _checked(what, answer)
        raise Misconfigured(f"{what} has no token: set auth_tokens")


def server_time(answer: Response) -> datetime:
    """When Twilio answered, by its own clock; by ours when it does not say."""
    try:
        return email.utils.parsedate_to_datetime((answer.headers or {})["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return datetime.now(UTC)


def _checked(what: str, answer: Response) -> Response:
    status = answer.status_code
    if status < 400:
        return answer
    try:
        fault = msgspec.json.decode(answer.text, type=_Fault)
    except (msgspec.MsgspecError, ValueError):
        fault = _Fault()
    said = f"{what} was answered with {status}" + (f", code {fault.code}" if fault.code else "")
    if status == 429 or fault.code == _TOO_MANY:
        raise Retriable(f"{said}: too many requests, it is tried again later", _retry_after(answer))
    if status >= 500 or status == 408:
        raise Retriable(f"{said}: it is tried again", _retry_after(answer))
    if status == 401 or fault.code == _REFUSED:
        raise Misconfigured(
            f"{said}: the credentials are refused; set account_sid and auth_tokens as the console shows them"
        )
    raise Misconfigured(f"{said} ({fault.message[:200]}): correct the settings of this account")


def _retry_after(answer: Response) -> float | None:
    """Seconds, of either form of Retry-After (RFC 9110 section 10.2.3), bounded."""
    told = (answer.headers or {}).get("Retry-After", "")
    try:
        seconds = float(told) if told.strip().isdigit() else _until(told, server_time(answer))
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _until(told: str, now: datetime) -> float:
    return (email.utils.parsedate_to_datetime(told) - now).total_seconds()
