"""The files of recordings: asked for with the account's credentials, and kept in the blob store.

https://www.twilio.com/docs/voice/api/recording#fetch-a-recordings-media: MP3 is small and every browser plays it; a
recording of two channels comes with both.
"""

from __future__ import annotations

import base64

from connectors._base import Blobs
from connectors._media import Fetched, Media, Wanted
from connectors._voice.settings import VoiceSettings
from connectors._voice.told import Told, number


class Recordings:
    """The recordings of one account."""

    def __init__(self, settings: VoiceSettings, blobs: Blobs) -> None:
        self._media = [
            Media(
                (".twilio.com",),
                blobs,
                headers={"Authorization": f"Basic {_encoded(settings.account_sid, token)}"},
                insecure=settings.api_url,
                limit=settings.max_media_bytes,
                seconds=4.0,  # for each step: Twilio waits 15 for our answer
            )
            for token in settings.auth_tokens
        ]

    def fetch(self, found: Told, url: str) -> tuple[Fetched, ...]:
        """The file of a recording that is complete, or why it could not be had; none for another. Blocks for seconds."""
        if found.get("RecordingStatus") != "completed" or not url:
            return ()
        both = "?RequestedChannels=2" if number(found.get("RecordingChannels", "")) == 2 else ""
        name = f"{found.get('RecordingSid') or 'recording'}.mp3"
        wanted = [Wanted(f"{url}.mp3{both}", name, "audio/mpeg")]
        for media in self._media:  # of two tokens one may have been taken back
            fetched = media.fetch(wanted)
            if fetched[0].error != "HTTPStatusError":
                break
        return fetched


def _encoded(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()
