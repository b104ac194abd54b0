"""What a browser and the edge say to each other: JSON objects, told apart by ``type``.

Browser: ``hello`` first, then ``message``, ``read``, ``typing``, ``ping``. Edge: ``welcome``, ``said``,
``read``, ``typing``, ``refused``, ``pong``. The site's server posts `Answer`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from connectors._guard import Problem
from connectors._webchat.tokens import File, Profile

FRAME_BYTES = 48 * 1024
"""The most bytes of one frame; a text of `TEXT` characters always fits."""
TEXT = 8_000
MOST_FILES = 5

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{8,100}$")]
SessionId = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$")]
Text = Annotated[str, Meta(max_length=TEXT)]
Token = Annotated[str, Meta(max_length=8_000)]
Url = Annotated[str, Meta(max_length=4_000)]

F = TypeVar("F")


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


class Hello(_Frame, frozen=True, kw_only=True, tag="hello"):
    """Who is there. `after` is the number of the newest entry it has; `continues` says that this very tab was in the session.

    `email` is what was typed into the form before the chat, if anything.
    """

    token: Token = ""
    identity: Token = ""
    after: int = 0
    continues: bool = False
    email: Annotated[str, Meta(max_length=320)] = ""


class Say(_Frame, frozen=True, kw_only=True, tag="message"):
    """Words, files, or both. `id` is the browser's own, so that it may be sent again; `at` (Unix ms) is when it was written.

    `files` are what the door for files answered.
    """

    id: Id
    text: Text = ""
    at: float | None = None
    files: Annotated[tuple[Token, ...], Meta(max_length=MOST_FILES)] = ()
    profile: Profile = Profile()
    page: Url = ""


class Read(_Frame, frozen=True, kw_only=True, tag="read"):
    """An agent's answer, and all before it, were seen."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    at: float | None = None


class Typing(_Frame, frozen=True, kw_only=True, tag="typing"):
    """The visitor writes. It is shown for some seconds and kept nowhere."""


class Ping(_Frame, frozen=True, kw_only=True, tag="ping"):
    """A browser cannot see the pings of the protocol: it asks by itself whether the line is dead."""


Frame = Say | Read | Typing | Ping


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the site's server posts: an agent's words to a session, or only that the agent is writing."""

    session: SessionId
    id: Annotated[str, Meta(max_length=200)] = ""
    text: Text = ""
    name: Annotated[str, Meta(max_length=200)] = ""
    typing: bool = False
    at: float | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="said"):
    """A line of the conversation as every tab of a session sees it. `n` orders them and only grows; `at` is Unix ms."""

    n: int
    id: str
    by: Literal["visitor", "agent"]
    text: str
    at: int
    name: str = ""
    files: tuple[str, ...] = ()


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="welcome"):
    """The session, its token for the next time, and what was said since.

    With `forget` the browser drops what it kept: that was another person's.
    """

    session: str
    token: str
    news: tuple[Entry, ...]
    identified: bool
    forget: bool


def decode(body: bytes | str, kind: type[F]) -> F:
    """A frame of some kind. Raises `Problem` 400 for anything else."""
    try:
        found: F = msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Problem(
            400, "bad-frame", f"this is no frame of the chat ({error}): see docs/channels/webchat.md"
        ) from error
    return found


def decode_frame(body: bytes | str) -> Frame:
    """Whatever a visitor may send after hello. Raises `Problem` 400 for anything else."""
    found: Frame = decode(body, Frame)  # type: ignore[arg-type]  # a union is no class
    return found


def encode(frame: Any) -> str:
    """A frame as text."""
    return msgspec.json.encode(frame).decode()


def stored(file: File) -> dict[str, Any]:
    """A file as `connectors._media` notes one."""
    return {"url": "", "name": file.name, "content_type": file.content_type, "sha256": file.sha256, "size": file.size}
