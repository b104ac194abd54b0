"""What a webhook does not say, and Twilio knows: https://www.twilio.com/docs/voice/api/call-resource."""

from __future__ import annotations

import msgspec

from connectors._twilio.client import TwilioClient
from connectors._voice import callers
from connectors._voice.settings import VoiceSettings
from connectors._voice.told import Told, listed
from normalizer.errors import Misconfigured, Rejected, Retriable


class Leg(msgspec.Struct, frozen=True):
    """Part of a call: one person whom it was put through to."""

    status: str = ""
    duration: str | None = None

    @property
    def taken(self) -> bool:
        """Whether that person talked to the caller, or still does."""
        return self.status == "in-progress" or (self.status == "completed" and self.duration not in (None, "", "0"))


class _Legs(msgspec.Struct, frozen=True):
    calls: tuple[Leg, ...] = ()


class Lookups:
    """The calls of one account, asked for one by one, while Twilio waits for our answer."""

    def __init__(self, settings: VoiceSettings) -> None:
        self._client = TwilioClient(settings.account_sid, settings.auth_tokens, settings.api_url, seconds=4.0)
        self._calls = f"https://api.twilio.com/2010-04-01/Accounts/{settings.account_sid}/Calls"

    def call(self, sid: str) -> Told:
        """A call in the words of webhooks; {} when there is none any more. Raises `Retriable`."""
        if not sid:
            return {}
        try:
            return listed(self._client.request("GET", f"{self._calls}/{sid}.json").text.encode())
        except (Misconfigured, Rejected):
            return {}

    def thread(self, sid: str) -> str:
        """The conversation of a call; "" when Twilio cannot say it now: then threading finds it by the call's id."""
        try:
            return callers.call(self.call(sid)).thread
        except Retriable:
            return ""

    def unanswered(self, sid: str) -> bool:
        """Whether nobody took a call that has ended. When it cannot be told somebody should look: one too many."""
        asked = {"ParentCallSid": sid, "PageSize": "100"}
        try:
            answer = self._client.request("GET", f"{self._calls}.json", params=asked)
            legs = msgspec.json.decode(answer.text, type=_Legs).calls
        except (Retriable, Misconfigured, msgspec.MsgspecError):
            return True
        return not any(leg.taken for leg in legs)
