"""Who is on the stand-in of X, and what they have said."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

_EPOCH_MS = 1_288_834_974_657
_MENTION = re.compile(r"@(\w{1,15})")


class User(msgspec.Struct):
    """Somebody. `hidden` is why others do not see what he posts: "", ``protected``, ``suspended``."""

    id: str
    username: str
    name: str
    hidden: str = ""


class File(msgspec.Struct):
    """A photo with its bytes, or a file that is not there (None). `private` ones need the account's signature."""

    key: str
    content: bytes | None
    private: bool = False


class Post(msgspec.Struct, kw_only=True):
    """A version of a post; `history` are the ids of all its versions, the first one first."""

    id: str
    author: User
    text: str
    conversation: str
    history: list[str]
    reply_to: Post | None = None
    refers: list[tuple[str, str]] = []
    file: File | None = None
    long: str = ""
    links: dict[str, str] = {}
    more: dict[str, Any] = {}
    deleted: bool = False


class Event(msgspec.Struct, kw_only=True):
    """An event of direct messages."""

    id: str
    kind: str
    conversation: str
    sender: User
    participants: list[str]
    text: str = ""
    file: File | None = None
    shares: str = ""


class World:
    """All of it, for any thread. `clock` gives seconds since 1970; ids are made from it, as X makes them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.posts: dict[str, Post] = {}
        self.events: dict[str, Event] = {}
        self.files: dict[str, File] = {}
        self._clock = clock
        self._last = 0

    def clear(self) -> None:
        """Forget everything but the users, whom nobody hides any more."""
        with self.lock:
            for found in (self.posts, self.events, self.files):
                found.clear()
            for user in self.users.values():
                user.hidden = ""

    def next_id(self, ago: float = 0.0) -> str:
        """A snowflake of now, or of some seconds ago; never the same twice."""
        made = int((self._clock() - ago) * 1000 - _EPOCH_MS) << 22
        while str(made) in self.posts or str(made) in self.events or made == self._last:
            made += 1
        if not ago:
            made = max(made, self._last + 1)
            self._last = made
        return str(made)

    def join(self, username: str, name: str, user_id: str = "") -> User:
        """A new user."""
        with self.lock:
            made = User(user_id or str(100_000 + len(self.users)), username, name)
            self.users[made.id] = made
            return made

    def named(self, username: str) -> User:
        """The user of a handle; who is not there joins."""
        with self.lock:
            wanted = username.lower()
            found = [each for each in self.users.values() if each.username.lower() == wanted]
            return found[0] if found else self.join(username, username.title())

    def mentioned(self, post: Post) -> list[User]:
        """Whom a post names."""
        handles = {name.lower() for name in _MENTION.findall(post.long or post.text)}
        return [each for each in self.users.values() if each.username.lower() in handles]

    def visible(self, post: Post) -> bool:
        """Whether timelines and searches show it: the newest version of what is neither deleted nor hidden."""
        return not post.deleted and not post.author.hidden and post.history[-1] == post.id

    def timeline(self, wanted: Callable[[Post], bool]) -> list[Post]:
        """What of all posts is wanted, newest first."""
        with self.lock:
            found = [post for post in self.posts.values() if wanted(post)]
            return sorted(found, key=lambda post: int(post.id), reverse=True)


def created_at(made: str) -> str:
    """The time in an id, as X writes it."""
    at = datetime.fromtimestamp(((int(made) >> 22) + _EPOCH_MS) / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
