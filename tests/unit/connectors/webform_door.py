"""A web form that is served on the loopback, with a broker that can be told to be away."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from connectors._blobs import BlobStore
from connectors._http import HttpServer
from connectors.webform import WebForm, WebFormSettings
from normalizer.errors import Retriable
from normalizer.events import Message, RawEvent
from normalizer.wire import raw_headers, read_raw

GOOD = {"name": "Ann", "email": "ann@example.org", "subject": "Help", "message": "It is broken."}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Broker:
    """Takes events as Kafka would, or refuses them while it is down."""

    def __init__(self) -> None:
        self.events: list[RawEvent] = []
        self.down = False

    async def accept(self, events: Sequence[RawEvent]) -> None:
        """Keep the events, or raise what the edge raises."""
        if self.down:
            raise Retriable("the broker is away", retry_after=7)
        self.events.extend(events)


class Door:
    """A running form, its broker and its blobs."""

    def __init__(self, settings: WebFormSettings) -> None:
        self.broker = Broker()
        self.blobs = BlobStore("memory://webform")
        self.form = WebForm("shop", settings, self.blobs)
        self.client = httpx.Client(timeout=20, trust_env=False, headers={"User-Agent": "test"})

    def post(self, **request: object) -> httpx.Response:
        """Post to the form."""
        return self.client.post("/webform/shop", **request)  # type: ignore[arg-type]  # passed on as it is

    def last(self) -> Message:
        """The message that the last post became, after its way through Kafka."""
        raw = self.broker.events[-1]
        (message,) = WebForm.read(read_raw(raw.body, raw_headers(raw)))
        return message


@contextmanager
def serving(settings: WebFormSettings = WebFormSettings(posts_per_minute=10_000)) -> Iterator[Door]:  # noqa: B008
    """A form that is served."""
    door = Door(settings)
    with HttpServer(door.form.routes(door.broker.accept)).in_thread() as server, door.client:
        door.client.base_url = httpx.URL(f"http://127.0.0.1:{server.port}")
        yield door
