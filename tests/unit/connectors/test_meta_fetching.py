"""Files and names that a post of Meta only names, and the token that they are fetched with."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors._meta.graph import Graph
from connectors._meta.token_watch import TokenWatch
from connectors.fakes.meta import FakeMeta, encoded
from connectors.messenger import Messenger
from connectors.whatsapp import WhatsApp
from tests.unit.connectors.meta_posts import OBJECTS, SECRET, Served, said, serving, signed, subscribed, whatsapp

pytestmark = pytest.mark.slow

PHOTO = b"\xff\xd8 photo"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A door that many tests share."""
    with subscribed("whatsapp", tmp_path_factory.mktemp("blobs")) as found:
        yield found


def test_media_ids_are_valid_for_minutes_and_are_fetched_with_the_token_at_once(served: Served) -> None:
    """The id gives a url, the url the bytes, both with the token; name and type are kept."""
    meta, door = served.fresh()
    media = meta.graph.add(PHOTO, "image/jpeg")
    meta.number().media("4915112345678", "Ann", "image", media, "image/jpeg", "look")
    meta.deliver()
    (found,) = door.messages()
    (file,) = found.attachments
    assert (found.text, file.size, file.content_type) == ("look", len(PHOTO), "image/jpeg")
    assert file.sha256 == hashlib.sha256(PHOTO).hexdigest()
    assert door.blobs.get(file.sha256) == PHOTO


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (500, 1, "graph-http-500"),
        (400, 4, "graph-4"),
        (401, 190, "graph-190"),
        (400, 100, "graph-100"),
        (400, 2635, "graph-2635"),  # the version of the API was retired
    ],
)
def test_media_that_cannot_be_had_costs_no_message(served: Served, status: int, code: int, reason: str) -> None:
    """Its text, its media id and the reason are there."""
    meta, door = served.fresh()
    meta.graph.fail_next(status, code)
    media = meta.graph.add(PHOTO, "image/jpeg")
    meta.number().media("4915112345678", "Ann", "image", media, "image/jpeg", "look")
    assert meta.deliver() == [200]
    (found,) = door.messages()
    assert (found.text, found.attachments, found.fields["media"]) == ("look", (), media)
    assert found.degradations == (f"media-missing:{reason}",)


def test_a_page_token_that_is_invalid_after_a_password_change_stops_no_message(served: Served) -> None:
    """It becomes a warning, until it works again."""
    meta, door = served.fresh()
    media = meta.graph.add(PHOTO, "image/jpeg")
    right, meta.graph.token = meta.graph.token, "another"
    warned = []
    for _ in range(2):
        meta.number().media("4915112345678", "Ann", "image", media, "image/jpeg")
        assert meta.deliver() == [200]
        warned.append([warning for warning in door.receiver.warnings() if "is refused" in warning])
        meta.graph.token = right
    refused, fine = door.messages()
    assert (refused.degradations, len(fine.attachments)) == (("media-missing:graph-190",), 1)
    ((warning,), none) = warned
    assert warning.startswith("channels.whatsapp.main.access_token is refused (Invalid OAuth access token")
    assert none == []


def test_names_slow_no_message_down_while_meta_is_away(served: Served) -> None:
    """After an error that passes nobody is asked for a while; then it is tried again, and remembered."""
    meta, _ = served.fresh()
    meta.graph.people["77"] = {"name": "Ann"}
    graph = Graph(meta.url, meta.graph.token, pause=0.1)
    meta.graph.asked.clear()
    meta.graph.fail_next(400, 4)
    assert [graph.name("77", "name"), graph.name("77", "name")] == ["", ""]
    time.sleep(0.11)
    assert [graph.name("77", "name"), graph.name("77", "name")] == ["Ann", "Ann"]
    assert len(meta.graph.asked) == 2
    assert Graph("http://127.0.0.1:1", "x").name("77", "name") == ""


def test_the_token_is_in_no_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """The client would log the address that has it."""
    caplog.set_level("INFO")
    logging.getLogger("httpx").setLevel(logging.INFO)
    TokenWatch(Graph(served.meta.url, served.meta.graph.token), "the-setting").check()
    assert [record for record in caplog.records if record.name == "httpx"] == []


def test_without_a_token_messages_arrive_without_files(tmp_path: Path) -> None:
    """And nobody is asked, nor warned."""
    with serving("whatsapp", tmp_path, {"app_secrets": [SECRET], "verify_token": "x"}) as door:
        request = signed("whatsapp", encoded(whatsapp(messages=[said("image", {"id": "9"})])))
        assert door.post(request.content, **request.headers).status_code == 200
        (found,) = door.messages()
        assert found.degradations == ("media-missing:no-access-token",)
        assert list(door.receiver.warnings()) == []


def test_a_file_that_is_late_delays_nobody(tmp_path: Path) -> None:
    """The message goes on without it, and so does the one beside it."""

    class Hasty(WhatsApp):
        fetch_seconds = 0.1

    with FakeMeta() as meta, serving("whatsapp", tmp_path, meta.settings, Hasty) as door:
        meta.subscribe(OBJECTS["whatsapp"], door.url)
        number = meta.number()
        number.media("4915112345678", "Ann", "image", meta.graph.add(PHOTO, "image/jpeg"), "image/jpeg", "look")
        number.text("4915112345678", "Ann", "and?")
        meta.graph.hold(0.5)
        began = time.monotonic()
        assert meta.deliver() == [200]
        assert time.monotonic() - began < 0.45
        assert [(found.text, found.degradations) for found in door.messages()] == [
            ("look", ("media-missing:late",)),
            ("and?", ()),
        ]


@pytest.mark.parametrize(
    ("days", "warning"),
    [
        (0, ""),
        (90, ""),
        (13.5, "the-setting expires in 13 days: make a new one, or let its owner sign in again"),
        (-1, "the-setting has expired: messages arrive, files and names do not; make a new one"),
    ],
)
def test_a_token_that_is_about_to_expire_is_told_of_before(served: Served, days: float, warning: str) -> None:
    """Two weeks ahead, and afterwards."""
    meta, now = served.meta, time.time()
    meta.graph.expires_at = int(now + days * 86_400) if days else 0
    watch = TokenWatch(Graph(meta.url, meta.graph.token), "the-setting")
    watch.check()
    assert watch.warnings(now) == ([warning] if warning else [])


def test_a_late_file_takes_no_other_with_it(tmp_path: Path) -> None:
    """Of many in one message those are there that were in time."""

    class Hasty(Messenger):
        fetch_seconds = 1.0

    with FakeMeta() as meta, serving("messenger", tmp_path, meta.settings, Hasty) as door:
        meta.subscribe("page", door.url)
        urls = [meta.public(b"1", "image/png"), f"{meta.url}/slow", meta.public(b"22", "image/png")]
        for hold in (0, 1.3):  # the first makes the client ready; only the Graph API holds, not the public network
            meta.graph.hold(hold)
            files = [{"type": "image", "payload": {"url": url}} for url in urls[:: 1 if hold else 2]]
            meta.page().message("77", {"attachments": files})
            assert meta.deliver() == [200]
        ready, found = door.messages()
        assert [file.size for file in ready.attachments] == [file.size for file in found.attachments] == [1, 2]
        assert found.degradations == ("media-missing:late",)


def test_the_token_is_looked_at_now_and_then(served: Served) -> None:
    """By a thread of its own when somebody asks for warnings, and not each time."""
    meta, _ = served.fresh()
    watch = TokenWatch(Graph(meta.url, meta.graph.token), "the-setting")
    meta.graph.asked.clear()
    deadline = time.monotonic() + 5
    while not meta.graph.asked and time.monotonic() < deadline:
        watch.look()
        time.sleep(0.01)
    watch.look()
    assert meta.graph.asked == ["/v24.0/debug_token"]


def test_a_blob_store_that_is_away_is_503(tmp_path: Path) -> None:
    """That is a part of ours: nothing is taken, and Meta sends it again."""
    folder = tmp_path / "blobs"
    with subscribed("whatsapp", folder) as (meta, door):
        media = meta.graph.add(PHOTO, "image/jpeg")
        meta.number().media("4915112345678", "Ann", "image", media, "image/jpeg")
        away = folder.rename(tmp_path / "away")
        assert meta.deliver() == [503]
        away.rename(folder)
        assert meta.deliver() == [200]
        assert len(door.messages()[0].attachments) == 1
