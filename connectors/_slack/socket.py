"""Socket Mode: events over a WebSocket that we open, so that no door is needed.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode. Every envelope is acknowledged on the connection that it
came by, and only once the page with it is safe; one that is not is sent again by Slack, over any connection.
The connection is read when the last page is done, so what waits is bounded here (16 frames) and else waits at Slack.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Literal
from urllib.parse import urlsplit

from slack_sdk.socket_mode.response import SocketModeResponse
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect

from connectors._base import Page
from connectors._slack.api import Api, Refused
from connectors._slack.deliveries import Deliveries
from connectors._slack.directory import IN_TIME
from connectors._slack.payload import decoded
from connectors._slack.settings import SlackSettings
from connectors._slack.value import Json, mapping, text
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import RawEvent

_LARGEST = 4 << 20  # bytes of one message
_LISTEN_SECONDS = 0.2  # after which it looks whether to stop
_PAGE = 50
_JSON = "application/json"


Text = str | bytes


class Sockets:
    """The connections of one account; each source has one at a time. `heard` is told of each payload."""

    def __init__(
        self, settings: SlackSettings, who: str, deliveries: Deliveries, heard: Callable[[Json], None]
    ) -> None:
        self._settings = settings
        self._who = who
        self._api = Api(settings, who, token=settings.app_token)
        self._deliveries = deliveries
        self._heard = heard

    def pages(self, stop: threading.Event) -> Iterator[Page]:
        """What a connection brings, for ever; a page is acknowledged when the next one is asked for."""
        with contextlib.ExitStack() as held:
            socket = held.enter_context(self._opened(stop))
            yield Page((), {})  # connected
            while not stop.is_set():
                if (yield from self._page(socket, _LISTEN_SECONDS)):
                    with (
                        held.pop_all()
                    ):  # the new connection is there before the old one goes: events always have a way
                        socket, old = held.enter_context(self._opened(stop)), socket
                        with contextlib.suppress(Retriable):
                            yield from self._page(old, 0)

    def _page(self, socket: ClientConnection, seconds: float) -> Generator[Page, None, bool]:
        """What is there after a wait of `seconds`, and whether Slack is about to end this connection."""
        texts, ending = self._received(socket, seconds)
        yield Page(
            self._events(texts), {}
        )  # one without news tells that the connection stands: its pings were answered
        self._acknowledge(socket, texts)
        return ending

    def _received(self, socket: ClientConnection, seconds: float) -> tuple[list[Text], bool]:
        texts: list[Text] = []
        try:
            while len(texts) < _PAGE:
                message = socket.recv(timeout=0 if texts else seconds)
                match _control(message):
                    case "":
                        texts.append(message)
                    case "disconnect":
                        return texts, True
                    case "link_disabled":
                        raise Misconfigured(
                            f"{self._who}: Socket Mode was turned off: turn it on in the app's settings, or remove app_token"
                        )
        except TimeoutError:
            pass
        except ConnectionClosed as error:
            if not texts:
                raise self._lost(error) from None
        return texts, False

    def _events(self, texts: list[Text]) -> tuple[RawEvent, ...]:
        """The deliveries of a page, whose look-ups share the time that Slack gives."""
        until = time.monotonic() + IN_TIME
        found = []
        for each in texts:
            body = _bytes(each)
            with contextlib.suppress(Rejected):
                self._heard(mapping(decoded(body).get("payload")))
            found.append(self._deliveries.delivered("socket", _JSON, body, max(0.0, until - time.monotonic())))
        return tuple(found)

    def _acknowledge(self, socket: ClientConnection, texts: list[Text]) -> None:
        try:
            for envelope in filter(None, map(_envelope, texts)):
                socket.send(json.dumps(SocketModeResponse(envelope).to_dict()))
        except ConnectionClosed as error:
            raise self._lost(error) from None

    @contextlib.contextmanager
    def _opened(self, stop: threading.Event) -> Iterator[ClientConnection]:
        try:
            url = text(self._api.patiently("apps.connections.open", stop).get("url"))
        except Refused as refused:
            raise Retriable(f"{self._who}: Slack gives no socket ({refused.error}): this is tried again") from None
        if urlsplit(url).scheme != "wss" and not self._settings.on_loopback:
            raise Retriable(f"{self._who}: Slack gave a socket without TLS: this is tried again")
        seconds = self._settings.timeout_seconds
        proxy: Literal[True] | None = None if self._settings.on_loopback else True
        with contextlib.ExitStack() as stack:
            try:
                opening = connect(url, open_timeout=seconds, close_timeout=1, max_size=_LARGEST, proxy=proxy)
                socket = stack.enter_context(opening)
            except (OSError, InvalidHandshake, InvalidURI) as error:
                raise Retriable(
                    f"{self._who}: the socket cannot be opened ({type(error).__name__}): this is tried again"
                ) from error
            yield socket

    def _lost(self, error: ConnectionClosed) -> Retriable:
        return Retriable(f"{self._who}: the socket was closed ({type(error).__name__}): another one is opened")


def _control(message: Text) -> Literal["", "hello", "disconnect", "link_disabled"]:
    """What a message says about the connection itself; "" for a delivery, and for what cannot be read."""
    try:
        found = decoded(_bytes(message))
    except Rejected:
        return ""
    if "envelope_id" in found:
        return ""
    if found.get("type") == "hello":
        return "hello"
    if found.get("type") == "disconnect":
        return "link_disabled" if found.get("reason") == "link_disabled" else "disconnect"
    return ""


def _envelope(message: Text) -> str:
    try:
        return text(decoded(_bytes(message)).get("envelope_id"))
    except Rejected:
        return ""


def _bytes(message: Text) -> bytes:
    return message.encode() if isinstance(message, str) else message
