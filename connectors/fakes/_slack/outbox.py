"""How Slack sends events: over a socket or by HTTP, signed, in order, and again when nobody acknowledged.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode and https://docs.slack.dev/apis/events-api#errors:
three seconds to answer, and three more times: at once, after a minute, after five.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import threading
import time
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

Json = dict[str, Any]

ANSWER_SECONDS = 3.0
RETRY_SECONDS = (0.0, 60.0, 300.0)
_MOST_SOCKETS = 10


class Sending(msgspec.Struct):
    """One payload on its way. `due` is monotonic; `left` are the pauses before the next tries."""

    payload: Json
    due: float
    left: tuple[float, ...]
    envelopes: list[str] = []
    attempt: int = 0
    reason: str = ""


class Socket(msgspec.Struct, eq=False):
    """An open connection and the loop that serves it."""

    socket: WebSocket
    loop: asyncio.AbstractEventLoop


class Outbox:
    """Sends payloads, one after the other. `lost` are those that it gave up; `counts` says how many sockets were open, in turn.

    With a `request_url` they go there, else to the sockets, each to one of them. `answer_seconds` is how long an
    answer may take, `retry_seconds` the pauses before each further try.
    """

    def __init__(self, signing_secret: str, answer_seconds: float, retry_seconds: tuple[float, ...]) -> None:
        self.request_url = ""
        self.acknowledged: list[str] = []
        self.lost: list[Json] = []
        self.sockets: list[Socket] = []
        self.opened = threading.Event()
        self.counts: list[int] = []
        self._secret = signing_secret.encode()
        self._answer_seconds = answer_seconds
        self._retry_seconds = retry_seconds
        self._sendings: list[Sending] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._turn = itertools.count()
        self._thread = threading.Thread(target=self._run, name="fake-slack", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join()

    def clear(self) -> None:
        """Nothing on the way, no request url, no connection."""
        self.drop()
        with self._changed:
            self._changed.wait_for(lambda: not self.sockets, 5)
            self.counts.clear()
            self._sendings.clear()
            self.acknowledged.clear()
            self.lost.clear()
            self.request_url = ""

    def put(self, payload: Json) -> None:
        """Send a payload soon."""
        with self._changed:
            self._sendings.append(Sending(payload, time.monotonic(), self._retry_seconds))
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many payloads are not acknowledged."""
        with self._changed:
            return len(self._sendings)

    def post(self, payload: Json, retry: int = 0, reason: str = "") -> httpx.Response:
        """One signed request to the request url, as Slack makes it."""
        body = msgspec.json.encode(payload)
        headers = {"Content-Type": "application/json", **self.signed(body, str(int(time.time())))}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        return httpx.post(
            self.request_url, content=body, headers=headers, timeout=self._answer_seconds, trust_env=False
        )

    def signed(self, body: bytes, timestamp: str) -> dict[str, str]:
        """The headers of a request (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""
        digest = hmac.new(self._secret, b"v0:%s:%s" % (timestamp.encode(), body), hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}

    async def serve(self, websocket: WebSocket) -> None:
        """One connection of Socket Mode: hello, and then acknowledgements, until it ends."""
        if len(self.sockets) >= _MOST_SOCKETS:
            await websocket.close(1013)
            return
        await websocket.accept()
        mine = Socket(websocket, asyncio.get_running_loop())
        info = {"host": "applink-fake", "approximate_connection_time": 18060}
        await websocket.send_json({"type": "hello", "num_connections": len(self.sockets) + 1, "debug_info": info})
        with self._changed:
            self.sockets.append(mine)
            self.counts.append(len(self.sockets))
            self.opened.set()
            self._changed.notify_all()
        try:
            while True:
                self._acknowledge(await websocket.receive_json())
        except (WebSocketDisconnect, ValueError, RuntimeError):
            pass
        finally:
            with self._changed:
                self.sockets.remove(mine)
                self.counts.append(len(self.sockets))
                if not self.sockets:
                    self.opened.clear()
                self._changed.notify_all()

    def control(self, message: Json) -> None:
        """Tell every connection something, as before a refresh."""
        for each in list(self.sockets):
            _tell(each, message)

    def drop(self) -> None:
        """Close every connection without a word before it."""
        for each in list(self.sockets):
            asyncio.run_coroutine_threadsafe(each.socket.close(1011), each.loop).result(5)

    def _acknowledge(self, answer: Json) -> None:
        with self._changed:
            done = [each for each in self._sendings if answer.get("envelope_id") in each.envelopes]
            for each in done:
                self._sendings.remove(each)
                self.acknowledged.append(each.payload.get("event_id", ""))

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                now = time.monotonic()
                due = [each for each in self._sendings if each.due <= now]
                if not due:
                    soonest = min((each.due - now for each in self._sendings), default=1.0)
                    self._changed.wait(max(0.001, soonest))
                    continue
            for each in due:
                self._try(each)

    def _try(self, sending: Sending) -> None:
        if sending.attempt > len(self._retry_seconds):
            with self._changed:
                if sending in self._sendings:
                    self._sendings.remove(sending)
                    self.lost.append(sending.payload)
            return
        sent = self._by_http(sending) if self.request_url else self._by_socket(sending)
        pause = self._retry_seconds[min(sending.attempt, len(self._retry_seconds) - 1)]
        sending.attempt += 1
        sending.due = time.monotonic() + (self._answer_seconds if sent else pause)

    def _by_http(self, sending: Sending) -> bool:
        try:
            answer = self.post(sending.payload, sending.attempt, sending.reason)
            sending.reason = "http_error"
            if answer.is_success:
                with self._changed:
                    self._sendings = [each for each in self._sendings if each is not sending]
                    self.acknowledged.append(sending.payload.get("event_id", ""))
        except httpx.TimeoutException:
            sending.reason = "http_timeout"
        except httpx.HTTPError:
            sending.reason = "connection_failed"
        return False

    def _by_socket(self, sending: Sending) -> bool:
        with self._changed:
            open_ones = list(self.sockets)
        if not open_ones:
            return False
        sending.envelopes.append(str(uuid4()))
        envelope = {"envelope_id": sending.envelopes[-1], "type": _type(sending.payload), "payload": sending.payload,
                    "accepts_response_payload": False}  # fmt: skip
        if sending.attempt:
            envelope |= {"retry_attempt": sending.attempt, "retry_reason": "timeout"}
        return _tell(open_ones[next(self._turn) % len(open_ones)], envelope)


def _type(payload: Json) -> str:
    if "command" in payload:
        return "slash_commands"
    return "events_api" if payload.get("type") in ("event_callback", "app_rate_limited") else "interactive"


def _tell(to: Socket, message: Json) -> bool:
    if to.socket.application_state is not WebSocketState.CONNECTED:
        return False
    try:
        asyncio.run_coroutine_threadsafe(to.socket.send_json(message), to.loop).result(5)
    except (RuntimeError, TimeoutError, OSError, WebSocketDisconnect):
        return False
    return True
