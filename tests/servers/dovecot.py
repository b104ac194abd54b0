"""Dovecot for the tests: real IMAP, its mailboxes filled by writing into their Maildirs."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types

HERE = Path(__file__).parent
PASSWORD = "secret"


class Tokens(BaseHTTPRequestHandler):
    """An OAuth 2 token-info endpoint: the token ``good-USER`` is USER's."""

    def do_GET(self) -> None:
        """Say whose token it is."""
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        token = query.get("access_token", [""])[0]
        good = token.startswith("good-")
        body = json.dumps({"active": True, "username": token[5:]} if good else {"error": "invalid_token"}).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class Mailbox:
    """One user's mailbox. Delivering is writing a file; the server gives the UIDs."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self.server = server
        self.user = user
        self.folder = server.folder / "mail" / user
        self._count = 0
        for each in (self.folder, *(self.folder / name for name in ("cur", "new", "tmp"))):
            each.mkdir(exist_ok=True)
            server.own(each)

    def deliver(self, *mails: bytes, received: float | None = None) -> None:
        """Put mails into the INBOX, received now or at that POSIX time."""
        for mail in mails:
            self._count += 1
            name = f"{int(received or time.time())}.{self._count:08}.test,S={len(mail)}"
            temporary = self.folder / "tmp" / name
            temporary.write_bytes(mail)
            server_reads = 0o644
            temporary.chmod(server_reads)
            if received is not None:
                os.utime(temporary, (received, received))
            temporary.rename(self.folder / "new" / name)

    def client(self) -> IMAPClient:
        """Another person's mail program, logged in to the same mailbox."""
        client = IMAPClient(self.server.host, self.server.port, ssl=False, timeout=30)
        client.login(self.user, PASSWORD)
        return client


class Dovecot:
    """A server with its own folder and ports. Any user may log in with `PASSWORD`, or with the token ``good-USER``."""

    host = "127.0.0.1"

    def __init__(self, *, connections: int = 50, extra: str = "") -> None:
        self.port, self.tls_port = _free_port(), _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.folder.chmod(0o755)
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens = ThreadingHTTPServer((self.host, 0), Tokens)
        threading.Thread(target=self._tokens.serve_forever, daemon=True).start()
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
            self.own(self.folder / name)
        self.own(self.folder)
        self._configure(connections, extra)

    @property
    def ca_file(self) -> str:
        """The certificate that the server shows, signed by itself for localhost."""
        return str(self.folder / "cert.pem")

    def own(self, path: Path) -> None:
        """Give a path to the user that the server runs as."""
        if os.geteuid() == 0:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def mailbox(self) -> Mailbox:
        """A new, empty mailbox of a new user."""
        return Mailbox(self, f"u{uuid.uuid4().hex[:12]}")

    def start(self) -> None:
        """Start, installed first where it is missing, and return when the port answers."""
        install()
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            as_user = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        binary = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "dovecot"
        command = [binary, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(command, start_new_session=True, **as_user)
        deadline = time.monotonic() + 30
        while not _answers(self.host, self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"Dovecot did not start: {self._log()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop, with every connection: its children would serve theirs for another half minute."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        self._tokens.shutdown()
        self._tokens.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configure(self, connections: int, extra: str) -> None:
        subprocess.run(
            ["/usr/bin/env", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", "key.pem", "-out", "cert.pem"],
            cwd=self.folder, check=True, capture_output=True,
        )  # fmt: skip
        self.own(self.folder / "key.pem")
        values = {
            "FOLDER": self.folder,
            "USER": self._account.pw_name,
            "GROUP": grp.getgrgid(self._account.pw_gid).gr_name,
            "PORT": self.port,
            "TLS_PORT": self.tls_port,
            "CONNECTIONS": connections,
        }
        text = (HERE / "dovecot.conf").read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        (self.folder / "dovecot.conf").write_text(text + extra)
        tokens = f"http://{self.host}:{self._tokens.server_address[1]}"
        (self.folder / "oauth2.conf").write_text(
            f"tokeninfo_url = {tokens}/tokeninfo?access_token=\nusername_attribute = username\n"
            "active_attribute = active\nactive_value = true\n"
        )

    def _log(self) -> str:
        log = self.folder / "dovecot.log"
        return log.read_text()[-2000:] if log.exists() else "it wrote no log"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1) as connection:
            return connection.recv(4) == b"* OK"
    except OSError:
        return False


@cache
def install() -> None:
    """Install Dovecot where it is missing; nothing must be skipped for want of its server."""
    with FileLock(Path(tempfile.gettempdir()) / "switchboard-install-dovecot.lock"):
        done = subprocess.run([HERE / "install-dovecot"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stderr[-2000:])


@contextmanager
def running(*, connections: int = 50, extra: str = "") -> Iterator[Dovecot]:
    """A Dovecot for the time of a test, for one that needs another configuration or stops it."""
    server = Dovecot(connections=connections, extra=extra)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One real Dovecot for the whole suite; a test takes a mailbox of its own from it."""
    with running() as server:
        yield server
