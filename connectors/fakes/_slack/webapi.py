"""The methods of the Web API that a reader needs, with tokens, cursors, rate limits and faults on demand.

Source: https://docs.slack.dev/reference/methods, https://docs.slack.dev/apis/web-api/rate-limits and
https://docs.slack.dev/apis/web-api/pagination. A cursor is opaque to clients.
"""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from connectors.fakes._slack.workspace import APP, BOT, BOT_USER, TEAM, Json, Workspace

_APP_METHODS = {"apps.connections.open"}
_SLOW = {"conversations.history", "conversations.replies"}
_TYPES = {"im": "is_im", "mpim": "is_mpim"}


class Fault(msgspec.Struct, frozen=True):
    """What a call answers instead of the truth, after `seconds`. `retry_after` in seconds goes with status 429.

    With status 200 and no error it is only slow.
    """

    status: int
    error: str = ""
    retry_after: int = 0
    seconds: float = 0.0
    body: str = ""


class Refusal(Exception):
    """An answer with ``ok: false``."""


class WebApi:
    """Answers the calls. `calls` are the methods that were called, in order, with their parameters."""

    def __init__(
        self, workspace: Workspace, tokens: tuple[str, str], ticket: Callable[[], str], *, marketplace: bool
    ) -> None:
        self.workspace = workspace
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.revoked = ""
        self.expires_in: int | None = None
        self._bot_token, self._app_token = tokens
        self._ticket = ticket
        self._marketplace = marketplace
        self._faults: dict[str, deque[Fault]] = {}
        self._called: dict[str, float] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """No faults, no calls, a token that is good."""
        with self._lock:
            self._faults.clear()
            self._called.clear()
            self.calls.clear()
        self.revoked, self.expires_in = "", None

    def fail(self, method: str, faults: Iterable[Fault]) -> None:
        """Let the next calls of a method end so."""
        with self._lock:
            self._faults.setdefault(method, deque()).extend(faults)

    async def answer(self, request: Request) -> Response:
        """One call; parameters come in the query, as a form, or as JSON."""
        method = request.path_params["method"]
        params = dict(request.query_params)
        if request.headers.get("content-type", "").startswith("application/json"):
            given = msgspec.json.decode(await request.body() or b"{}")
            params |= {name: str(value) for name, value in (given or {}).items()}
        else:
            params |= {name: str(value) for name, value in (await request.form()).items()}
        with self._lock:
            self.calls.append((method, params))
            fault = self._fault(method)
        if fault is not None:
            await asyncio.sleep(fault.seconds)
            if fault.error or fault.status != 200:
                return _failed(fault)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            return _json({"ok": True, **self._answer(method, params, token)})
        except Refusal as refusal:
            return JSONResponse({"ok": False, "error": str(refusal)})

    async def download(self, request: Request) -> Response:
        """A file, for whoever shows a token; for others the way to the login page, as Slack does it."""
        if request.headers.get("authorization") != f"Bearer {self._bot_token}":
            return RedirectResponse("/login", 302)
        key = request.path_params["file"].partition("-")[2]
        if key not in self.workspace.contents:
            return Response(status_code=404)
        return Response(self.workspace.contents[key], media_type=self.workspace.files[key]["mimetype"])

    @staticmethod
    async def login(_: Request) -> Response:
        """The page for people."""
        return HTMLResponse("<title>Sign in to Slack</title>")

    def _fault(self, method: str) -> Fault | None:
        waiting = self._faults.get(method)
        if waiting:
            return waiting.popleft()
        if self._marketplace or method not in _SLOW:
            return None
        now = time.monotonic()  # apps outside of the Marketplace: one call each minute
        left = self._called.get(method, now - 60) + 60 - now
        if left > 0:
            return Fault(429, "ratelimited", retry_after=int(left) + 1)
        self._called[method] = now
        return None

    def _answer(self, method: str, params: dict[str, str], token: str) -> Json:
        right = self._app_token if method in _APP_METHODS else self._bot_token
        if not token:
            raise Refusal("not_authed")
        if token != right:
            raise Refusal("not_allowed_token_type" if token in (self._app_token, self._bot_token) else "invalid_auth")
        if self.revoked:
            raise Refusal(self.revoked)
        methods: dict[str, Callable[[dict[str, str]], Json]] = {
            "auth.test": self._test,
            "apps.connections.open": lambda _: {"url": self._ticket()},
            "users.conversations": self._conversations,
            "users.info": lambda given: {"user": _known(self.workspace.users, given.get("user"), "user_not_found")},
            "files.info": lambda given: {"file": _known(self.workspace.files, given.get("file"), "file_not_found")},
            "conversations.info": lambda given: {"channel": self._channel(given)},
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }
        if method not in methods:
            raise Refusal("unknown_method")
        return methods[method](params)

    def _test(self, _: dict[str, str]) -> Json:
        ends = {} if self.expires_in is None else {"expires_in": self.expires_in}
        return {"url": "https://home.slack.com/", "team": "Home", "user": "helper", "team_id": TEAM,
                "user_id": BOT_USER, "bot_id": BOT, "app_id": APP, **ends}  # fmt: skip

    def _conversations(self, given: dict[str, str]) -> Json:
        wanted = set(given.get("types", "public_channel").split(","))
        with self.workspace.lock:
            joined = [each for each in self.workspace.channels.values() if each["is_member"] and _type(each) in wanted]
        start = int(_opened(given.get("cursor", "")) or 0)
        end = start + int(given.get("limit", "100"))
        return {"channels": joined[start:end], **_metadata(str(end) if end < len(joined) else "")}

    def _history(self, given: dict[str, str]) -> Json:
        channel = self._channel(given)
        if not channel["is_member"]:
            raise Refusal("not_in_channel")
        latest = _opened(given.get("cursor", "")) or given.get("latest", "")
        found, more = self.workspace.history(channel["id"], given.get("oldest", "0"), latest, self._limit(given))
        return {"messages": found, "has_more": more, **_metadata(found[-1]["ts"] if more else "")}

    def _replies(self, given: dict[str, str]) -> Json:
        channel = self._channel(given)
        after = _opened(given.get("cursor", ""))
        found, more = self.workspace.replies(
            channel["id"], given["ts"], given.get("oldest", "0"), after, self._limit(given)
        )
        if not found and not after:
            raise Refusal("thread_not_found")
        return {"messages": found, "has_more": more, **_metadata(found[-1]["ts"] if more else "")}

    def _channel(self, given: dict[str, str]) -> Json:
        return _known(self.workspace.channels, given.get("channel"), "channel_not_found")

    def _limit(self, given: dict[str, str]) -> int:
        most = 999 if self._marketplace else 15
        return min(int(given.get("limit", "100")), most)


def _json(answer: Json) -> Response:
    """Only ASCII, as Slack writes it."""
    return Response(json.dumps(answer), media_type="application/json")


def _known(things: dict[str, Json], key: str | None, error: str) -> Json:
    if key is None or key not in things:
        raise Refusal(error)
    return things[key]


def _type(channel: Json) -> str:
    found = next((name for name, flag in _TYPES.items() if channel.get(flag)), "")
    return found or ("private_channel" if channel.get("is_private") else "public_channel")


def _metadata(position: str) -> Json:
    cursor = base64.b64encode(f"next:{position}".encode()).decode() if position else ""
    return {"response_metadata": {"next_cursor": cursor}}


def _opened(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, validate=True).decode().removeprefix("next:")
    except ValueError:
        raise Refusal("invalid_cursor") from None


def _failed(fault: Fault) -> Response:
    headers = {"Retry-After": str(fault.retry_after)} if fault.status == 429 else {}
    if fault.error:
        return JSONResponse({"ok": False, "error": fault.error}, fault.status, headers)
    return HTMLResponse(fault.body or "<h1>Server Error</h1>", fault.status, headers)
