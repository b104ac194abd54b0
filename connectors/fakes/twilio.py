"""A stand-in of Twilio: its REST API (2010-04-01) and its webhooks, for one account.

Source: https://www.twilio.com/docs/usage/api and the OpenAPI documents at https://github.com/twilio/twilio-oai.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from starlette.routing import BaseRoute

from connectors._guard import Limits
from connectors._http import HttpServer
from connectors.fakes._twilio.account import Account
from connectors.fakes._twilio.messages import Messages, Number
from connectors.fakes._twilio.phone import Line, Phone
from connectors.fakes._twilio.webhooks import Webhooks

ACCOUNT_SID = "AC" + "5" * 32
AUTH_TOKEN = "an-auth-token-of-the-stand-in"  # noqa: S105 - of no account
_IDLE_SECONDS = 300


class FakeTwilio:
    """A server on this machine, at `url`, for as long as its context.

    `account` has the clock and the faults, `webhooks` signs and sends, `messages` are SMS, MMS and WhatsApp, `phone` is
    for calls. A further family of resources is one more part, made like `Messages` and listed in `parts`.
    """

    def __init__(self, account_sid: str = ACCOUNT_SID, auth_tokens: tuple[str, ...] = (AUTH_TOKEN,)) -> None:
        self.account = Account(account_sid, auth_tokens)
        self.webhooks = Webhooks(self.account)
        self.messages = Messages(self.account, self.webhooks)
        self.phone = Phone(self.account, self.webhooks)
        self.parts = (self.messages, self.phone)
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        routes = [route for part in self.parts for route in part.routes()]
        self._running.enter_context(self.webhooks.client)
        server = self._running.enter_context(_Server(routes).in_thread())
        self.account.url = f"http://127.0.0.1:{server.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """Where its API is: the setting ``api_url``."""
        return self.account.url

    def number(
        self, address: str, sms_url: str = "", *, fallback_url: str = "", messaging_service_sid: str = ""
    ) -> str:
        """Own a number (``+15005550006``, ``whatsapp:+15005550006``, a short code), and return it."""
        self.messages.numbers[address] = Number(sms_url, fallback_url, messaging_service_sid)
        return address

    def line(self, address: str, voice_url: str, *, status_callback: str = "") -> str:
        """Own a number that can be called, and return it."""
        self.phone.lines[address] = Line(voice_url, status_callback)
        return address


class _Server(HttpServer):
    """Leaves ``Date`` to the account, whose clock may not be ours, and keeps connections for longer than a poll's pause.

    A server that closes one just when it is asked on it looks like a fault of the network.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes, limits=Limits(idle_seconds=_IDLE_SECONDS))
        self._server.config.date_header = False
