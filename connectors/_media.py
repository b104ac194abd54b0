"""Files that a delivery only names: fetched by the hand, bounded, and only from the hosts that the channel knows.

An address in a delivery is somebody's text: without the list of hosts it would make the edge ask its own network
(server-side request forgery). What cannot be fetched is noted, so that the message arrives all the same.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
import stamina

from connectors._base import Blobs
from connectors._inflate import inflated
from connectors._public import Network, PublicTransport, Resolver, resolve
from normalizer.errors import Rejected
from normalizer.events import Attachment, RawEvent

MEDIA = "media"
"""The attribute of a raw event that says what became of the files it names."""

_REDIRECTS = 3
_STEPS = 4  # times the seconds of one step that a whole file may take


class Wanted(msgspec.Struct, frozen=True):
    """A file that a delivery names. What `name` and `content_type` say is the sender's word."""

    url: str
    name: str = ""
    content_type: str = ""


class Fetched(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a wanted file: its `sha256` in the blob store, or the `error` why it is not there."""

    url: str
    name: str = ""
    content_type: str = "application/octet-stream"
    sha256: str = ""
    size: int = 0
    error: str = ""


class Media:
    """Fetches files over HTTPS from `hosts` (``api.twilio.com``, ``.twiliocdn.com`` for all below it).

    `insecure` is an origin (``http://127.0.0.1:8001``) that is asked without TLS as well: a stand-in of the vendor.
    `headers` (credentials) go to the first host of an address and never along with a redirect to another. A file
    has at most `limit` bytes and takes at most `seconds` for each step, four times that as a whole; a 404 is tried
    again, since providers announce files before they have them. Names must lead to public addresses (`_public`), or into
    `networks`; `authority` is who certifies hosts that no public authority does, `resolver` who knows addresses.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        blobs: Blobs,
        *,
        headers: Mapping[str, str] | None = None,
        insecure: str = "",
        limit: int = 25 * 1024 * 1024,
        seconds: float = 5.0,
        networks: Sequence[Network] = (),
        authority: ssl.SSLContext | None = None,
        resolver: Resolver = resolve,
    ) -> None:
        self._hosts = tuple(hosts)
        self._blobs = blobs
        self._headers = dict(headers or {})
        self._insecure = _origin(insecure) if insecure else None
        self._limit = limit
        self._seconds = seconds
        self._networks, self._authority, self._resolver = tuple(networks), authority, resolver

    def fetch(self, wanted: Sequence[Wanted]) -> tuple[Fetched, ...]:
        """Every file, in order, into the blob store. Blocks; raises only what the blob store raises."""
        return tuple(self._one(each) for each in wanted)

    @cached_property
    def _client(self) -> httpx.Client:
        """One for all files and threads: to make one takes longer than to fetch a small file."""
        exempt = (self._insecure[1], self._insecure[2] or 80) if self._insecure else None
        transport = PublicTransport(
            resolver=self._resolver, networks=self._networks, exempt=exempt, authority=self._authority
        )
        # Packed answers are not asked for; who packs all the same is unpacked in small steps.
        head = {"Accept-Encoding": "identity"}
        return httpx.Client(timeout=self._seconds, trust_env=False, transport=transport, headers=head)

    def _one(self, wanted: Wanted) -> Fetched:
        made = Fetched(wanted.url[:2000], wanted.name[:200], wanted.content_type[:100] or "application/octet-stream")
        try:
            return self._stored(wanted, made)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return msgspec.structs.replace(made, error=type(error).__name__)
        except Rejected as error:
            return msgspec.structs.replace(made, error=error.reason)

    @stamina.retry(on=httpx.TransportError, attempts=3, timeout=8.0, wait_initial=0.2, wait_max=2.0)
    def _stored(self, wanted: Wanted, made: Fetched) -> Fetched:
        url, headers = wanted.url, self._headers
        for _ in range(_REDIRECTS + 1):
            self._allowed(url)
            with self._client.stream("GET", url, headers=headers) as answer:
                if answer.has_redirect_location:
                    url, headers = _onward(url, answer.headers["location"], headers)
                    continue
                if answer.status_code == 404:
                    raise httpx.ReadError("not there yet")
                answer.raise_for_status()
                size = 0
                end = time.monotonic() + _STEPS * self._seconds

                def chunks(answer: httpx.Response = answer, end: float = end) -> Iterator[bytes]:
                    nonlocal size
                    for chunk in inflated(answer.headers.get("content-encoding", ""), answer.iter_raw()):
                        size += len(chunk)
                        if size > self._limit:
                            raise Rejected("too-large", f"a file is larger than {self._limit} bytes: it is left out")
                        if time.monotonic() > end:
                            raise Rejected("too-slow", "a file comes in drops: it is left out")
                        yield chunk

                sha256 = self._blobs.put_stream(chunks())
                kind = answer.headers.get("content-type", "").partition(";")[0].strip() or made.content_type
                return msgspec.structs.replace(made, sha256=sha256, size=size, content_type=kind[:100])
        raise Rejected("too-many-redirects", "a file's address leads from one to the next: it is left out")

    def _allowed(self, url: str) -> None:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        known = any(host == each or (each.startswith(".") and host.endswith(each)) for each in self._hosts)
        if _origin(url) == self._insecure or (parts.scheme == "https" and known and parts.port in (None, 443)):
            return
        raise Rejected("foreign-host", f"a file is at {host}, which is no host of this channel: it is left out")


def _onward(url: str, location: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Where a redirect leads, and the headers that go there: credentials stay at the origin that they are for."""
    found = urljoin(url, location)
    return found, dict(headers) if _origin(found) == _origin(url) else {}


def noted(fetched: Sequence[Fetched]) -> dict[str, str]:
    """The attribute that goes with the raw event; {} when it names no file."""
    return {MEDIA: msgspec.json.encode(fetched).decode()} if fetched else {}


def attachments(raw: RawEvent) -> tuple[tuple[Attachment, ...], tuple[str, ...]]:
    """The attachments of a raw event whose files the hand fetched, and the degradations for those it could not."""
    try:
        found = msgspec.json.decode(raw.attributes.get(MEDIA, "[]"), type=tuple[Fetched, ...])
    except (msgspec.MsgspecError, json.JSONDecodeError, UnicodeEncodeError) as error:
        raise Rejected(
            "bad-media", f"the attribute {MEDIA} cannot be read ({error}): redrive it from the source"
        ) from None
    made = tuple(
        Attachment(sha256=each.sha256, size=each.size, name=each.name, content_type=each.content_type)
        for each in found
        if each.sha256
    )
    return made, tuple(f"media-missing:{each.error}" for each in found if not each.sha256)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port
