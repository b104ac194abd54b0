"""Connections to public addresses only, over a real TLS server and a resolver that the test speaks for."""

from __future__ import annotations

import gzip
import ipaddress
import ssl
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
import trustme
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors._http import HttpServer
from connectors._inflate import inflated
from connectors._public import PublicTransport, public
from connectors._tls import Certificate
from normalizer.errors import Rejected

AUTHORITY = trustme.CA()
HERE = [ipaddress.ip_network("127.0.0.1/32")]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("::ffff:93.184.216.34", True),
        ("127.0.0.1", False),
        ("127.255.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nothing is bound
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False),
        ("2002:a00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    """Also those that are wrapped into another (mapped, compatible, 6to4, NAT64)."""
    assert public(ipaddress.ip_address(address)) is expected


class Site:
    """A TLS server on the loopback that calls itself ``files.vendor.example``, and what was looked up."""

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, list[str]()

    def client(self, *answers: Sequence[str], authority: ssl.SSLContext | None = None) -> httpx.Client:
        """A client whose resolver gives these answers, one after the other."""
        told = iter(answers)

        def resolver(host: str, port: int) -> Sequence[str]:
            del port
            self.asked.append(host)
            return next(told)

        transport = PublicTransport(resolver=resolver, networks=HERE, authority=authority or trusting())
        return httpx.Client(transport=transport, trust_env=False, timeout=10)

    def url(self, host: str = "files.vendor.example") -> str:
        """An address there."""
        return f"https://{host}:{self.port}/"


def trusting() -> ssl.SSLContext:
    """Knows the authority of these tests."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With a certificate for its name."""
    folder: Path = tmp_path_factory.mktemp("tls")
    made = AUTHORITY.issue_cert("files.vendor.example")
    made.private_key_pem.write_to_path(folder / "key.pem")
    made.cert_chain_pems[0].write_to_path(folder / "chain.pem")

    async def hello(request: Request) -> Response:
        return PlainTextResponse(request.headers["host"])

    certificate = Certificate(str(folder / "chain.pem"), str(folder / "key.pem"))
    with HttpServer([Route("/", hello)], certificate=certificate).in_thread() as server:
        yield Site(server.port)


@pytest.mark.slow
def test_the_address_that_was_checked_is_connected_to(site: Site) -> None:
    """One look-up: a second answer (DNS rebinding) would never be asked for. TLS checks the name, not the address."""
    with site.client(["127.0.0.1"], ["10.0.0.1"]) as client:
        site.asked.clear()
        assert client.get(site.url()).text == f"files.vendor.example:{site.port}"
        assert site.asked == ["files.vendor.example"]


@pytest.mark.slow
def test_an_address_outside_the_networks_is_refused(site: Site) -> None:
    """Before a single byte goes there."""
    with (
        site.client(["127.0.0.1", "127.0.0.2"]) as client,
        pytest.raises(
            Rejected, match=r"a file is at files\.vendor\.example, which leads to an address that is not public"
        ),
    ):
        client.get(site.url())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("host", "authority"), [("other.vendor.example", None), ("files.vendor.example", ssl.create_default_context())]
)
def test_certificates_are_checked(site: Site, host: str, authority: ssl.SSLContext | None) -> None:
    """Against the name that was asked for, and a known authority."""
    with (
        site.client(["127.0.0.1"], authority=authority) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get(site.url(host))


def test_a_name_without_an_address_cannot_be_connected_to() -> None:
    """Which httpx knows as a failure of the transport."""

    def nowhere(host: str, port: int) -> Sequence[str]:
        raise OSError(f"{host}:{port} is unknown")

    transport = PublicTransport(resolver=nowhere)
    with httpx.Client(transport=transport) as client, pytest.raises(httpx.ConnectError, match="is unknown"):
        client.get("https://files.vendor.example/")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_packed_content_is_unpacked_in_small_steps(pack: type) -> None:
    """A hundred megabytes of nothing are 100 KB on the wire, and 64 KiB at a time in memory."""
    packed = pack(bytes(100_000_000))
    sizes = [len(piece) for piece in inflated("gzip", [packed[:1000], packed[1000:], b"what follows"])]
    assert (sum(sizes), max(sizes)) == (100_000_000, 64 * 1024)


def test_plain_content_passes() -> None:
    """As it came."""
    assert list(inflated("", [b"a", b"b"])) == list(inflated("Identity", [b"a", b"b"])) == [b"a", b"b"]


@pytest.mark.parametrize(
    ("encoding", "content", "reason"),
    [
        ("br", b"", "unknown-encoding"),
        ("gzip, gzip", b"", "unknown-encoding"),
        ("gzip", b"no gzip", "broken-encoding"),
        ("gzip", gzip.compress(b"x" * 1000, mtime=0)[:-9], "broken-encoding"),
        ("gzip", b"", "broken-encoding"),
    ],
)
def test_what_cannot_be_unpacked_is_rejected(encoding: str, content: bytes, reason: str) -> None:
    """Unknown, nested, broken, cut."""
    with pytest.raises(Rejected, match="it is left out") as caught:
        list(inflated(encoding, [content]))
    assert caught.value.reason == reason
