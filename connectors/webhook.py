"""Webhooks of any system: it posts JSON or CloudEvents, and a mapping in the configuration says what is what.

``POST /webhook/ACCOUNT``, signed (Standard Webhooks, or the vendor's own way) or with a token. A batch is taken whole, each of
its items as a record of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import re
import ssl
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from connectors._arrival import arrived
from connectors._base import Accept, Blobs, Receiver
from connectors._guard import Problem, read_body
from connectors._mapping.reading import MAPPING, Reader, read
from connectors._mapping.settings import Mapping
from connectors._media import Fetched, Media, Wanted, noted
from connectors._webhook.gate import Gate, Signature
from connectors._webhook.posts import Part, parts
from normalizer.errors import Misconfigured
from normalizer.events import Message, RawEvent
from normalizer.ids import event_id, message_id
from normalizer.secret import Secret

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SMALL = 32 * 1024  # bytes that are read between two other requests, without a thread
_FETCHERS = 4
_FETCH_SECONDS = 6.0
_MOST_CHALLENGE = 200


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One system that posts.

    `secrets`, one or while rotating two, sign each post: as Standard Webhooks do, or as `signature` says. A system that signs nothing
    sends one of `tokens` in `token_header` instead (``Authorization: Bearer …``). `mapping` says what is what in an item.
    Files that an item names are fetched from `media_hosts` (``api.example.com``, ``.example.com`` for all below it) with `media_headers`,
    and are links in the message else; hosts must have public addresses, or lie in `media_networks` (``10.1.0.0/16``), and a certificate of
    a public authority or of `media_ca_file` (PEM). `challenge` is the query parameter that a GET wants back when the vendor verifies the url.
    A post has at most `max_bytes` and `max_items`.
    """

    mapping: Mapping = Mapping()
    secrets: tuple[Secret, ...] = ()
    signature: Signature | None = None
    tokens: tuple[Secret, ...] = ()
    token_header: str = "Authorization"  # noqa: S105 - a header's name
    media_hosts: tuple[str, ...] = ()
    media_headers: dict[str, Secret] = {}
    media_networks: tuple[str, ...] = ()
    media_ca_file: str = ""
    challenge: str = ""
    max_bytes: Annotated[int, Meta(ge=1024, le=25 * 1024 * 1024)] = 5 * 1024 * 1024
    max_items: Annotated[int, Meta(ge=1, le=10_000)] = 1_000

    def __repr__(self) -> str:
        return f"WebhookSettings({len(self.secrets)} secrets, {len(self.tokens)} tokens)"


class Webhook(Receiver[WebhookSettings]):
    """One system's door.

    Delivery: at least once. 202 with the message ids only after the broker has every item of the post; an item that is sent again
    has the same id when it has one of its own, or the post an ``Idempotency-Key``.

    The raw record of an item is its JSON, byte for byte; the mapping that it came with is the attribute ``mapping``, and what stood
    beside it in a batch the attribute ``beside``. A bad item among good ones is taken and set aside later.
    """

    channel: ClassVar[str] = "webhook"
    settings_type: ClassVar[type[msgspec.Struct]] = WebhookSettings

    def __init__(self, account: str, settings: WebhookSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        where = f"channels.webhook.{account}"
        if not _ACCOUNT.fullmatch(account):
            raise Misconfigured(f"{where}: an account is part of a url; use letters, digits, '.', '_' and '-'")
        self._gate = Gate(settings.secrets, settings.signature, settings.tokens, settings.token_header, where)
        self._reader = Reader(settings.mapping, f"{where}.mapping")
        self._media = Media(
            settings.media_hosts,
            blobs,
            headers=settings.media_headers,
            seconds=_FETCH_SECONDS / 3,
            networks=_networks(settings.media_networks, where),
            authority=_authority(settings.media_ca_file, where),
        )

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The door: posts, the handshake of CloudEvents (OPTIONS), and a vendor's check of the url (GET)."""
        methods = ["POST", "OPTIONS", *(["GET"] if self.settings.challenge else [])]
        return [Route(f"/webhook/{self.account}", partial(self._door, accept), methods=methods)]

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The one message of an item, none when it concerns nobody."""
        return read(raw)

    async def _door(self, accept: Accept, request: Request) -> Response:
        if request.method == "OPTIONS":
            return _handshake(request)
        if request.method != "POST":
            return self._challenge(request)
        body = await read_body(request, self.settings.max_bytes)
        delivery = self._gate.admit(request.headers, body, time.time())
        key = request.headers.get("idempotency-key", "").strip('"') or delivery
        received = partial(self._received, request, body, key)
        slow = len(body) > _SMALL or self.settings.media_hosts
        events = await asyncio.to_thread(received) if slow else received()
        if events:
            await accept([raw for raw, _ in events])
        return JSONResponse({"ids": [message_id(self.channel, self.account, name) for _, name in events]}, 202)

    def _received(self, request: Request, body: bytes, key: str) -> list[tuple[RawEvent, str]]:
        """The records of a post, each with what its message is named after."""
        found = parts(request.headers, body, self._reader.path, self.settings.max_items)
        content_type = request.headers.get("content-type", "application/json")[:300]
        if len(found) > 1 or any("beside" in each.attributes for each in found):
            content_type = "application/json"
        made = [self._raw(each, content_type, f"{key} {index}" if key else "") for index, each in enumerate(found)]
        told = [self._reader.told(raw) for raw in made]
        fetched = self._fetched([each.files for each in told])
        return [
            (
                msgspec.structs.replace(
                    raw,
                    source_id=item.own or raw.source_id,
                    key=item.key,
                    attributes={**raw.attributes, **noted(files)},
                ),
                item.own or raw.source_id,
            )
            for raw, item, files in zip(made, told, fetched, strict=True)
        ]

    def _raw(self, part: Part, content_type: str, key: str) -> RawEvent:
        digest = hashlib.sha256(part.body).hexdigest()
        return RawEvent(
            channel=self.channel,
            account=self.account,
            source_id=event_id("item", key, digest) if key else str(uuid.uuid4()),
            body=part.body,
            content_type=content_type,
            received_at=arrived(),
            attributes={MAPPING: self._reader.encoded, **part.attributes},
        )

    def _fetched(self, wanted: Sequence[tuple[Wanted, ...]]) -> list[tuple[Fetched, ...]]:
        """What became of the files of each item; what takes too long is left out, since the sender waits."""
        if not self.settings.media_hosts or not any(wanted):
            return [() for _ in wanted]
        deadline = time.monotonic() + _FETCH_SECONDS

        def fetch(files: tuple[Wanted, ...]) -> tuple[Fetched, ...]:
            return tuple(
                self._media.fetch([each])[0]
                if time.monotonic() < deadline
                else Fetched(each.url, each.name, each.content_type, error="too-late")
                for each in files
            )

        with ThreadPoolExecutor(_FETCHERS) as pool:
            return list(pool.map(fetch, wanted))

    def _challenge(self, request: Request) -> Response:
        said = request.query_params.get(self.settings.challenge, "")
        if not said or len(said) > _MOST_CHALLENGE:
            raise Problem(400, "no-challenge", f"a GET is only for verifying this url: send {self.settings.challenge}")
        return PlainTextResponse(said, headers={"X-Content-Type-Options": "nosniff"})


def _networks(named: Sequence[str], where: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    try:
        return [ipaddress.ip_network(each) for each in named]
    except ValueError as error:
        raise Misconfigured(f"{where}.media_networks is wrong ({error}): write 10.1.0.0/16") from error


def _authority(path: str, where: str) -> ssl.SSLContext | None:
    try:
        return ssl.create_default_context(cafile=path) if path else None
    except OSError as error:
        raise Misconfigured(f"{where}.media_ca_file {path} cannot be used ({error}): give a PEM file") from error


def _handshake(request: Request) -> Response:
    """CloudEvents, HTTP 1.1 Web Hooks for Event Delivery, section 4: whoever is allowed is told; posts are checked all the same."""
    headers = {"Allow": "OPTIONS, POST"}
    if origin := request.headers.get("webhook-request-origin", ""):
        headers |= {"WebHook-Allowed-Origin": origin[:255], "WebHook-Allowed-Rate": "*"}
    return Response(status_code=200, headers=headers)
