"""Web chat: a widget on the customer's own pages, over a WebSocket or, where there is none, plain HTTP.

``<script src="https://EDGE/webchat/ACCOUNT/widget.js" async></script>`` shows it; ``/webchat/ACCOUNT/`` is a page to
try it on. Agents' answers come to ``POST /webchat/ACCOUNT/answers``, signed (Standard Webhooks).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta
from starlette.routing import BaseRoute

from connectors._base import Accept, Blobs, Receiver
from connectors._signature import keys
from connectors._webchat.desk import CHANNEL, Desk, Terms
from connectors._webchat.doors import Doors
from connectors._webchat.page import WORDS, Page
from connectors._webchat.reading import read
from connectors._webchat.rooms import Seats
from connectors._webchat.tokens import Tokens
from normalizer.errors import Misconfigured
from normalizer.events import Message, RawEvent
from normalizer.secret import Secret

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_Field = Literal["name", "email", "phone", "topic"]
_Count = Annotated[int, Meta(ge=1)]


class WebChatSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One chat.

    `secrets`, one or while rotating two, of 32 random bytes or more: with them the edge signs sessions, and the site's
    server signs who is logged in (JWT, HS256) and the answers of agents. `origins` are the sites whose pages may show
    the widget (``https://www.example.com``). `ask` are the fields of the form before the chat, `required` those
    that must be filled in. `words` replaces words of the widget, for another language.

    A session ends `session_days` after its last visit. `messages_per_minute` is for one session,
    `address_per_minute` for all that one address says and opens, `connections` and `connections_per_address` for open
    sockets. A file has at most `max_file_bytes`. `trusted_proxies` (addresses or networks) may name the visitor's address
    in X-Forwarded-For.
    """

    secrets: tuple[Secret, ...]
    title: str = "Chat with us"
    origins: tuple[str, ...] = ()
    ask: tuple[_Field, ...] = ()
    required: tuple[_Field, ...] = ()
    words: dict[str, str] = {}
    trusted_proxies: tuple[str, ...] = ()
    session_days: Annotated[int, Meta(ge=1, le=365)] = 30
    messages_per_minute: _Count = 30
    address_per_minute: _Count = 240
    connections: _Count = 10_000
    connections_per_address: _Count = 100
    max_file_bytes: Annotated[int, Meta(ge=1, le=25 * 1024 * 1024)] = 10 * 1024 * 1024

    def __repr__(self) -> str:
        return f"WebChatSettings({self.title!r}, {len(self.secrets)} secrets)"


class WebChat(Receiver[WebChatSettings]):
    """One chat.

    Delivery: at least once. The browser is told that a message was sent after the broker has it; until then it keeps the
    message, over reloads and lost networks, and sends it again under the same id.

    The raw record is the browser's frame, untouched; who was verified, the visitor's address and the files by
    reference are its attributes. A session is one conversation. Only what the site's server signed makes a
    visitor a known customer; an address that was typed is kept as a claim.
    """

    channel: ClassVar[str] = CHANNEL
    settings_type: ClassVar[type[msgspec.Struct]] = WebChatSettings

    def __init__(self, account: str, settings: WebChatSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        _check(account, settings)
        where = f"channels.webchat.{account}.secrets"
        self._keys = keys(settings.secrets, where)
        self._tokens = Tokens(self._keys, account, where)
        shown = {
            "ask": tuple(dict.fromkeys((*settings.ask, *settings.required))),
            "required": settings.required,
            "maxFileBytes": settings.max_file_bytes,
            "words": WORDS | settings.words,
        }
        self._page = Page(settings.title, shown)

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The socket, its HTTP doors, the door for answers, the script and the page to try it on."""
        settings = self.settings
        terms = Terms(
            session_days=settings.session_days,
            messages_per_minute=settings.messages_per_minute,
            address_per_minute=settings.address_per_minute,
            max_file_bytes=settings.max_file_bytes,
            needed=settings.required,
        )
        doors = Doors(
            Desk(self.account, terms, self._tokens, self.blobs, accept),
            self._page,
            Seats(settings.connections, settings.connections_per_address),
            keys=self._keys,
            origins=settings.origins,
            trusted_proxies=settings.trusted_proxies,
        )
        return doors.routes(f"/webchat/{self.account}")

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """What a visitor or an agent said, or that something was read."""
        return read(raw)


def _check(account: str, settings: WebChatSettings) -> None:
    where = f"channels.webchat.{account}"
    if not _ACCOUNT.fullmatch(account):
        raise Misconfigured(f"{where}: an account is part of a url; use letters, digits, '.', '_' and '-'")
    for origin in settings.origins:
        if not re.fullmatch(r"https?://[^/\s;,'\"*]+", origin):
            raise Misconfigured(f"{where}.origins has {origin!r}: write https://host, without a path")
    if unknown := sorted(set(settings.words) - set(WORDS)):
        raise Misconfigured(f"{where}.words has {', '.join(unknown)}: the words are {', '.join(sorted(WORDS))}")
