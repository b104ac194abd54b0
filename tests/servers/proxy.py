"""A TCP link that can be broken in the ways that links break: cut at once, cut in mid-answer, or gone silent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Link:
    """Forwards a port of its own to another one. New connections work again after `cut`."""

    host = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._left: int | None = None
        self._silent = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Close every connection now."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def cut_after(self, size: int) -> None:
        """Close every connection once the server has sent so many more bytes, in the middle of whatever it says."""
        self._left = size

    def go_silent(self) -> None:
        """Drop every byte from now on, and keep the connections open: a link severed without a word."""
        self._silent.set()

    def close(self) -> None:
        """Take no more connections, and cut those there are."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection((self.host, self._target))
                self._pairs.append((near, far))
                threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._silent.is_set():
                    continue
                if answers and self._left is not None:
                    data, self._left = data[: self._left], self._left - len(data)
                    sink.sendall(data)
                    if self._left <= 0:
                        self._left = None
                        self.cut()
                    continue
                sink.sendall(data)
            sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def link(port: int) -> Iterator[Link]:
    """A link for the time of a test."""
    made = Link(port)
    try:
        yield made
    finally:
        made.close()
