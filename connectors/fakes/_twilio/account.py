"""The account behind a stand-in of Twilio: who may ask, what time it is, which faults were ordered."""

from __future__ import annotations

import base64
import email.utils
import hmac
import itertools
import secrets
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import wraps

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Endpoint = Callable[[Request], Awaitable[Response]]


class Fault(msgspec.Struct, frozen=True):
    """An answer that was ordered: a status, the code that goes with it, its Retry-After (None: no such header)."""

    status: int
    code: int
    retry_after: int | str | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request that was made of the API."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    status: int


class Account:
    """One account: SID, auth tokens that are valid now, clock, ordered faults, and a record of who asked what.

    `clock` may be replaced, for a server whose time is not ours; every answer has it in ``Date``.
    """

    def __init__(self, sid: str, auth_tokens: tuple[str, ...]) -> None:
        self.sid = sid
        self.auth_tokens = auth_tokens
        self.url = ""
        self.asked: list[Asked] = []
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.lock = threading.RLock()
        self._faults: deque[Fault] = deque()
        self._numbers = itertools.count(1)
        self._run = secrets.token_hex(8)

    @property
    def base(self) -> str:
        """The path of all its resources."""
        return f"/2010-04-01/Accounts/{self.sid}"

    def new_sid(self, prefix: str) -> str:
        """A fresh SID: two letters and 32 hexadecimal digits; no two runs have the same."""
        return f"{prefix}{self._run}{next(self._numbers):016x}"

    def fail(self, status: int, *, code: int = 0, retry_after: int | str | None = None, times: int = 1) -> None:
        """Answer the next requests of the API with an error; 429 has the code 20429. `retry_after`: seconds, or any text."""
        self._faults.extend([Fault(status, code or (20429 if status == 429 else 20500), retry_after)] * times)

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """The endpoint behind basic auth and the ordered faults.

        https://www.twilio.com/docs/usage/requests-to-twilio#credentials, errors as in
        https://www.twilio.com/docs/usage/twilios-response#response-formats-exceptions.
        """

        @wraps(endpoint)
        async def behind(request: Request) -> Response:
            answer = await self._answer(endpoint, request)
            answer.headers["Date"] = email.utils.format_datetime(self.clock().astimezone(UTC), usegmt=True)
            query = tuple(request.query_params.multi_items())
            self.asked.append(Asked(request.method, request.url.path, query, answer.status_code))
            return answer

        return behind

    async def _answer(self, endpoint: Endpoint, request: Request) -> Response:
        if not self._knows(request.headers.get("authorization", "")):
            return refusal(401, 20003, "Authenticate")
        if self._faults:
            fault = self._faults.popleft()
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            return refusal(fault.status, fault.code, "Too Many Requests" if fault.status == 429 else "Error", headers)
        if not request.url.path.startswith(self.base):
            return refusal(404, 20404, f"The requested resource {request.url.path} was not found")
        return await endpoint(request)

    def _knows(self, authorization: str) -> bool:
        given = authorization.encode("latin-1")
        right = [b"Basic " + base64.b64encode(f"{self.sid}:{token}".encode()) for token in self.auth_tokens]
        return any(hmac.compare_digest(given, each) for each in right)


def refusal(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """An error as the API writes it."""
    more_info = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more_info, "status": status}
    return JSONResponse(body, status, headers)


def rfc2822(at: datetime | None) -> str | None:
    """A time as resources have it."""
    return None if at is None else email.utils.format_datetime(at.astimezone(UTC))
