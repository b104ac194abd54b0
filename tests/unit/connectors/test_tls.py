"""TLS of our own doors, with certificates that a test's own authority makes, over real connections."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import httpx
import pytest
import trustme

from connectors._http import HttpServer
from connectors._imap import session
from connectors._mailsettings import MailSettings
from connectors._tls import Certificate
from normalizer.errors import Misconfigured
from tests.servers.topic import wait

pytestmark = pytest.mark.slow

AUTHORITY = trustme.CA()


class Files:
    """A certificate and its key in two files, as a tool for ACME leaves them."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = folder / "chain.pem", folder / "key.pem"
        self.issue()

    def issue(self) -> None:
        """A new pair."""
        made = AUTHORITY.issue_cert("localhost", "127.0.0.1")
        self.key.write_bytes(made.private_key_pem.bytes())
        self.certificate.write_bytes(b"".join(each.bytes() for each in made.cert_chain_pems))

    def load(self) -> Certificate:
        """As the server takes it."""
        return Certificate(str(self.certificate), str(self.key))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A pair of this test's own."""
    return Files(tmp_path)


def trusting() -> ssl.SSLContext:
    """A client that knows the authority, and checks names."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def shown(port: int, context: ssl.SSLContext | None = None) -> tuple[str | None, bytes | None]:
    """The version of TLS and the certificate that the server shows."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        (context or trusting()).wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return secure.version(), secure.getpeercert(binary_form=True)


def test_doors_speak_tls(files: Files) -> None:
    """The newest version, to a client that checks the authority and the name."""
    with HttpServer([], certificate=files.load()).in_thread() as server:
        assert server.url == f"https://127.0.0.1:{server.port}"
        assert httpx.get(f"{server.url}/healthz", verify=trusting(), trust_env=False).json() == {"status": "ok"}
        assert shown(server.port)[0] == "TLSv1.3"
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"{server.url}/healthz", trust_env=False)


def test_nothing_is_served_in_the_clear(files: Files) -> None:
    """A plain request on that port gets no answer."""
    with HttpServer([], certificate=files.load()).in_thread() as server, pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{server.port}/healthz", trust_env=False)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(files: Files) -> None:
    """TLS 1.1 is broken (RFC 8996), 1.2 is what old vendors speak."""
    old, usual = trusting(), trusting()
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    usual.maximum_version = ssl.TLSVersion.TLSv1_2
    with HttpServer([], certificate=files.load()).in_thread() as server:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            shown(server.port, old)
        assert shown(server.port, usual)[0] == "TLSv1.2"


def test_a_new_certificate_is_taken_while_the_server_runs(files: Files) -> None:
    """Nobody restarts anything; a pair that is half written changes nothing."""
    with HttpServer([], certificate=files.load(), look_seconds=0.02).in_thread() as server:
        first = shown(server.port)[1]
        files.key.write_bytes(b"half a key")
        assert shown(server.port)[1] == first
        files.issue()
        wait(lambda: shown(server.port)[1] != first)


def test_a_bad_pair_leaves_the_one_in_use(files: Files, caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log, and the files are looked at again."""
    found = files.load()
    files.key.write_bytes(b"half a key")
    assert (found.renew(), found.renew()) == (False, False)
    assert "the certificate that is in use stays: the certificate " in caplog.text
    files.issue()
    assert (found.renew(), found.renew()) == (True, False)


@pytest.mark.parametrize("broken", ["certificate", "key"])
def test_files_that_are_no_good_end_the_start(files: Files, broken: str) -> None:
    """With both names and what they must be."""
    getattr(files, broken).write_bytes(b"nothing")
    with pytest.raises(Misconfigured, match=r"cannot be used \(.*\): give a PEM file each, the chain with"):
        files.load()


def test_one_file_alone_is_refused() -> None:
    """A key without a certificate is a mistake."""
    with pytest.raises(Misconfigured, match=r"http.certificate and http.key are only good together"):
        Certificate("", "key.pem")


def test_imap_checks_the_name_in_a_certificate(tmp_path: Path) -> None:
    """One that is genuine and for another host is refused before a password is sent."""
    made = AUTHORITY.issue_cert("other.example")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    made.cert_chain_pems[0].write_to_path(tmp_path / "chain.pem")
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate = Certificate(str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))
    with HttpServer([], certificate=certificate).in_thread() as server:
        settings = MailSettings(
            host="127.0.0.1", port=server.port, user="u", password="p", ca_file=str(tmp_path / "ca.pem")
        )
        with pytest.raises(Misconfigured, match=r"certificate.*IP address mismatch"), session(settings, "mail/main"):
            raise AssertionError("it logged in")
