"""What this process knows of sessions: the newest entries and whose sockets are open. All of it may be forgotten.

The truth is in Kafka; a room only lets a tab catch up, keeps two tabs in one order, and spares Kafka the repeats of a
browser that never heard our answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from typing import Any, Literal

from connectors._guard import Problem
from connectors._rate import _household as household
from connectors._webchat.frames import Entry, encode

_ENTRIES = 100  # of one session
_ROOM_BYTES = 64 * 1024
_WAITING = 200  # frames that a socket has not taken yet
_TYPING_SECONDS = 6.0


class Listener:
    """One socket's outgoing frames. A socket that does not read is given up: it comes back and catches up."""

    def __init__(self) -> None:
        self.newest = ""
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(_WAITING)

    def push(self, frame: str) -> None:
        """Send soon."""
        self.newest = frame
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def next(self) -> str | None:
        """The next frame, None when this socket is given up."""
        return await self._queue.get()


class Room:
    """One session here. Whoever adds to it holds `turn`, so that Kafka and every tab have the same order."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.listeners: set[Listener] = set()
        self.active = 0.0
        self.read: deque[str] = deque(maxlen=_ENTRIES)
        self.size = 0
        self._entries: deque[Entry] = deque()
        self._last = 0
        self._typing = 0.0

    @property
    def typing(self) -> bool:
        """Whether the visitor is writing now."""
        return time.monotonic() < self._typing

    def types(self) -> None:
        """The visitor writes."""
        self._typing = time.monotonic() + _TYPING_SECONDS

    def known(self, by: str, own: str) -> Entry | None:
        """The entry of that id, when it is still here."""
        return next((each for each in self._entries if (each.by, each.id) == (by, own)), None)

    def news(self, after: int) -> tuple[Entry, ...]:
        """What was said after an entry's number."""
        return tuple(each for each in self._entries if each.n > after)

    def tell(self, frame: Any) -> None:
        """Push a frame to all sockets of the session."""
        text = encode(frame)
        for listener in tuple(self.listeners):
            listener.push(text)

    def add(self, *, own: str, by: Literal["visitor", "agent"], text: str, at: int, name: str = "",
            files: tuple[str, ...] = ()) -> Entry:  # fmt: skip
        """A new entry, told to all sockets. Its number is a time, so that numbers grow over restarts, too."""
        self._last = max(self._last + 1, time.time_ns() // 1_000_000)
        self.active = time.time()
        self._typing = 0.0
        entry = Entry(n=self._last, id=own, by=by, text=text, at=at, name=name, files=files)
        self._entries.append(entry)
        self.size += _size(entry)
        while len(self._entries) > _ENTRIES or (self.size > _ROOM_BYTES and len(self._entries) > 1):
            self.size -= _size(self._entries.popleft())
        self.tell(entry)
        return entry

    def forget(self) -> None:
        """Drop the entries."""
        self._entries.clear()
        self.size = 0


class Rooms:
    """All rooms, in `limit` bytes: the session that has been quiet the longest is forgotten first."""

    def __init__(self, limit: int = 64 * 1024 * 1024, most: int = 50_000) -> None:
        self._limit = limit
        self._most = most
        self._size = 0
        self._rooms: OrderedDict[str, Room] = OrderedDict()

    def room(self, session: str) -> Room:
        """The room of a session, made when there is none."""
        room = self._rooms.get(session)
        if room is None:
            room = self._rooms[session] = Room()
        self._rooms.move_to_end(session)
        if len(self._rooms) > self._most:
            self._forget_oldest()
        return room

    def grew(self, size: int) -> None:
        """A room has so many bytes more: forget until all fit."""
        self._size += size
        while self._size > self._limit:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        name, room = next(iter(self._rooms.items()))
        self._size -= room.size
        room.forget()
        if room.listeners or room.turn.locked():
            self._rooms.move_to_end(name)
        else:
            del self._rooms[name]


def _size(entry: Entry) -> int:
    return 200 + len(entry.text) + sum(map(len, entry.files))


class Seats:
    """How many sockets there may be: altogether, and from one address."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._taken: dict[str, int] = {}
        self._all = 0

    def take(self, address: str) -> str:
        """A seat, to be given back by its name. Raises `Problem` 503 or 429."""
        name = household(address)
        if self._all >= self._most:
            raise Problem(
                503, "full", f"{self._most} chats are open, the most that fit: try again", {"Retry-After": "20"}
            )
        if self._taken.get(name, 0) >= self._most_of_one:
            detail = f"{self._most_of_one} chats are open from this address, the most it may have: close one"
            raise Problem(429, "too-many-chats", detail, {"Retry-After": "20"})
        self._taken[name] = self._taken.get(name, 0) + 1
        self._all += 1
        return name

    def give_back(self, name: str) -> None:
        """The socket is closed."""
        self._all -= 1
        self._taken[name] -= 1
        if not self._taken[name]:
            del self._taken[name]
