"""The door of all Meta channels: the handshake, the signature, and a raw event for each item of a post.

Meta signs the body and no time, so a replay cannot be told by its age: what is sent again has the ids it had, and is found to
be a duplicate further on. https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from connectors._arrival import arrived
from connectors._base import Accept, Blobs, Receiver
from connectors._guard import Problem, read_body
from connectors._media import Media
from connectors._meta.batch import Item, items
from connectors._meta.content import Draft, Eye, nameless
from connectors._meta.fetching import Fetching
from connectors._meta.graph import Graph
from connectors._meta.settings import MetaSettings, checked
from connectors._meta.token_watch import TokenWatch
from connectors._signature import matches
from normalizer.events import RawEvent

M = TypeVar("M", bound=MetaSettings)

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a post; Meta sends up to 3 MB."""
_LARGE = 128 * 1024
_SIGNATURE = re.compile(r"sha256=([0-9a-fA-F]{64})")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,200}")


class MetaReceiver(Receiver[M]):
    """One callback url. `hosts` are where its files are, `eye` reads its items."""

    hosts: ClassVar[Sequence[str]]
    eye: ClassVar[Eye]
    with_token: ClassVar[bool] = False
    """Whether files are asked for with the access token."""
    name_fields: ClassVar[str] = ""
    """The Graph API's fields of a person that make a name; "" where posts tell names."""

    fetch_seconds: ClassVar[float] = 6.0
    """How long a post may wait for its files: Meta switches off a url that is slow."""

    def __init__(self, account: str, settings: M, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        self._keys = checked(settings, self.channel, account)
        graph = Graph(settings.graph_url, settings.access_token)
        self._watch = TokenWatch(graph, f"channels.{self.channel}.{account}.access_token")
        media = Media(
            self.hosts,
            blobs,
            headers={"Authorization": f"Bearer {settings.access_token}"} if self.with_token else {},
            insecure=settings.graph_url if settings.graph_url.startswith("http://") else "",
        )
        name_fields = self.name_fields if settings.access_token else ""
        self._fetching = Fetching(graph, media, name_fields=name_fields, seconds=self.fetch_seconds)

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The one door: GET for the handshake, POST for everything else."""
        path = f"/{self.channel}/{self.account}"
        return [
            Route(path, self._handshake, methods=["GET"]),
            Route(path, partial(self._door, accept), methods=["POST"]),
        ]

    def warnings(self) -> Sequence[str]:
        """What is the matter with the access token."""
        if not self.settings.access_token:
            return ()
        self._watch.look()
        return self._watch.warnings(time.time())

    async def _handshake(self, request: Request) -> Response:
        asked = request.query_params
        given = asked.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
        known = hmac.compare_digest(given, self.settings.verify_token.encode())
        challenge = asked.get("hub.challenge", "")
        if asked.get("hub.mode") != "subscribe" or not known or not _CHALLENGE.fullmatch(challenge):
            raise Problem(
                403, "bad-verify-token", "this is no handshake with the verify_token of this account: set it at Meta"
            )
        return PlainTextResponse(challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def _door(self, accept: Accept, request: Request) -> Response:
        body = await read_body(request, BODY_LIMIT)
        signature = _SIGNATURE.fullmatch(request.headers.get("x-hub-signature-256", ""))
        if signature is None:
            raise Problem(401, "unsigned", "this door takes signed posts: send X-Hub-Signature-256")
        if not matches(self._keys, body, [bytes.fromhex(signature[1])]):
            raise Problem(
                401, "bad-signature", "the signature does not fit the body: sign with the app secret of this account"
            )
        # A large post takes a while to take apart; the other doors go on meanwhile.
        found = await asyncio.to_thread(self._drafts, body) if len(body) > _LARGE else self._drafts(body)
        await accept(await self._raw_events(found))
        return Response(status_code=200)

    def _drafts(self, body: bytes) -> list[tuple[Item, Draft | None]]:
        return [(item, type(self).eye(item)) for item in items(body, whole=True)]

    async def _raw_events(self, found: Sequence[tuple[Item, Draft | None]]) -> list[RawEvent]:
        """A raw event for each item, with what could be fetched for it."""
        now = arrived()
        fetched = await self._fetching.attributes([draft for _, draft in found])
        return [
            RawEvent(
                channel=self.channel,
                account=self.account,
                source_id=(draft.own if draft else nameless(item.raw))[:500],
                body=item.post,
                content_type="application/json",
                received_at=now,
                key=(draft.key or draft.thread or None) if draft else None,
                attributes=attributes,
            )
            for (item, draft), attributes in zip(found, fetched, strict=True)
        ]
