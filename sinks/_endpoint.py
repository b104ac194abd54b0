"""One HTTP endpoint that takes signed posts: what is sent to it, and what its answer means.

Signed as Standard Webhooks 1.0 (https://www.standardwebhooks.com): ``webhook-id``, ``webhook-timestamp`` and
``webhook-signature``, which has a signature for each of the secrets.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

import httpx
import truststore
from standardwebhooks import Webhook

from normalizer.errors import Misconfigured

_MOST_READ = 64 * 1024  # bytes of an answer, of which nothing but the status is of interest
_LONGEST_WAIT = 24 * 3600.0
_NOT_NOW = frozenset({408, 409, 425, 429})  # of the 4xx; every other says that this event will never be taken
_SPARE = frozenset({429, 503})  # that the endpoint wants to be left alone as a whole
_SHORTEST = 24  # bytes of a secret, as the specification asks
_SECRETS = 2


class Answer(NamedTuple):
    """What became of one post. `halt` says that others had better not be tried now, `retry_after` is in seconds."""

    meaning: Literal["taken", "refused", "later", "gone"]
    said: str = ""
    halt: bool = False
    retry_after: float = 0.0


class Endpoint:
    """Where posts go. Thread-safe. Shows itself without its path, its query and its secrets."""

    def __init__(self, url: str, secrets: Sequence[str], *, plain_http: bool, timeout: float, connections: int) -> None:
        self._url = _checked(url, plain_http)
        self._signers = [_signer(secret, number) for number, secret in enumerate(_two(secrets))]
        self._timeout = timeout
        self._client = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            headers={"content-type": "application/json", "user-agent": "switchboard"},
        )

    def __str__(self) -> str:
        return f"{self._url.scheme}://{self._url.netloc.decode().rpartition('@')[2]}"

    def __repr__(self) -> str:
        return f"Endpoint({self})"

    def post(self, name: str, body: str) -> Answer:
        """Send one event, known by `name` to those who dedupe. Raises nothing."""
        now = datetime.now(UTC)
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signer.sign(name, now, body) for signer in self._signers),
        }
        try:
            with self._client.stream("POST", self._url, content=body.encode(), headers=headers) as response:
                self._finish(response)
                return _meant(response)
        except httpx.TimeoutException:
            return Answer("later", f"gave no answer within {self._timeout:g} s", halt=True)
        except httpx.HTTPError as error:
            return Answer("later", f"cannot be reached ({type(error).__name__}: {error})", halt=True)

    def close(self) -> None:
        """Let go of the connections. Closing twice is harmless."""
        self._client.close()

    def _finish(self, response: httpx.Response) -> None:
        """Read the rest, so that the connection can be used again, unless it is long or slow."""
        until, read = time.monotonic() + self._timeout, 0
        for part in response.iter_raw():
            read += len(part)
            if read > _MOST_READ or time.monotonic() > until:
                return


def _meant(response: httpx.Response) -> Answer:
    status, said = response.status_code, f"answered {response.status_code}"
    if response.is_success:
        return Answer("taken")
    if status == httpx.codes.GONE:
        return Answer("gone", said, halt=True)
    if response.is_redirect:
        return Answer("later", f"{said}, a redirect, which is not followed")
    if response.is_client_error and status not in _NOT_NOW:
        return Answer("refused", said)
    return Answer("later", said, halt=status in _SPARE, retry_after=_wait(response.headers.get("retry-after", "")))


def _wait(value: str) -> float:
    """Retry-After in seconds (RFC 9110, section 10.2.3): a number, or a date."""
    try:
        seconds = float(value) if value.strip().isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def _checked(url: str, plain_http: bool) -> httpx.URL:
    try:
        found = httpx.URL(url)
    except httpx.InvalidURL:
        raise Misconfigured("the url of a webhook is none: write https://HOST/PATH") from None
    if found.scheme not in ("http", "https") or not found.host:
        raise Misconfigured("the url of a webhook must begin with https:// and name a host: correct it")
    if found.scheme == "http" and not plain_http and not _is_loopback(found.host):
        raise Misconfigured(
            f"the webhook at {found.host} would get customers' words over plain http: use https, or set "
            "plain_http = true when the network between is yours"
        )
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _two(secrets: Sequence[str]) -> Sequence[str]:
    if not 1 <= len(secrets) <= _SECRETS:
        raise Misconfigured(f"a webhook has {len(secrets)} secrets: give one, and while it is rotated the old one too")
    return secrets


def _signer(secret: str, number: int) -> Webhook:
    try:
        signer = Webhook(secret)
    except Exception:  # noqa: BLE001 - the library raises several, and their texts may show the secret
        signer = None
    if signer is None or not secret.startswith("whsec_") or len(signer._whsecret) < _SHORTEST:  # noqa: SLF001 - it has no other way to ask
        raise Misconfigured(
            f"secrets[{number}] of a webhook is none: write whsec_ and the base64 of {_SHORTEST} to 64 random bytes"
        )
    return signer
