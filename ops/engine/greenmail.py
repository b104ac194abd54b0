"""GreenMail on this machine: a real SMTP and IMAP server in memory, the mailbox of the demo and of tests.

Mail that comes in over SMTP comes out over IMAP, IDLE included. It is kept in memory: stopping the server
forgets it all, and a mailbox of the next run has another UIDVALIDITY. Anybody may send to any address; an
address that has no user yet gets one, whose login and password are both the address (GreenMail's own rule).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import msgspec
import platformdirs

from normalizer.errors import Misconfigured
from ops.engine import java
from ops.engine.jars import Lock, Progress, cache_folder, install

START_SECONDS = 30.0
STOP_SECONDS = 5.0
HEAP_MB = 256
MAIN = "com.icegreen.greenmail.standalone.GreenMailStandaloneRunner"
PUNCTUATION = frozenset(":@,")  # what separates one user from the next where GreenMail reads them


class Ports(msgspec.Struct, frozen=True):
    """Where the server listens on the loopback address."""

    smtp: int
    imap: int


def options(ports: Ports, users: Mapping[str, str]) -> list[str]:
    """GreenMail's settings as Java properties (https://greenmail-mail-test.github.io/greenmail/#deploy_standalone).

    `users` maps addresses to passwords; one logs in with the whole address. Raises `Misconfigured` for an
    address or a password that GreenMail would misread.
    """
    listed = []
    for address, password in users.items():
        local, _, domain = address.partition("@")
        if not local or not domain or not password or PUNCTUATION & set(local + domain + password):
            raise Misconfigured(
                f"GreenMail cannot have the user {address!r}: give an address like name@host and a password, "
                f"both without any of {' '.join(sorted(PUNCTUATION))} beside the address's own @."
            )
        listed.append(f"{local}:{password}@{domain}")
    return [
        f"-Dgreenmail.smtp.hostname={java.LOOPBACK}",
        f"-Dgreenmail.smtp.port={ports.smtp}",
        f"-Dgreenmail.imap.hostname={java.LOOPBACK}",
        f"-Dgreenmail.imap.port={ports.imap}",
        f"-Dgreenmail.startup.timeout={START_SECONDS * 1000:.0f}",
        "-Dgreenmail.users.login=email",
        *([f"-Dgreenmail.users={','.join(listed)}"] if listed else []),
    ]


class GreenMail:
    """One local mail server and the folder of its log. Also a context manager that starts and stops it.

    Processes that share a folder share the server, as with `Engine`. Ports that are 0 are chosen freely.
    """

    def __init__(
        self,
        users: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        smtp_port: int = 0,
        imap_port: int = 0,
        jars: Path | None = None,
    ) -> None:
        self.folder = folder or Path(platformdirs.user_data_dir("switchboard")) / "greenmail"
        self._users = dict(users or {})
        self._wanted = (smtp_port, imap_port)
        self._jars = jars or cache_folder()
        self._daemon = java.Daemon(self.folder)

    @property
    def smtp_port(self) -> int:
        """Where mail is handed in."""
        return self._ports().smtp

    @property
    def imap_port(self) -> int:
        """Where mail is read."""
        return self._ports().imap

    @property
    def running(self) -> bool:
        """Whether the server of this folder runs."""
        return self._daemon.process() is not None

    def start(self, progress: Progress | None = None) -> GreenMail:
        """Fetch what is missing, start, and return when both ports answer (about 1 s when all is there).

        Raises `Misconfigured` when it already runs, a port is taken or it does not come up, and `Retriable`
        when its jar cannot be fetched.
        """
        if process := self._daemon.process():
            raise Misconfigured(f"GreenMail in {self.folder} runs already (pid {process.pid}): use or stop that one.")
        self.folder.mkdir(parents=True, exist_ok=True)
        for port in filter(None, self._wanted):
            java.demand_free(port, "stop that program, or give GreenMail another port (0 takes a free one).")
        ports = Ports(*(port or free for port, free in zip(self._wanted, java.free_ports(2), strict=True)))
        settings = options(ports, self._users)
        classpath = install(Lock.load("greenmail"), self._jars, progress)
        (self.folder / "ports.json").write_bytes(msgspec.json.encode(ports))
        self._daemon.launch(java.command(classpath, MAIN, heap_mb=HEAP_MB, options=[java.BRIEF, *settings]))
        try:
            self._daemon.await_ready(lambda: java.listening(ports.smtp) and java.listening(ports.imap), START_SECONDS)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server and forget its mail; harmless when it does not run."""
        self._daemon.terminate()
        self._daemon.wait(STOP_SECONDS)

    def __enter__(self) -> GreenMail:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ports(self) -> Ports:
        try:
            return msgspec.json.decode((self.folder / "ports.json").read_bytes(), type=Ports)
        except FileNotFoundError as error:
            raise Misconfigured(f"GreenMail in {self.folder} was never started: start it first.") from error
