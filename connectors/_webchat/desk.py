"""What visitors and agents do, by whichever door they came: everything here is acknowledged by Kafka first."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from connectors._arrival import arrived
from connectors._base import Accept, Blobs
from connectors._guard import Problem
from connectors._media import MEDIA
from connectors._rate import Rate
from connectors._webchat.frames import Answer, Entry, Hello, Ping, Read, Say, Typing, Welcome, stored
from connectors._webchat.rooms import Room, Rooms
from connectors._webchat.tokens import File, Identity, Tokens, Visitor, anonymous_session
from normalizer.events import RawEvent

CHANNEL = "webchat"
JOIN_SECONDS = 30 * 60.0
"""How long after its last sign of life an anonymous session may still become a customer's."""

_FRAMES_PER_MINUTE = 300  # of one session, typing and pings among them


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What of the settings counts here. `needed` are the fields of the form that must be filled in."""

    session_days: int
    messages_per_minute: int
    address_per_minute: int
    max_file_bytes: int
    needed: tuple[str, ...]


class Desk:
    """One account's chat in this process."""

    def __init__(self, account: str, terms: Terms, tokens: Tokens, blobs: Blobs, accept: Accept) -> None:
        self.rooms = Rooms()
        self.terms = terms
        self.tokens = tokens
        self._account = account
        self._blobs = blobs
        self._accept = accept
        self._messages = Rate(terms.messages_per_minute)
        self._frames = Rate(_FRAMES_PER_MINUTE)
        self._addresses = Rate(terms.address_per_minute)

    def hello(self, frame: Hello, address: str) -> tuple[Visitor, Welcome]:
        """The session of whoever arrives: the one of the token, if it is still the same person's."""
        _within(self._addresses, address, "this address")
        identity = self.tokens.identity(frame.identity) if frame.identity else None
        held = self.tokens.unseal(frame.token, Visitor) if frame.token else None
        now = int(time.time())
        kept = held is not None and self._same_person(held, identity, frame)
        ended = held is not None and held.expires < now and not held.user
        session = held.session if held and kept and not ended else self._session(identity)
        visitor = Visitor(
            session=session,
            active=now,
            expires=now + self.terms.session_days * 86_400,
            user=identity.sub if identity else "",
            email=identity.email if identity else "",
            name=identity.name if identity else "",
        )
        room = self.rooms.room(session)
        room.active = now
        forget = bool(frame.token) and not kept
        return visitor, Welcome(
            session=session,
            token=self.tokens.seal(visitor),
            news=room.news(0 if forget else frame.after),
            identified=bool(visitor.user),
            forget=forget,
        )

    def _same_person(self, held: Visitor, identity: Identity | None, frame: Hello) -> bool:
        """Nobody is shown what an earlier person at this browser wrote, and nobody takes over another's session."""
        if held.user or identity is None:
            return held.user == (identity.sub if identity else "")
        active = max(held.active, self.rooms.room(held.session).active)
        same_address = not frame.email or frame.email.strip().lower() == identity.email.lower()
        return frame.continues and same_address and time.time() - active < JOIN_SECONDS

    def _session(self, identity: Identity | None) -> str:
        return self.tokens.personal_session(identity.sub) if identity else anonymous_session()

    async def frame(
        self, visitor: Visitor, frame: Say | Read | Typing | Ping, body: bytes, facts: Mapping[str, str]
    ) -> Entry | dict[str, Any]:
        """Do what a visitor's frame asks, and give the answer to it. `body` is the frame as it came.

        Raises `Problem` for what is refused, and what `accept` raises: then the browser sends it again.
        """
        _within(self._frames, visitor.session, "this chat")
        room = self.rooms.room(visitor.session)
        if isinstance(frame, Say):
            return await self._say(room, visitor, frame, body, facts)
        if isinstance(frame, Read):
            return await self._read(room, visitor, frame, body, facts)
        if isinstance(frame, Typing):
            room.types()
        return {"type": "pong"}

    async def _say(self, room: Room, visitor: Visitor, frame: Say, body: bytes, facts: Mapping[str, str]) -> Entry:
        if not frame.text.strip() and not frame.files:
            raise Problem(422, "empty", "there is nothing in this message: write something")
        missing = (
            [] if visitor.user else [name for name in self.terms.needed if not getattr(frame.profile, name).strip()]
        )
        if missing:
            raise Problem(422, "missing-field", f"{', '.join(missing)} is missing: fill in the form before the chat")
        files = tuple(self._file(visitor, token) for token in frame.files)
        async with room.turn:
            _within(self._messages, visitor.session, "this chat")
            _within(self._addresses, facts.get("remoteaddress", ""), "this address")
            noted = {MEDIA: msgspec.json.encode([stored(file) for file in files]).decode()} if files else {}
            page = {"page": _without_query(frame.page)} if frame.page else {}
            await self._publish(visitor.session, f"{visitor.session};{frame.id}", body, {**facts, **page, **noted})
            if known := room.known("visitor", frame.id):  # it never heard our answer; dedupe will say so of the record
                return known
            names = tuple(file.name for file in files)
            return self._add(room, own=frame.id, by="visitor", text=frame.text, at=_milliseconds(frame.at), files=names)

    async def _read(
        self, room: Room, visitor: Visitor, frame: Read, body: bytes, facts: Mapping[str, str]
    ) -> dict[str, Any]:
        told = {"type": "read", "id": frame.id}
        async with room.turn:
            if frame.id not in room.read:
                _within(self._messages, f"{visitor.session};read", "this chat")
                await self._publish(visitor.session, f"{visitor.session};read;{frame.id}", body, facts)
                room.read.append(frame.id)
                room.tell(told)
        return told

    async def answer(self, answer: Answer, body: bytes) -> dict[str, Any]:
        """Bring an agent's words to the session's sockets, once Kafka has them."""
        room = self.rooms.room(answer.session)
        if answer.typing and not answer.text:
            room.tell({"type": "typing", "name": answer.name})
        elif not answer.id or not answer.text.strip():
            raise Problem(422, "empty", "an answer needs an id of its own and a text: send both")
        else:
            async with room.turn:
                await self._publish(answer.session, f"{answer.session};agent;{answer.id}", body, {"by": "agent"})
                if not room.known("agent", answer.id):
                    at = _milliseconds(answer.at)
                    self._add(room, own=answer.id, by="agent", text=answer.text, at=at, name=answer.name)
        return {"id": answer.id, "sockets": len(room.listeners), "typing": room.typing}

    async def upload(self, visitor: Visitor, content: bytes, name: str, content_type: str, address: str) -> str:
        """Store a file, and give the token under which a message may bring it."""
        _within(self._addresses, address, "this address")
        _within(self._messages, f"{visitor.session};files", "this chat")
        if not content:
            raise Problem(422, "empty-file", "the file is empty: choose another")
        sha256 = await asyncio.to_thread(self._blobs.put, content)
        file = File(session=visitor.session, sha256=sha256, size=len(content), name=name, content_type=content_type)
        return self.tokens.seal(file)

    def _file(self, visitor: Visitor, token: str) -> File:
        file = self.tokens.unseal(token, File)
        if file is None or file.session != visitor.session:
            raise Problem(422, "unknown-file", "a file was not uploaded in this chat: choose it again")
        return file

    def _add(self, room: Room, **entry: Any) -> Entry:
        before = room.size
        added = room.add(**entry)
        self.rooms.grew(room.size - before)
        return added

    async def _publish(self, session: str, source_id: str, body: bytes, attributes: Mapping[str, str]) -> None:
        raw = RawEvent(
            channel=CHANNEL,
            account=self._account,
            source_id=source_id,
            body=body,
            content_type="application/json",
            received_at=arrived(),
            key=session,
            attributes=dict(attributes),
        )
        await self._accept([raw])


def identified(visitor: Visitor) -> dict[str, str]:
    """The verdict on a visitor, as attributes of what he sends."""
    found = {"user": visitor.user, "email": visitor.email, "name": visitor.name}
    return {name: value[:320] for name, value in found.items() if value}


def _within(rate: Rate, who: str, what: str) -> None:
    if wait := rate.wait(who, time.monotonic()):
        seconds = str(math.ceil(wait))
        raise Problem(429, "too-many", f"{what} is too fast: wait {seconds} seconds", {"Retry-After": seconds})


def _milliseconds(at: float | None) -> int:
    """When something was written, for the eyes of the tabs: the browser's word, unless it is from the future."""
    now = time.time_ns() // 1_000_000
    return int(at) if at is not None and 0 < at <= now else now


def _without_query(url: str) -> str:
    """A page's address without what follows ``?`` or ``#``, which may carry tokens; "" when it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https"):
        return ""
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))[:500]
