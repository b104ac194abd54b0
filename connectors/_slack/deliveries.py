"""From what Slack sends to raw events, whichever way it came."""

from __future__ import annotations

import hashlib

import msgspec

from connectors._arrival import arrived
from connectors._slack.context import CHANNEL, CHANNEL_TYPE
from connectors._slack.directory import Directory
from connectors._slack.payload import event_of, key, payload, source_id, thread_of
from connectors._slack.reading import VIA
from connectors._slack.value import Json, mapping, text
from normalizer.errors import Rejected
from normalizer.events import RawEvent

_JSON = "application/json"


class Deliveries:
    """Makes the raw events of one account."""

    def __init__(self, channel: str, account: str, directory: Directory) -> None:
        self._channel = channel
        self._account = account
        self._directory = directory

    def delivered(self, via: str, content_type: str, body: bytes, seconds: float) -> RawEvent:
        """What came by the door or a socket, as it came. Its look-ups take `seconds` at most."""
        try:
            found = payload(content_type, body)
        except Rejected:  # the reader says what is wrong with it
            return self._raw(hashlib.sha256(body).hexdigest(), body, None, {VIA: via}, content_type)
        told = self._directory.attributes(event_of(found), seconds)
        return self._raw(
            source_id(found), body, key(found, told.get(CHANNEL_TYPE, "")), {VIA: via, **told}, content_type
        )

    def remembered(self, place: Json, message: Json, seconds: float, *, edit: bool) -> RawEvent:
        """A message of a history, which Slack gives without its conversation (`place`). `edit`: it is known, its words are new."""
        channel, ts = text(place.get("id")), text(message.get("ts"))
        told = self._directory.attributes(message, seconds, place)
        name = f"history;{channel};{ts}"
        if edit:
            name = f"{name};edit;{text(mapping(message.get('edited')).get('ts'))}"
        is_direct = bool(place.get("is_im") or place.get("is_mpim"))
        return self._raw(
            name,
            msgspec.json.encode(message),
            channel if is_direct else f"{channel}:{thread_of(message)}",
            {VIA: "edit" if edit else "history", CHANNEL: channel, **told},
            _JSON,
        )

    def _raw(self, name: str, body: bytes, key: str | None, told: dict[str, str], content_type: str) -> RawEvent:
        return RawEvent(
            channel=self._channel,
            account=self._account,
            source_id=name,
            body=body,
            content_type=content_type[:300] or _JSON,
            received_at=arrived(),
            key=key,
            attributes=told,
        )
