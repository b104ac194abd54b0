"""The Events API over HTTP, and commands and interactions, which come to the same door.

Source: https://docs.slack.dev/apis/events-api and https://docs.slack.dev/authentication/verifying-requests-from-slack.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connectors._base import Accept
from connectors._guard import Problem, read_body
from connectors._signature import fresh, keys, matches
from connectors._slack.deliveries import Deliveries
from connectors._slack.directory import IN_TIME
from connectors._slack.payload import FORM, payload
from connectors._slack.value import Json, text
from normalizer.errors import Rejected

_LIMIT = 4 << 20  # bytes; Slack's own messages have 40,000 characters, and blocks beside them
_log = logging.getLogger(__name__)


def verify(secrets: tuple[bytes, ...], timestamp: str, signature: str, body: bytes, now: float) -> None:
    """Raises `Problem` 401 unless the raw body was signed by Slack within five minutes of `now` (Unix time)."""
    if not (timestamp and signature):
        raise Problem(401, "unsigned", "this door takes what Slack signs: send X-Slack-Signature and its timestamp")
    if not fresh(timestamp, now):
        raise Problem(401, "stale-signature", "the signature is not within five minutes of now: check the clock")
    version, _, digest = signature.partition("=")
    try:
        given = bytes.fromhex(digest) if version == "v0" else b""
    except ValueError:
        given = b""
    if not matches(secrets, b"v0:%s:%s" % (timestamp.encode(), body), [given]):
        raise Problem(401, "bad-signature", "the signature does not fit the body: set the app's current signing secret")


class Door:
    """One request URL for everything. `heard` is told of each payload, so that warnings can come of it."""

    def __init__(
        self, secrets: tuple[str, ...], where: str, deliveries: Deliveries, heard: Callable[[Json], None]
    ) -> None:
        self._secrets = keys(secrets, where)
        self._deliveries = deliveries
        self._heard = heard

    async def answer(self, accept: Accept, request: Request) -> Response:
        """200 once Kafka has it; the challenge when Slack asks whether we are there."""
        body = await read_body(request, _LIMIT)
        content_type = request.headers.get("content-type", "")
        if _is_ssl_check(content_type, body):
            return Response()  # it comes unsigned, and nothing comes of it
        timestamp = request.headers.get("x-slack-request-timestamp", "")
        verify(self._secrets, timestamp, request.headers.get("x-slack-signature", ""), body, time.time())
        try:
            found = payload(content_type, body)
        except Rejected:
            found = {}  # it is signed, so Slack sent it: the reader sets it aside where people see it
        self._heard(found)
        if found.get("type") == "url_verification":
            return JSONResponse({"challenge": text(found.get("challenge"))})
        if found.get("type") == "app_rate_limited":
            return Response()
        if again := request.headers.get("x-slack-retry-num"):
            reason = request.headers.get("x-slack-retry-reason", "")[:50]  # a word of Slack's, such as http_timeout
            _log.info("Slack sends again (%s): %s", again[:10], reason)
        raw = await asyncio.to_thread(self._deliveries.delivered, "door", content_type, body, IN_TIME)
        await accept([raw])
        return Response()


def _is_ssl_check(content_type: str, body: bytes) -> bool:
    """Slack's look at our certificate (https://docs.slack.dev/interactivity/implementing-slash-commands)."""
    if not content_type.startswith(FORM) or len(body) > 500:
        return False
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=20)).get("ssl_check") == "1"
    except ValueError:
        return False
