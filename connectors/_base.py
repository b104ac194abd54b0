"""What a channel is: a hand that receives at the edge, and an eye that reads what was received.

The hand does I/O and may be asked again for anything that was not saved; the eye is pure and is run by the
normalize stage, so that history can be read again with better eyes.

A channel's module has one public class, a `Poller`, a `Receiver` or both, named in the configuration by the
module's name. Its docstring states its delivery guarantee in a line that starts with ``Delivery:``.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from normalizer.events import Message, RawEvent

if TYPE_CHECKING:  # whoever only reads what was received starts without a web server
    from starlette.routing import BaseRoute

S = TypeVar("S", bound=msgspec.Struct)


class Blobs(Protocol):
    """The content-addressed store for what is too large for a topic."""

    def put(self, content: bytes) -> str:
        """Store `content` and return its reference. Storing the same bytes twice is harmless."""
        ...

    def put_stream(self, chunks: Iterable[bytes]) -> str:
        """The same for content that comes in pieces and is never held whole."""
        ...

    def get(self, reference: str) -> bytes:
        """The bytes behind a reference; `KeyError` when there are none."""
        ...


class Page(msgspec.Struct, frozen=True):
    """Some deliveries, and how far the source has been read once Kafka has all of them.

    `position` is the connector's own (a frozen struct or a dict, stored as JSON). A page may be empty: then
    only the position moves. `behind` is how many items the source still holds, where it can say (progress).
    """

    events: tuple[RawEvent, ...]
    position: Any
    behind: int | None = None


class Connector(ABC, Generic[S]):
    """One account of one channel."""

    channel: ClassVar[str]
    settings_type: ClassVar[type[msgspec.Struct]]

    def __init__(self, account: str, settings: S, blobs: Blobs) -> None:
        self.account = account
        self.settings = settings
        self.blobs = blobs

    def warnings(self) -> Sequence[str]:
        """What will need a person soon, a sentence each: a credential that ends next week. Asked often: answer from memory."""
        return ()

    @staticmethod
    @abstractmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The messages in a raw event: pure, equal for equal input, bounded in time and memory.

        An empty tuple means that there is nothing for anybody in it (the record's fate is *suppressed*).
        Raises `Rejected` with a reason when it cannot be read, and nothing else, whatever the bytes.
        """


class Poller(Connector[S]):
    """A channel that is asked. The edge runs each source in a thread of its own."""

    @abstractmethod
    def sources(self) -> Sequence[str]:
        """The names of what is read independently, each with its own cursor (folders, phone numbers …)."""

    @abstractmethod
    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Yield pages for ever, waiting for news in between; return soon after `stop` is set.

        `position` is the JSON of the last saved page's position, None at the first start. The edge publishes
        a page, waits for the broker, saves the position, and only then asks for the next page. Raises
        `Retriable` when the source cannot be reached (the edge waits, then calls again from the saved
        position) and `Misconfigured` when a person must act. One bad item never fails a page.
        """


Accept = Callable[[Sequence[RawEvent]], Awaitable[None]]
"""Publishes events and returns when the broker has them all; raises `Retriable` when it cannot."""


class Receiver(Connector[S]):
    """A channel that is called. The edge serves the routes of all receivers on one port."""

    @abstractmethod
    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The HTTP doors of this account. A door answers 2xx only after `accept` has returned."""
