"""Web forms: what people write on a web page, posted by their browser or by the site's own server.

``POST /webform/ACCOUNT`` takes JSON, ``application/x-www-form-urlencoded`` and ``multipart/form-data``;
``GET`` shows a form, and ``/webform/ACCOUNT/embed.js`` puts it into another page.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import re
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal

import msgspec
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from connectors._arrival import arrived
from connectors._base import Accept, Blobs, Receiver
from connectors._guard import Problem, described, problem, read_body
from connectors._rate import Rate
from connectors._signature import keys, verify
from connectors._webform.decode import JSON, MULTIPART, TEXT_LIMIT, URLENCODED, Upload, decode, media_type
from connectors._webform.page import Page
from connectors._webform.reading import RECORD, Record, read, sender_email
from connectors._webform.submission import File, Submission, file_name, file_type, submission
from normalizer.errors import Misconfigured, Rejected, SwitchboardError
from normalizer.events import Message, RawEvent
from normalizer.ids import event_id, message_id
from normalizer.secret import Secret

_STATUS = {"not-json": 400, "not-multipart": 400, "too-large": 413, "too-many-files": 413, "unknown-content-type": 415}
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

_Field = Literal["name", "email", "phone", "subject", "message"]


class WebFormSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One form.

    `ask` are the fields that the page shows, `required` those without which a post is refused. `origins` are the
    sites that may post with JavaScript and show the page in a frame (``https://www.example.com``).
    `secrets`, one or while rotating two, make it a form for servers: each post must be signed (Standard Webhooks),
    there is no page, and no rate. `posts_per_minute` is for one address; `trusted_proxies` (addresses
    or networks) may name the address in X-Forwarded-For. `region` (ISO 3166) is where national phone numbers are
    read. A post has at most `max_bytes` and `max_files`; fields alone have 256 KiB. `honeypot` is the field that only
    robots fill.
    """

    title: str = "Contact us"
    ask: tuple[_Field, ...] = ("name", "email", "subject", "message")
    required: tuple[_Field, ...] = ("email", "message")
    thanks_url: str = ""
    origins: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    posts_per_minute: int = 12
    max_bytes: int = 10 * 1024 * 1024
    max_files: int = 5
    honeypot: str = "website"
    region: str = ""

    def __repr__(self) -> str:
        return f"WebFormSettings({self.title!r}, {len(self.secrets)} secrets)"


class WebForm(Receiver[WebFormSettings]):
    """One form.

    Delivery: at least once. 202 with the message id only after the broker has the record; a post that is sent again
    with the same ``Idempotency-Key`` (or ``submission_id``) and the same content has the same id.

    The raw record of a JSON or urlencoded post is its body, untouched. Of a multipart post it is `RECORD`, the
    fields in order and the files by reference; the body itself is in the blob store under `RawEvent.dataref`, and its
    Content-Type, with the boundary, is the attribute ``contenttype``.
    A post with a filled honeypot is taken like any other and marked, so that it has a fate and robots learn nothing.
    """

    channel: ClassVar[str] = "webform"
    settings_type: ClassVar[type[msgspec.Struct]] = WebFormSettings

    def __init__(self, account: str, settings: WebFormSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        _check(account, settings)
        self._keys = keys(settings.secrets, f"channels.webform.{account}.secrets")
        self._rate = Rate(settings.posts_per_minute)
        self._page = Page(title=settings.title, thanks_url=settings.thanks_url, origins=settings.origins)

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The form's door and page, and the script that embeds it."""
        path = f"/webform/{self.account}"
        around: list[Middleware] = []
        if self.settings.trusted_proxies:
            around.append(Middleware(ProxyHeadersMiddleware, trusted_hosts=list(self.settings.trusted_proxies)))
        if self.settings.origins:
            around.append(
                Middleware(
                    CORSMiddleware,
                    allow_origins=self.settings.origins,
                    allow_methods=["POST"],
                    allow_headers=["Content-Type", "Idempotency-Key"],
                    expose_headers=["Retry-After"],
                )
            )
        door = partial(self._door, accept)
        if self._keys:
            return [Route(path, door, methods=["POST"], middleware=around)]
        return [
            Route(path, door, methods=["GET", "POST", "OPTIONS"], middleware=around),
            Route(f"{path}/embed.js", self._embed),
        ]

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The one message of a post, or none when it says nothing."""
        return read(raw)

    async def _door(self, accept: Accept, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS, POST"})
        if request.method != "POST":
            return self._form()
        for_people = "text/html" in request.headers.get("accept", "")
        try:
            raw = await self._received(request)
            await accept([raw])
        except (SwitchboardError, HTTPException) as error:
            refused = described(error)
            if isinstance(error, Rejected):
                refused = Problem(_STATUS.get(error.reason, 422), error.reason, str(error))
            if for_people:
                return self._page.sorry(refused.status_code, refused.detail, dict(refused.headers or {}))
            return problem(request, refused)
        taken = message_id(raw.channel, raw.account, raw.source_id)
        if not for_people:
            return JSONResponse({"id": taken}, 202)
        if self.settings.thanks_url:
            return RedirectResponse(self.settings.thanks_url, 303)
        return self._page.thanks(taken)

    async def _received(self, request: Request) -> RawEvent:
        """The raw event of a request that may post. Raises `Problem`, `Rejected` or `Retriable`."""
        address = request.client.host if request.client else ""
        if not self._keys and (wait := self._rate.wait(address, time.monotonic())):
            seconds = str(math.ceil(wait))
            raise Problem(
                429, "too-many", f"too many posts from this address: wait {seconds} seconds", {"Retry-After": seconds}
            )
        content_type = request.headers.get("content-type", "")
        if media_type(content_type) not in (JSON, URLENCODED, MULTIPART):
            raise Rejected("unknown-content-type", f"this form takes {JSON}, {URLENCODED} and {MULTIPART}: post one")
        multipart = media_type(content_type) == MULTIPART
        body = await read_body(request, self.settings.max_bytes if multipart else TEXT_LIMIT)
        delivery = verify(self._keys, request.headers, body, time.time()) if self._keys else ""
        key = request.headers.get("idempotency-key", "").strip('"') or delivery
        facts = {
            "remoteaddress": address[:100],
            "useragent": request.headers.get("user-agent", "")[:300],
            "referer": request.headers.get("referer", "").partition("?")[0][:500],
            "region": self.settings.region,
        }
        received = partial(self._raw, content_type, body, key, {name: text for name, text in facts.items() if text})
        # A large form takes a while to read, and its files to store: the other doors go on meanwhile.
        return await asyncio.to_thread(received) if multipart else received()

    def _raw(self, content_type: str, body: bytes, key: str, facts: dict[str, str]) -> RawEvent:
        post = decode(content_type, body)
        if len(post.uploads) > self.settings.max_files:
            raise Rejected(
                "too-many-files", f"{len(post.uploads)} files are attached and {self.settings.max_files} are taken"
            )
        files = tuple(map(_file, post.uploads))
        found = submission(post.fields, files, honeypot=self.settings.honeypot)
        self._admit(found)
        for each in post.uploads:
            self.blobs.put(each.content)
        if any(name.strip().lower() == self.settings.honeypot and value.strip() for name, value in post.fields):
            facts["honeypot"] = self.settings.honeypot
        dataref = None
        if media_type(content_type) == MULTIPART:
            facts["contenttype"] = content_type[:300]
            dataref = self.blobs.put(body)
            body, content_type = Record(post.fields, files, post.guessed).encode(), RECORD
        return RawEvent(
            channel=self.channel,
            account=self.account,
            source_id=_source_id(key or found.key, found),
            body=body,
            content_type=content_type[:300],
            received_at=arrived(),
            attributes=facts,
            dataref=dataref,
        )

    def _admit(self, found: Submission) -> None:
        if found.cut:
            raise Rejected("too-long", f"{'; '.join(found.cut)}: shorten it and send it again")
        for name in self.settings.required:
            if not getattr(found, name):
                raise Rejected("missing-field", f"{name} is missing: fill it in and send it again")
        if found.empty:
            raise Rejected("empty", "nothing was filled in: write a message")
        if found.email and sender_email(found.email) is None:
            raise Rejected("bad-email", "email is no mail address: check it and send it again")

    def _form(self) -> Response:
        return self._page.form(
            action=self.account,
            ask=tuple({*self.settings.ask, *self.settings.required}),
            required=self.settings.required,
            honeypot=self.settings.honeypot,
            key=uuid.uuid4().hex,
            files=self.settings.max_files,
            max_bytes=self.settings.max_bytes,
        )

    async def _embed(self, _: Request) -> Response:
        return self._page.embed()


def _check(account: str, settings: WebFormSettings) -> None:
    where = f"channels.webform.{account}"
    if not _ACCOUNT.fullmatch(account):
        raise Misconfigured(f"{where}: an account is part of a url; use letters, digits, '.', '_' and '-'")
    if settings.posts_per_minute < 1:
        raise Misconfigured(f"{where}.posts_per_minute is {settings.posts_per_minute}: set 1 or more")
    for origin in settings.origins:
        if not re.fullmatch(r"https?://[^/\s;,'\"]+", origin):
            raise Misconfigured(f"{where}.origins has {origin!r}: write https://host, without a path")
    if settings.thanks_url and not re.fullmatch(r"https?://[^\s;,'\"]+", settings.thanks_url):
        raise Misconfigured(f"{where}.thanks_url is {settings.thanks_url!r}: write a whole https:// url")


def _file(upload: Upload) -> File:
    return File(
        upload.field,
        file_name(upload.name),
        file_type(upload.content_type),
        len(upload.content),
        hashlib.sha256(upload.content).hexdigest(),
    )


def _source_id(key: str, found: Submission) -> str:
    """Of the key and the content: a second click is the same, an edited text after "back" is not."""
    return event_id("submission", key, found.digest) if key else str(uuid.uuid4())
