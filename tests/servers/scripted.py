"""An IMAP server that says what a test tells it to: for answers that no healthy server gives."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

CLOSE = ""
_USUAL = {
    "CAPABILITY": "* CAPABILITY IMAP4rev1\r\n{tag} OK done",
    "LOGIN": "{tag} OK [CAPABILITY IMAP4rev1] logged in",
    "EXAMINE": "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n{tag} OK [READ-ONLY] opened",
    "SEARCH": "* SEARCH 1\r\n{tag} OK done",
}


@contextmanager
def scripted(answers: Mapping[str, str], greeting: str = "* OK hello") -> Iterator[int]:
    """Serve on a port; `answers` maps a command's verb to its answer, where ``{tag}`` is its tag and ``{idle}`` that of
    the last IDLE, whose end (DONE) has none.

    The answer `CLOSE` closes the connection instead.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        threading.Thread(target=_serve, args=(listener, _USUAL | dict(answers), greeting), daemon=True).start()
        yield port


def _serve(listener: socket.socket, answers: Mapping[str, str], greeting: str) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with suppress(OSError), connection, connection.makefile("rwb") as file:
                file.write(greeting.encode() + b"\r\n")
                file.flush()
                idle = ""
                for line in file:
                    tag, *words = line.decode("ascii", "replace").split()
                    verb = next((word for word in words if word != "UID"), tag).upper()
                    idle = tag if verb == "IDLE" else idle
                    answer = answers.get(verb, "{tag} BAD no such command")
                    if answer == CLOSE:
                        break
                    file.write(answer.replace("{tag}", tag).replace("{idle}", idle).encode("latin-1") + b"\r\n")
                    file.flush()
