"""The files of posts and messages: fetched by the hand, those of direct messages under the account's signature."""

from __future__ import annotations

import time
from collections.abc import Sequence

from connectors._base import Blobs
from connectors._media import Fetched, Media, Wanted, noted
from connectors._x.api import Api
from connectors._x.items import Item
from connectors._x.settings import X_API

HOSTS = ("pbs.twimg.com", "video.twimg.com", "ton.twitter.com", "ton.x.com")
_SECONDS = 20.0
"""So long a page waits for its files; from then on they are noted as late, and the messages go on."""


class Files:
    """Those of one source. `api_url` is X's, or the stand-in that may give files without TLS."""

    def __init__(self, blobs: Blobs, api: Api, api_url: str, *, private: bool) -> None:
        self._blobs, self._api, self._private = blobs, api, private
        self._insecure = "" if api_url == X_API else api_url

    def attributes(self, items: Sequence[Item]) -> list[dict[str, str]]:
        """What became of the files of each item, as attributes of its raw event."""
        until = time.monotonic() + _SECONDS
        return [noted([self._one(each, until) for each in item.wanted]) for item in items]

    def _one(self, wanted: Wanted, until: float) -> Fetched:
        if time.monotonic() > until:
            return Fetched(wanted.url[:2000], wanted.name, error="late")
        # A signature is for one address. Media sends it to hosts of X only, and along with no redirect.
        headers = self._api.sign(wanted.url) if self._private else {}
        media = Media(HOSTS, self._blobs, headers=headers, insecure=self._insecure)
        return media.fetch([wanted])[0]
