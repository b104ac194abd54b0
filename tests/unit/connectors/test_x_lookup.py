"""The hand of X: edits, deletions, and files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors._x.lookup import Watch
from connectors._x.place import Seen
from connectors.fakes.x import USER_ID, FakeX
from normalizer.errors import Misconfigured
from normalizer.ids import message_id
from tests.unit.connectors.x_account import KEYS, account, chain, events, messages, place, receiving, saved

pytestmark = pytest.mark.slow

PNG = b"\x89PNG of the test"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeX]:
    """A stand-in that lets a test ask as often as it likes."""
    with FakeX(limits=dict.fromkeys(("mentions", "dm_events", "tweets"), 100_000)) as made:
        yield made


@pytest.fixture
def fake(running: FakeX) -> FakeX:
    """It, with nothing on it."""
    running.clear()
    return running


def test_an_edit_of_a_known_post_is_an_edit_also_after_a_restart(fake: FakeX, tmp_path: Path) -> None:
    """What Kafka has of the last hour, in which X lets a post be edited, stands in the cursor."""
    post = fake.post("ann", "@acme order 1")
    last = chain(account(fake, tmp_path), position=place(60))[-1]
    fake.edit(post, "@acme order 2")
    (edit,) = messages(chain(account(fake, tmp_path), position=saved(last)))
    assert (edit.kind, edit.about, edit.visible_text) == ("edit", message_id("x", "main", post), "@acme order 2")


def test_a_post_that_was_edited_before_it_was_seen_is_a_message(fake: FakeX, tmp_path: Path) -> None:
    """X gives the newest version only: it must not be an edit of what nobody has; the next edit is one of this."""
    post = fake.post("ann", "@acme order 1")
    second = fake.edit(post, "@acme order 2")
    x = account(fake, tmp_path)
    pages = chain(x, position=place(60))
    third = fake.edit(second, "@acme order 3")
    first, edit = messages([*pages, *chain(x, position=saved(pages[-1]))])
    assert (first.kind, first.id) == ("message", message_id("x", "main", second))
    assert (edit.kind, edit.about, edit.refs.own) == ("edit", first.id, third)


def test_a_deleted_post_is_told_by_looking_it_up(fake: FakeX, tmp_path: Path) -> None:
    """X tells nobody who does not ask: posts of the last days are looked up, and what is gone is a deletion."""
    kept, gone = fake.post("ann", "@acme kept"), fake.post("bob", "@acme gone")
    before = chain(account(fake, tmp_path), position=place(60))
    (_, said) = messages(before)
    x = account(fake, tmp_path, lookup_hours=1e-5)  # restarted: it knows what stands in the cursor
    fake.post("ann", "@acme later")
    chain(x, position=saved(before[-1]))
    fake.delete(gone)
    with receiving(x, "lookup", None) as pages:
        found = list(itertools.islice((page for page in pages if page.events), 1))
    (deletion,) = messages(found)
    assert (deletion.kind, deletion.about, deletion.refs.provider) == ("deletion", said.id, said.refs.provider)
    assert deletion.sender.address == said.sender.address
    assert events(found)[0].key == said.refs.provider
    assert [each.name for each in found[0].position.posts] == [kept]


def test_only_posts_with_words_of_their_own_are_looked_up(fake: FakeX, tmp_path: Path) -> None:
    """By its id a direct message looks like a post that is gone; a repost and an edit are no messages to be deleted."""
    post = fake.post("ann", "@acme 1")
    fake.post("bob", "RT @acme", reposts=post)
    fake.message("ann", "hello")
    x = account(fake, tmp_path, lookup_hours=1e-6, **KEYS)
    first = chain(x, position=place(60))[-1]
    fake.edit(post, "@acme 2")
    for source, position in (
        ("mentions", chain(x, position=saved(first))[-1]),
        ("dms", chain(x, "dms", place(60))[-1]),
    ):
        fake.post("ann", "@acme more")
        fake.message("ann", "more")
        chain(x, source, saved(position))  # begins with what the cursor knows
    with receiving(x, "lookup", None) as pages:
        assert [each.name for each in next(pages).position.posts] == [post]


@pytest.mark.parametrize("why", ["suspended", "protected"])
def test_posts_of_a_suspended_or_protected_author_count_as_gone(fake: FakeX, tmp_path: Path, why: str) -> None:
    """They are not public any more; the deletion says why."""
    post = fake.post("eve", "@acme buy")
    fake.hide("eve", why)
    watch = msgspec.json.encode(Watch((Seen(post, f"{post}:1"),)))
    with receiving(account(fake, tmp_path), "lookup", watch) as pages:
        (deletion,) = messages([next(pages)])
    assert deletion.fields == {"why": "not-authorized-for-resource"}


def test_a_round_of_look_ups_is_taken_up_after_a_crash(fake: FakeX, tmp_path: Path) -> None:
    """A hundred posts at a time; each hundred is saved with its deletions."""
    posts = [fake.post("ann", f"@acme {n}") for n in range(150)]
    fake.delete(posts[3])
    fake.delete(posts[149])
    watch = msgspec.json.encode(Watch(tuple(Seen(post, f"{post}:1") for post in posts)))
    with receiving(account(fake, tmp_path), "lookup", watch) as pages:
        first = next(pages)
    with receiving(account(fake, tmp_path), "lookup", saved(first)) as pages:
        second = next(pages)
    assert [each.refs.parents for each in messages([first, second])] == [(posts[3],), (posts[149],)]
    assert (first.behind, second.behind, len(second.position.posts)) == (50, 0, 148)
    assert [len(asked["ids"].split(",")) for name, asked in fake.requests if name == "tweets"] == [100, 50]


def test_a_photo_is_fetched_with_its_post(fake: FakeX, tmp_path: Path) -> None:
    """The address of a file may lead nowhere later: the bytes are in the blob store."""
    fake.post("ann", "@acme see", photo=PNG)
    (found,) = messages(chain(account(fake, tmp_path), position=place(60)))
    assert found.visible_text == "@acme see"
    assert BlobStore(tmp_path.as_uri()).get(found.attachments[0].sha256) == PNG


def test_the_photo_of_a_direct_message_needs_the_accounts_signature(fake: FakeX, tmp_path: Path) -> None:
    """X gives it to nobody else."""
    fake.message("ann", "see", photo=PNG)
    (found,) = messages(chain(account(fake, tmp_path, **KEYS), "dms", place(60)))
    assert [(each.size, each.content_type) for each in found.attachments] == [(len(PNG), "image/png")]


def test_a_photo_that_cannot_be_had_does_not_lose_its_post(fake: FakeX, tmp_path: Path) -> None:
    """The message says what is missing."""
    fake.post("ann", "@acme see", photo=None)
    (found,) = messages(chain(account(fake, tmp_path), position=place(60)))
    assert (found.attachments, found.degradations) == ((), ("media-missing:HTTPStatusError",))


def test_a_file_elsewhere_is_not_fetched(fake: FakeX, tmp_path: Path) -> None:
    """An address in a post is not asked for unless it is X's own."""
    media = b'{"media_key": "3_1", "type": "photo", "url": "http://169.254.169.254/secret"}'
    body = b'{"data": [{"id": "%d", "text": "a", "attachments": {"media_keys": ["3_1"]}}], "includes": {"media": [%s]}}'
    fake.fail("mentions", body % (int(fake.post("ann", "x")), media))
    (found,) = messages(chain(account(fake, tmp_path), position=place(60)))
    assert "media-missing:foreign-host" in found.degradations


def test_the_raw_event_is_keyed_by_the_talk(fake: FakeX, tmp_path: Path) -> None:
    """So that Kafka keeps the order of one customer's words in one thread, edits and deletions among them."""
    post = fake.post("ann", "@acme a")
    fake.post("ann", "@acme b", reply_to=post)
    fake.message("ann", "c")
    posts = events(chain(account(fake, tmp_path), position=place(60)))
    direct = events(chain(account(fake, tmp_path, **KEYS), "dms", place(60)))
    assert len({raw.key for raw in posts}) == 1
    assert (direct[0].key or "").endswith(f"-{USER_ID}")


def test_a_refused_look_up_is_told(fake: FakeX, tmp_path: Path) -> None:
    """As a setting that a person must correct, and not as a fault of ours."""
    fake.fail("tweets", {"status": 400, "title": "Invalid Request", "detail": "no such field"})
    watch = msgspec.json.encode(Watch((Seen(fake.post("ann", "@acme"), "1:1"),)))
    with (
        receiving(account(fake, tmp_path), "lookup", watch) as pages,
        pytest.raises(Misconfigured, match=r"lookup: X does not take the request \(no such field\)"),
    ):
        next(pages)
