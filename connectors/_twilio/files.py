"""The files of a message, fetched with the account's credentials while they are there."""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import msgspec

from connectors._base import Blobs
from connectors._media import Fetched, Media, Wanted
from connectors._twilio.client import TwilioClient
from connectors._twilio.parameters import Told, sid
from connectors._twilio.reading import MOST_MEDIA
from normalizer.errors import Misconfigured, Retriable

API = "https://api.twilio.com"
HOSTS = ("api.twilio.com", ".twilio.com", ".twiliocdn.com", "s3-external-1.amazonaws.com")
"""Where media are: https://www.twilio.com/docs/messaging/guides/media-redirects."""

_SECONDS = 8.0  # for one step and its repetitions
_PAUSE = 1.0
_AT_A_TIME = 10


class _Medium(msgspec.Struct, frozen=True):
    uri: str
    content_type: str = ""


class _MediaList(msgspec.Struct, frozen=True):
    media_list: list[_Medium]


class Files:
    """Fetches what messages name. Never raises for a file, and never takes longer than some seconds for a message.

    Raises `Retriable` when Twilio wants to be asked for the list of files later.
    """

    def __init__(self, account_sid: str, auth_tokens: Sequence[str], api_url: str, blobs: Blobs) -> None:
        self._api = api_url.rstrip("/") or API
        self._base = f"/2010-04-01/Accounts/{account_sid}"
        self._media = [
            Media(HOSTS, blobs, headers=_basic(account_sid, token), insecure=api_url, seconds=4.0)
            for token in auth_tokens
        ]
        self._pool = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="twilio-media")

    def of(self, told: Told, client: TwilioClient, patience: float = 0.0) -> tuple[Fetched, ...]:
        """What became of each file of a message, in order.

        `patience` is how many seconds a file that is not there yet is asked for again: it may be announced before.
        """
        if not has_files(told):
            return ()
        wanted = _posted(told)
        if not wanted:
            try:
                wanted = self._listed(told, client)
            except Retriable as error:
                if error.retry_after is not None:
                    raise  # Twilio says when to come again, and then it gives them
                return (Fetched("", error="not-listed:Retriable"),)
            except (Misconfigured, msgspec.MsgspecError, ValueError) as error:
                return (Fetched("", error=f"not-listed:{type(error).__name__}"),)
        until = time.monotonic() + patience
        asked = [(each, self._pool.submit(self._one, each, until)) for each in wanted]
        wait([future for _, future in asked], max(patience, _SECONDS))
        return tuple(
            future.result()
            if future.done()
            else Fetched(each.url[:2000], content_type=each.content_type, error="too-slow")
            for each, future in asked
        )

    def _one(self, wanted: Wanted, until: float) -> Fetched:
        found = self._now(wanted)
        while found.error == "ReadError" and time.monotonic() + _PAUSE < until:
            time.sleep(_PAUSE)
            found = self._now(wanted)
        return found

    def _now(self, wanted: Wanted) -> Fetched:
        """With each token in turn, since one of two may have been taken back."""
        for media in self._media:
            (found,) = media.fetch([wanted])
            if found.error != "HTTPStatusError":
                break
        return found

    def _listed(self, told: Told, client: TwilioClient) -> list[Wanted]:
        """The files of a message as the API lists them: https://www.twilio.com/docs/messaging/api/media-resource."""
        answer = client.request("GET", f"{API}{self._base}/Messages/{sid(told)}/Media.json", {"PageSize": MOST_MEDIA})
        found = msgspec.json.decode(answer.text, type=_MediaList).media_list
        return [Wanted(self._api + each.uri.removesuffix(".json"), content_type=each.content_type) for each in found]


def has_files(told: Told) -> bool:
    """Whether a message has files."""
    return bool(told.get("nummedia", "").strip("0"))


def _posted(told: Told) -> list[Wanted]:
    """The files that a webhook names: ``MediaUrl0`` and so on."""
    named = [
        (told.get(f"mediaurl{index}", ""), told.get(f"mediacontenttype{index}", "")) for index in range(MOST_MEDIA)
    ]
    return [Wanted(url, content_type=kind) for url, kind in named if url]


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}
