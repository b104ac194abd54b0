"""What callers hear: TwiML, made with the client package (https://www.twilio.com/docs/voice/twiml).

The address of every callback names the call's conversation, since many callbacks do not name the caller. Twilio's
signature covers the address, so that nobody else can write it.
"""

from __future__ import annotations

from urllib.parse import urlencode

from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]  # it ships no types

from connectors._voice.settings import VoiceSettings
from connectors._voice.told import THREAD

_MENU_SECONDS = 5


class Flow:
    """The documents of one account, whose doors are below `base`."""

    def __init__(self, settings: VoiceSettings, base: str) -> None:
        self._settings = settings
        self._base = base

    def greeting(self, thread: str, *, number: bool) -> str:
        """For a call that comes in. Whoever withholds the `number` is not offered a callback."""
        answer = VoiceResponse()
        self._say(answer, self._settings.greeting)
        if not self._settings.forward:
            return self._offers(answer, thread, callback=number)
        dial = answer.dial(action=self._at("dial", thread), method="POST", timeout=self._settings.forward_seconds)
        for each in self._settings.forward:
            dial.number(
                each,
                status_callback=self._at("status", thread),
                status_callback_method="POST",
                status_callback_event="initiated ringing answered completed",
            )
        return str(answer)

    def offers(self, thread: str, *, number: bool) -> str:
        """For a call that nobody took: the callback, then the voicemail."""
        return self._offers(VoiceResponse(), thread, callback=number)

    def voicemail(self, thread: str) -> str:
        """After a key that the menu does not have."""
        return self._offers(VoiceResponse(), thread, callback=False)

    def noted(self) -> str:
        """After a request to be called back."""
        answer = VoiceResponse()
        self._say(answer, self._settings.callback_thanks)
        answer.hangup()
        return str(answer)

    def end(self) -> str:
        """After a voicemail, or a call with one of us."""
        answer = VoiceResponse()
        self._say(answer, self._settings.goodbye)
        answer.hangup()
        return str(answer)

    def _offers(self, answer: VoiceResponse, thread: str, *, callback: bool) -> str:
        settings = self._settings
        if settings.callback and callback:
            # One key and no more: nobody can type a card's number into what is recorded of this call.
            gather = answer.gather(
                action=self._at("gather", thread), method="POST", num_digits=1, timeout=_MENU_SECONDS, input="dtmf"
            )
            self._say(gather, settings.menu)
        if settings.voicemail:
            self._say(answer, settings.voicemail_prompt)
            answer.record(**self._record(thread))
        self._say(answer, settings.goodbye)
        answer.hangup()
        return str(answer)

    def _record(self, thread: str) -> dict[str, object]:
        asked: dict[str, object] = {
            "action": self._at("record", thread),
            "method": "POST",
            "max_length": self._settings.voicemail_seconds,
            "play_beep": True,
            "recording_status_callback": self._at("recording", thread),
            "recording_status_callback_method": "POST",
            "recording_status_callback_event": "completed absent",
        }
        if self._settings.transcribe and self._settings.language.lower().startswith("en"):
            asked |= {"transcribe": True, "transcribe_callback": self._at("transcription", thread)}
        return asked

    def _say(self, answer: VoiceResponse, text: str) -> None:
        if text:
            answer.say(text, language=self._settings.language)

    def _at(self, door: str, thread: str) -> str:
        return f"{self._base}/{door}?{urlencode({THREAD: thread})}"
