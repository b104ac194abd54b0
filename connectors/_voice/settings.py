"""What an account of the channel voice is set to."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from connectors._twilio.door import check_public_url
from normalizer.errors import Misconfigured
from normalizer.identity import phone_number
from normalizer.secret import Secret

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class VoiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account of Twilio, or one subaccount.

    `auth_tokens`, one or while rotating two, sign its webhooks and open its API; `webhook_keys` are shared keys that sign instead. `public_url` is where Twilio finds our
    doors (``https://support.example.com``): it is signed, and stands in what we answer. `numbers` are those of ours whose calls the lists are asked for, all when there are none:
    name them when an account of Twilio is shared. `greeting` and the other texts are
    read out in `language` (BCP 47, as ``<Say>`` takes it); `menu` must name the key 1, `voicemail_prompt` the consent that
    your law asks for. `forward` are numbers that ring, all at once, for `forward_seconds` before callers are offered a
    callback and the voicemail. Set `answered_elsewhere` when another flow (Studio, TaskRouter, your own TwiML) talks to
    callers and only its callbacks come here: then a call that ended well counts as answered. `transcribe` has Twilio write
    voicemails down, in English only. The lists of calls and recordings are asked every `poll_seconds` for what no webhook
    told of what is over for `list_after_seconds`, at the first start for `backfill_days`. A recording has at most `max_media_bytes`. `api_url` is for a stand-in.
    """

    account_sid: Annotated[str, Meta(pattern="^AC[0-9a-fA-F]{32}$")]
    auth_tokens: Annotated[tuple[Secret, ...], Meta(min_length=1, max_length=2)]
    public_url: str
    webhook_keys: Annotated[tuple[Secret, ...], Meta(max_length=2)] = ()
    numbers: tuple[str, ...] = ()
    language: Annotated[str, Meta(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en-US"
    greeting: str = "Thank you for calling."
    forward: tuple[str, ...] = ()
    forward_seconds: Annotated[int, Meta(ge=5, le=600)] = 20
    answered_elsewhere: bool = False
    callback: bool = True
    menu: str = "To be called back, press 1."
    callback_thanks: str = "Thank you. We will call you back."
    voicemail: bool = True
    voicemail_prompt: str = "Please leave a message after the tone. It is recorded. Hang up when you are done."
    voicemail_seconds: Annotated[int, Meta(ge=5, le=3600)] = 180
    transcribe: bool = True
    goodbye: str = "Goodbye."
    poll_seconds: Annotated[float, Meta(gt=0, le=86400)] = 300.0
    list_after_seconds: Annotated[float, Meta(ge=0, le=3600)] = 60.0
    backfill_days: Annotated[int, Meta(ge=0, le=365)] = 1
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 200
    max_media_bytes: Annotated[int, Meta(ge=1)] = 25 * 1024 * 1024
    api_url: str = ""

    def __repr__(self) -> str:
        return f"VoiceSettings({self.account_sid!r}, {self.public_url!r}, {len(self.auth_tokens)} tokens)"

    @property
    def unattended(self) -> bool:
        """Whether no person takes a call in this flow."""
        return not self.forward and not self.answered_elsewhere


def check(account: str, settings: VoiceSettings) -> None:
    """Raises `Misconfigured` for what cannot work."""
    if not _ACCOUNT.fullmatch(account):
        raise Misconfigured(
            f"channels.voice.{account}: an account is part of a url; use letters, digits, '.', '_' and '-'"
        )
    check_public_url(settings.public_url, f"channels.voice.{account}")
    for number in (*settings.numbers, *settings.forward):
        if number != phone_number(number) or not number.startswith(("+", "sip:", "client:")):
            raise Misconfigured(f"channels.voice.{account} has the number {number!r}: write it as +15005550006")
    if settings.callback and "1" not in settings.menu:
        raise Misconfigured(f"channels.voice.{account}.menu does not name the key 1: say it, or set callback = false")
