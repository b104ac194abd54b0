"""Webhooks as Twilio sends them: signed, retried as the address asks for, with the fallback address at the end.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides: after a ``#``, ``rc`` is how often to try again
(0 to 5, 1 unless given), ``rp`` for what (``ct``, ``rt``, ``4xx``, ``5xx``, ``all``; ``ct`` unless given), ``ct`` and ``rt``
the milliseconds for connecting and reading. What stands there is neither sent nor signed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import msgspec
from twilio.request_validator import HMAC_SHA1, HMAC_SHA256, RequestValidator  # type: ignore[import-untyped]  # it ships no types

from connectors.fakes._twilio.account import Account

Parameters = Sequence[tuple[str, str]]
_READ_MS = 15_000
_CONNECT_MS = 5_000
_MOST_RETRIES = 5


class Attempt(msgspec.Struct, frozen=True):
    """One try at an address: the status and text of its answer, 0 and the policy (``ct``, ``rt``) when there was none."""

    url: str
    status: int
    text: str


class Webhooks:
    """Sends webhooks. `behind` says where public addresses lead to, as the proxy in front of our doors does.

    `shared_key` (id, secret), when set, signs instead of the auth token, with SHA-256.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self.behind: dict[str, str] = {}
        self.attempts: list[Attempt] = []
        self.shared_key: tuple[str, str] | None = None
        self.client = httpx.Client(trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))

    def post(self, url: str, parameters: Parameters) -> Attempt:
        """A form, as for messages, calls and their callbacks; every try has the same idempotency token."""
        body = urlencode(parameters).encode()
        many: dict[str, list[str]] = {}
        for name, value in parameters:
            many.setdefault(name, []).append(value)
        kind = "application/x-www-form-urlencoded; charset=UTF-8"
        return self._persist(url, body, {"Content-Type": kind, **self._signed(_sent(url), _Many(many))})

    def post_json(self, url: str, body: bytes) -> Attempt:
        """JSON, as event streams have it: its digest is in the query, and so is signed."""
        joint = "&" if urlsplit(url).query else "?"
        whole = f"{_sent(url)}{joint}bodySHA256={hashlib.sha256(body).hexdigest()}"
        headers = {"Content-Type": "application/json", **self._signed(whole, {})}
        return self._persist(f"{whole}#{urlsplit(url).fragment}", body, headers)

    def with_fallback(self, url: str, fallback: str, parameters: Parameters) -> Attempt:
        """The same as `post`, and then at another address, which is told what went wrong at the first."""
        first = self.post(url, parameters)
        if 200 <= first.status < 400 or not fallback:
            return first
        error = "11200" if first.status else "11205"
        return self.post(fallback, [*parameters, ("ErrorCode", error), ("ErrorUrl", _sent(url))])

    def _signed(self, url: str, parameters: Mapping[str, object]) -> dict[str, str]:
        if self.shared_key is not None:
            name, secret = self.shared_key
            signature = RequestValidator(secret).compute_signature(url, parameters, HMAC_SHA256)
            settings = {"X-Twilio-Webhooks-Signature-Settings": f"key={name},algorithm={HMAC_SHA256}"}
            return {"X-Twilio-Signature": signature, **settings}
        signature = RequestValidator(self._account.auth_tokens[0]).compute_signature(url, parameters, HMAC_SHA1)
        return {"X-Twilio-Signature": signature}

    def _persist(self, url: str, body: bytes, headers: dict[str, str]) -> Attempt:
        asked = dict(parse_qsl(urlsplit(url).fragment))
        retries = min(int(asked.get("rc", "1")), _MOST_RETRIES)
        policies = asked.get("rp", "ct").split(",")
        seconds = httpx.Timeout(int(asked.get("rt", _READ_MS)) / 1000, connect=int(asked.get("ct", _CONNECT_MS)) / 1000)
        headers = {**headers, "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": secrets.token_hex(16)}
        for _ in range(retries + 1):
            attempt = self._try(_sent(url), body, headers, seconds)
            self.attempts.append(attempt)
            if not _again(attempt, policies):
                break
        return attempt

    def _try(self, url: str, body: bytes, headers: dict[str, str], seconds: httpx.Timeout) -> Attempt:
        public = next((each for each in self.behind if url.startswith(each)), "")
        target = self.behind[public] + url.removeprefix(public) if public else url
        try:
            headers = {**headers, "Host": urlsplit(url).netloc}
            answer = self.client.post(target, content=body, headers=headers, timeout=seconds)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return Attempt(url, 0, "ct")
        except httpx.HTTPError:
            return Attempt(url, 0, "rt")
        return Attempt(url, answer.status_code, answer.text)


class _Many(dict[str, list[str]]):
    """Several values under a name, as the package's validator takes them."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def _sent(url: str) -> str:
    return url.partition("#")[0]


def _again(attempt: Attempt, policies: Sequence[str]) -> bool:
    kind = attempt.text if attempt.status == 0 else f"{attempt.status // 100}xx"
    return kind in ("ct", "rt", "4xx", "5xx") and (kind in policies or "all" in policies)
