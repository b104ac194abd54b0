"""Files that a delivery only names: fetched from hosts that are known, bounded, and noted when they cannot be had."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import stamina
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from connectors._blobs import BlobStore
from connectors._http import HttpServer
from connectors._media import MEDIA, Fetched, Media, Wanted, _onward, attachments, noted
from normalizer.errors import Rejected, Retriable
from normalizer.events import Attachment, RawEvent

pytestmark = pytest.mark.slow

PHOTO = b"\xff\xd8 photo"
TOKEN = {"Authorization": "Bearer a-token"}


class Vendor:
    """A host with files."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[tuple[str, str]] = []
        self.not_there_yet = 0

    async def file(self, request: Request) -> Response:
        """What each of its addresses gives."""
        name = request.path_params["name"]
        self.asked.append((name, request.headers.get("authorization", "")))
        if self.not_there_yet:
            self.not_there_yet -= 1
            return Response(status_code=404)
        found: dict[str, Response] = {
            "photo": Response(PHOTO, media_type="image/jpeg; charset=binary"),
            "empty": Response(b""),
            "bomb": Response(zlib.compress(b"\0" * 1_000_000), headers={"Content-Encoding": "deflate"}),
            "broken": Response(b"no deflate", headers={"Content-Encoding": "deflate"}),
            "packed-oddly": Response(b"?", headers={"Content-Encoding": "br"}),
            "private": RedirectResponse("https://inside.vendor.example/photo"),
            "near": RedirectResponse("/photo"),
            "far": RedirectResponse("https://evil.example/photo"),
            "inside": RedirectResponse("http://169.254.169.254/latest/meta-data"),
            "downgraded": RedirectResponse("file:///etc/passwd"),
            "round": RedirectResponse("/round"),
            "nowhere": Response(status_code=302),
            "unchanged": Response(status_code=304),
            "forbidden": Response(status_code=403),
            "ill": Response(status_code=500),
            "drops": StreamingResponse(drops()),
        }
        return found.get(name, Response(status_code=404))


async def drops() -> AsyncIterator[bytes]:
    """A file that is never finished."""
    while True:
        yield b"."
        await asyncio.sleep(0.02)


@pytest.fixture(autouse=True, scope="module")
def _no_pauses() -> Iterator[None]:
    """As many tries as ever, and no waiting in between."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    """Served on the loopback."""
    found = Vendor()
    with HttpServer([Route("/{name}", found.file)]).in_thread() as server:
        found.url = f"http://127.0.0.1:{server.port}"
        yield found


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    """An empty store."""
    return BlobStore(tmp_path.as_uri())


def fetch(vendor: Vendor, blobs: BlobStore, name: str, **settings: Any) -> Fetched:
    """What became of one file of the vendor's."""
    vendor.asked.clear()
    media = Media(("inside.vendor.example",), blobs, insecure=vendor.url, resolver=lambda *_: ["10.0.0.1"], **settings)
    (found,) = media.fetch([Wanted(f"{vendor.url}/{name}", "a.jpg", "image/png")])
    return found


def test_a_file_is_stored_and_noted(vendor: Vendor, blobs: BlobStore) -> None:
    """By its digest; the type is the server's, the name the sender's."""
    found = fetch(vendor, blobs, "photo")
    sha256 = hashlib.sha256(PHOTO).hexdigest()
    assert found == Fetched(f"{vendor.url}/photo", "a.jpg", "image/jpeg", sha256, len(PHOTO))
    assert blobs.get(sha256) == PHOTO


def test_an_empty_file_is_a_file(vendor: Vendor, blobs: BlobStore) -> None:
    """Of zero bytes; the type is the sender's word."""
    found = fetch(vendor, blobs, "empty")
    assert (found.size, found.content_type, found.error) == (0, "image/png", "")
    assert found.sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/1",
        "https://evil.example/?https://api.vendor.example",
        "https://api.vendor.example.evil.example/1",
        "https://notvendor.example/1",
        "https://api.vendor.example@evil.example/1",
        "https://api.vendor.example:8443/1",
        "https://cdn.example/1",
        "http://api.vendor.example/1",
        "http://127.0.0.1/1",
        "https://127.0.0.1/1",
        "https://10.0.0.1/1",
        "https://[::1]/1",
        "https://2130706433/1",
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:8080/1",
        "file:///etc/passwd",
        "/etc/passwd",
        "//evil.example/1",
        "",
    ],
)
def test_foreign_hosts_and_private_addresses_are_not_asked(blobs: BlobStore, url: str) -> None:
    """Only HTTPS, on its own port, to a host that the channel knows."""
    media = Media(("api.vendor.example", ".cdn.example"), blobs)
    assert [found.error for found in media.fetch([Wanted(url)])] == ["foreign-host"]


@pytest.mark.parametrize("url", ["https://[/1", "https://api.vendor.example:99999/1", "https://api.vendor.example:x/1"])
def test_what_is_no_address_is_noted(blobs: BlobStore, url: str) -> None:
    """And raises nothing."""
    assert [found.error for found in Media(("api.vendor.example",), blobs).fetch([Wanted(url)])] == ["ValueError"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00::1"])
def test_a_known_name_that_leads_inside_is_not_asked(blobs: BlobStore, address: str) -> None:
    """Whoever owns the name, or forges its DNS, chooses where it leads; one bad address among good ones is enough."""
    for found in ([address], ["93.184.216.34", address]):
        media = Media((".vendor.example",), blobs, resolver=lambda *_, found=found: found)
        assert [each.error for each in media.fetch([Wanted("https://cdn.vendor.example/1")])] == ["private-address"]


def test_known_hosts_are_asked(blobs: BlobStore) -> None:
    """By name in any case, and all below a name; here nobody answers there."""
    media = Media(("api.vendor.invalid", ".cdn.invalid"), blobs)
    urls = ["https://API.vendor.invalid/1", "https://a.b.cdn.invalid:443/1"]
    assert [found.error for found in media.fetch([Wanted(url) for url in urls])] == ["ConnectError"] * 2


def test_credentials_go_with_a_redirect_inside_the_origin(vendor: Vendor, blobs: BlobStore) -> None:
    """The same host may have them twice."""
    assert fetch(vendor, blobs, "near", headers=TOKEN).size == len(PHOTO)
    assert vendor.asked == [("near", "Bearer a-token"), ("photo", "Bearer a-token")]


@pytest.mark.parametrize(
    ("location", "url", "kept"),
    [
        ("/2", "https://a.example/2", True),
        ("https://a.example/2", "https://a.example/2", True),
        ("https://b.example/2", "https://b.example/2", False),
        ("//b.example/2", "https://b.example/2", False),
        ("http://a.example/2", "http://a.example/2", False),
        ("https://a.example:444/2", "https://a.example:444/2", False),
    ],
)
def test_credentials_never_go_with_a_redirect_to_another(location: str, url: str, kept: bool) -> None:
    """Another host, another port, or without TLS."""
    assert _onward("https://a.example/1", location, TOKEN) == (url, TOKEN if kept else {})


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("far", "foreign-host"),
        ("inside", "foreign-host"),
        ("downgraded", "foreign-host"),
        ("round", "too-many-redirects"),
        ("nowhere", "HTTPStatusError"),
        ("unchanged", "HTTPStatusError"),
        ("forbidden", "HTTPStatusError"),
        ("ill", "HTTPStatusError"),
        ("broken", "broken-encoding"),
        ("packed-oddly", "unknown-encoding"),
        ("private", "private-address"),
    ],
)
def test_what_cannot_be_had_is_noted(vendor: Vendor, blobs: BlobStore, name: str, error: str) -> None:
    """With a word to count, and nothing is raised: redirects that lead away or nowhere, refusals, broken answers."""
    found = fetch(vendor, blobs, name)
    assert (found.error, found.sha256, found.size) == (error, "", 0)


@pytest.mark.parametrize("name", ["photo", "bomb"])
def test_a_file_over_the_limit_is_left_out(vendor: Vendor, blobs: BlobStore, name: str, tmp_path: Path) -> None:
    """Counted after it is unpacked; nothing of it stays in the store."""
    found = fetch(vendor, blobs, name, limit=5)
    assert (found.error, found.sha256) == ("too-large", "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_that_comes_in_drops_is_left_out(vendor: Vendor, blobs: BlobStore) -> None:
    """Each drop is in time, and all of them would take for ever."""
    assert fetch(vendor, blobs, "drops", seconds=0.05).error == "too-slow"


def test_a_file_that_is_announced_before_it_is_there_is_asked_for_again(vendor: Vendor, blobs: BlobStore) -> None:
    """A 404 is tried three times, within some seconds."""
    vendor.not_there_yet = 2
    assert fetch(vendor, blobs, "photo").error == ""
    assert len(vendor.asked) == 3


def test_a_file_that_never_comes_is_noted(vendor: Vendor, blobs: BlobStore) -> None:
    """After the third try."""
    assert fetch(vendor, blobs, "gone").error == "ReadError"
    assert len(vendor.asked) == 3


def test_one_missing_file_costs_no_other(vendor: Vendor, blobs: BlobStore) -> None:
    """All in their order."""
    media = Media((), blobs, insecure=vendor.url)
    urls = [f"{vendor.url}/photo", "https://evil.example/1", f"{vendor.url}/empty"]
    found = media.fetch([Wanted(url) for url in urls])
    assert [(each.url, each.error) for each in found] == [(urls[0], ""), (urls[1], "foreign-host"), (urls[2], "")]


def test_a_store_that_is_away_is_no_missing_file(vendor: Vendor, tmp_path: Path) -> None:
    """That is ours, so the delivery is refused and comes again."""

    class Away(BlobStore):
        def put_stream(self, chunks: Any) -> str:
            del chunks
            raise Retriable("the blob store is away: this is tried again")

    with pytest.raises(Retriable, match="the blob store is away"):
        fetch(vendor, Away(tmp_path.as_uri()), "photo")


def raw(attributes: dict[str, str]) -> RawEvent:
    """A raw event with these attributes."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    facts: dict[str, Any] = {"channel": "sms", "account": "main", "source_id": "1", "content_type": ""}
    return RawEvent(body=b"", received_at=now, attributes=attributes, **facts)


def test_what_is_noted_becomes_attachments_and_degradations() -> None:
    """The eye sees what the hand found, and why something is missing."""
    good, bad = Fetched("u", "a.jpg", "image/jpeg", "ab" * 32, 3), Fetched("v", error="too-large")
    found = attachments(raw(noted([good, bad])))
    file = Attachment(sha256="ab" * 32, size=3, name="a.jpg", content_type="image/jpeg")
    assert found == ((file,), ("media-missing:too-large",))


def test_a_delivery_without_files_notes_nothing() -> None:
    """No attribute at all."""
    assert noted([]) == {}
    assert attachments(raw({})) == ((), ())


@pytest.mark.parametrize("text", ["{", "[1]", '[{"url": 1}]', "\ud800", "[" * 100_000])
def test_a_note_that_is_none_is_rejected(text: str) -> None:
    """With its name, and what to do."""
    with pytest.raises(Rejected, match=r"the attribute media cannot be read .*: redrive it from the source") as caught:
        attachments(raw({MEDIA: text}))
    assert caught.value.reason == "bad-media"
