"""X: mentions, replies and direct messages of one account, asked for by cursors; and which posts are gone.

Delivery: at least once. Pages come newest first; a cursor (`since`) moves only after Kafka has the whole chain of pages, and
an interrupted chain is taken up where it was. What X gives no more (800 mentions, 7 days of search, 30 days of direct
messages) is published as a gap, told by `warnings` and set aside as ``known-gap``: never silent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors._base import Blobs, Page
from connectors._recount import Listed, Recounted
from connectors._x.api import Api, own
from connectors._x.files import Files
from connectors._x.known import Known
from connectors._x.lookup import Lookup, Watch
from connectors._x.place import Place, beginning
from connectors._x.problems import Refused
from connectors._x.reading import read
from connectors._x.settings import XSettings
from connectors._x.walk import Endpoint, Walk
from normalizer.errors import Misconfigured
from normalizer.events import Message, RawEvent


class X(Recounted[XSettings]):
    """One account; its sources are read independently, each within the rate limit of its endpoint.

    Delivery: at least once, see this module. A post that two sources give has one id and is one message.

    Posts show up late and not in the order of their ids: the last two minutes are read again each time, and what Kafka has
    of the last hour is known by its id.
    """

    channel = "x"
    settings_type = XSettings

    def __init__(self, account: str, settings: XSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        self._known = Known()
        self._is_own = False

    def __repr__(self) -> str:
        return f"X({self.account!r}, {self.settings!r})"

    def warnings(self) -> Sequence[str]:
        """The gaps of the last week, and a credential that cannot last."""
        ends = "dms" in self.settings.sources and not self.settings.signs
        why = f"X account {self.account}: X ends user_token two hours after it was made: set the OAuth 1.0a keys, which last"
        return (*self._known.warnings(), *((why,) if ends else ()))

    def sources(self) -> Sequence[str]:
        """What the settings name."""
        return self.settings.sources

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Pages, for ever. Raises `Retriable` (with the second at which the rate limit ends) and `Misconfigured`."""
        who = f"X account {self.account} (user {self.settings.user_id})"
        private = source == "dms"
        api = Api(self.settings, who, private=private)
        try:
            if source == "lookup":
                watch = None if position is None else _decoded(position, Watch, f"{who}, {source}")
                yield from Lookup(self._scope(source), self.settings, api, self._known).pages(watch, stop)
                return
            if private and not self._is_own:
                own(api, self.settings.user_id, who)
                self._is_own = True
            place = self._beginning() if position is None else _decoded(position, Place, f"{who}, {source}")
            files = Files(self.blobs, api, self.settings.api_url, private=private)
            walk = Walk(self._scope(source), self.settings, _endpoint(source, api), self._known, files)
            yield from walk.pages(place, stop, now=position is None and self.settings.since is None)
        except Refused as refused:
            raise Misconfigured(
                f"{who}, {source}: X does not take the request ({refused.detail}): correct the settings of this account"
            ) from None
        finally:
            api.close()

    def recount(
        self, source: str, since: datetime, known: Callable[[str], bool], stop: threading.Event
    ) -> Iterator[Listed]:
        """A chain from now down to that moment; what X no longer gives is a known gap. Posts are paid for as ever."""
        del known  # a page gives each post whole
        if source == "lookup":
            return
        for page in self.receive(source, msgspec.json.encode(beginning(since.timestamp())), stop):
            yield Listed(len(page.events), page.events)
            if not page.position.token and not page.position.until:
                return

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The message of a post, a direct message or a deletion; () for what concerns nobody. Raises `Rejected`."""
        return read(raw)

    def _scope(self, source: str) -> tuple[str, str, str]:
        return self.channel, self.account, source

    def _beginning(self) -> Place:
        since = self.settings.since
        return beginning(time.time() if since is None else since.timestamp())


def _endpoint(source: str, api: Api) -> Endpoint:
    """The limits are those of X's documentation; see the methods of `Api`."""
    known = {
        "mentions": Endpoint(api.mentions, cap=800, fewest=5),
        "replies": Endpoint(api.search, days=7, fewest=10, token="next_token"),  # noqa: S106 - a parameter's name
        "dms": Endpoint(api.direct_messages, days=30, ids=False),
    }
    return known[source]


def _decoded(position: bytes, kind: type[Any], who: str) -> Any:
    try:
        return msgspec.json.decode(position, type=kind)
    except msgspec.MsgspecError as error:
        raise Misconfigured(
            f"{who}: the saved place cannot be read ({error}): write a tombstone over its cursor to begin anew"
        ) from error
