"""The doors that Twilio calls: each request is genuine, is with Kafka, and only then is answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors._arrival import arrived
from connectors._base import Accept
from connectors._media import noted
from connectors._twilio.door import signed_body, signing_keys
from connectors._twilio.signature import FORM, public_address
from connectors._voice import callers
from connectors._voice.asked import Asked
from connectors._voice.lookups import Lookups
from connectors._voice.recordings import Recordings
from connectors._voice.settings import VoiceSettings
from connectors._voice.told import (
    ASKED,
    CALLBACK,
    DOOR,
    ENDED,
    THREAD,
    UNANSWERED,
    UNATTENDED,
    answered,
    name,
    parameters,
)
from connectors._voice.twiml import Flow
from normalizer.events import RawEvent

_DOORS = ("incoming", "status", "dial", "queue", "gather", "record", "recording", "transcription")
_DIGITS = re.compile(rb"(?<![^&])(Digits=)(?!(?:hangup|%23|%2[Aa])(?:&|$))[^&]{2,}")


class Doors:
    """The doors of one account, at ``/voice/ACCOUNT`` and below."""

    def __init__(
        self, account: str, settings: VoiceSettings, recordings: Recordings, lookups: Lookups, asked: Asked
    ) -> None:
        self._account, self._settings = account, settings
        self._recordings, self._lookups = recordings, lookups
        self._path = f"/voice/{account}"
        self._keys = signing_keys(settings.auth_tokens, settings.webhook_keys, f"channels.voice.{account}")
        self._flow = Flow(settings, public_address(settings.public_url, self._path, ""))
        self._asked = asked

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """``POST`` only: Twilio's ``GET`` would put numbers of customers into the logs of proxies."""
        return [
            Route(
                self._path if door == "incoming" else f"{self._path}/{door}",
                partial(self._door, accept, door),
                methods=["POST"],
            )
            for door in _DOORS
        ]

    async def _door(self, accept: Accept, door: str, request: Request) -> Response:
        body = await signed_body(request, self._keys, self._settings.public_url)
        kept = _DIGITS.sub(rb"\1redacted", body)
        found = parameters(kept)
        thread = request.query_params.get(THREAD, "")[:200]
        facts = {DOOR: door, THREAD: thread, "redacted": "Digits" if kept != body else ""}
        await accept([await self._raw(door, kept, found, facts)])
        self._asked.note(found, door)  # not before: what Kafka does not have must be told by the end of the call
        return self._answer(door, found, thread)

    async def _raw(self, door: str, body: bytes, found: Mapping[str, str], facts: dict[str, str]) -> RawEvent:
        call = found.get("CallSid", "")
        facts = {**facts, ASKED: self._asked.of(call), UNATTENDED: "yes" if self._settings.unattended else ""}
        if door == "recording":
            files = await asyncio.to_thread(self._recordings.fetch, found, found.get("RecordingUrl", ""))
            facts |= noted(files)
            facts[THREAD] = facts[THREAD] or await asyncio.to_thread(self._lookups.thread, call)
        if door == "status" and self._settings.forward and _well_ended(found) and not facts[ASKED]:
            facts[UNANSWERED] = "yes" if await asyncio.to_thread(self._lookups.unanswered, call) else ""
        return RawEvent(
            channel="voice",
            account=self._account,
            source_id=f"{door};{name(found, door)}"[:500],
            body=body,
            content_type=FORM,
            received_at=arrived(),
            key=(found.get("ParentCallSid") or call or found.get("RecordingSid") or None),
            attributes={key: text for key, text in facts.items() if text},
        )

    def _answer(self, door: str, found: Mapping[str, str], thread: str) -> Response:
        over = found.get("CallStatus") in ENDED
        call = callers.call(found, thread)
        if door == "incoming":
            return _xml(self._flow.greeting(call.thread, number=bool(call.number)))
        if door in ("dial", "queue"):
            taken = over or answered(found) or found.get("QueueResult") in ("bridged", "hangup")
            return _xml(self._flow.end() if taken else self._flow.offers(call.thread, number=bool(call.number)))
        if door == "gather":
            chosen = found.get("Digits") == CALLBACK
            return _xml(self._flow.noted() if chosen else self._flow.voicemail(call.thread))
        return _xml(self._flow.end()) if door == "record" else Response(status_code=204)


def _well_ended(found: Mapping[str, str]) -> bool:
    """Whether a call from outside is over, and may have been with somebody."""
    return (found.get("CallStatus"), found.get("Direction")) == ("completed", "inbound")


def _xml(document: str) -> Response:
    return Response(document, media_type="text/xml")
