"""The hand of X: cursors over pages that come newest first, and what X gives no more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from connectors._x import snowflake
from connectors._x.place import Place
from connectors.fakes.x import FakeX
from connectors.x import X
from normalizer.errors import Misconfigured, Rejected, Retriable
from tests.unit.connectors.x_account import KEYS, account, chain, events, ids, messages, place, receiving, saved

pytestmark = pytest.mark.slow

DAY = 86_400


@pytest.fixture(scope="module")
def running() -> Iterator[FakeX]:
    """A stand-in that lets a test ask as often as it likes."""
    with FakeX(limits=dict.fromkeys(("mentions", "search", "dm_events"), 100_000)) as made:
        yield made


@pytest.fixture
def fake(running: FakeX) -> FakeX:
    """It, with nothing on it."""
    running.clear()
    return running


def test_pages_come_newest_first_and_the_cursor_moves_after_the_whole_chain(fake: FakeX, tmp_path: Path) -> None:
    """After an outage of several pages `since` stays until the last of them; each page saves how far the chain is."""
    posts = [fake.post("ann", f"@acme {n}") for n in range(12)]
    before = place(3600)
    pages = chain(account(fake, tmp_path), position=before)
    since = msgspec.json.decode(before, type=Place).since
    assert [page.position.since for page in pages] == [since, since, posts[-1]]
    assert ids(pages) == posts
    assert [raw.attributes["id"] for raw in pages[0].events] == posts[7:]  # oldest first within a page


def test_a_crash_in_the_middle_of_a_chain_resumes_without_loss(fake: FakeX, tmp_path: Path) -> None:
    """The next process goes on at the page after the one that was saved, and asks for none twice."""
    posts = [fake.post("ann", f"@acme {n}") for n in range(12)]
    with receiving(account(fake, tmp_path), "mentions", place(3600)) as pages:
        first = next(pages)
    rest = chain(account(fake, tmp_path), position=saved(first))
    assert ids([first, *rest]) == posts
    assert rest[-1].position.since == posts[-1]


def test_posts_that_come_during_a_chain_are_in_the_next(fake: FakeX, tmp_path: Path) -> None:
    """The token leads down from where the chain began; what is newer waits for the next one."""
    posts = [fake.post("ann", f"@acme {n}") for n in range(7)]
    x = account(fake, tmp_path)
    with receiving(x, "mentions", place(3600)) as pages:
        first = next(pages)
        posts.append(fake.post("bob", "@acme meanwhile"))
        second, third = next(pages), next(pages)
    assert ids([first, second, third]) == posts


def test_a_page_token_that_has_expired_is_replaced_by_until_id(fake: FakeX, tmp_path: Path) -> None:
    """A chain that is taken up much later goes on below the oldest post that it had."""
    posts = [fake.post("ann", f"@acme {n}") for n in range(12)]
    with receiving(account(fake, tmp_path), "mentions", place(3600)) as pages:
        first = next(pages)
    fake.expire_tokens()
    rest = chain(account(fake, tmp_path), position=saved(first))
    assert ids([first, *rest]) == posts
    assert [asked.get("until_id") for _, asked in fake.requests[2:]] == [posts[7], posts[7]]


def test_a_token_of_direct_messages_that_has_expired_starts_the_chain_anew(fake: FakeX, tmp_path: Path) -> None:
    """They have no until_id; what Kafka has already is known by its id."""
    sent = [fake.message("ann", str(n)) for n in range(12)]
    with receiving(account(fake, tmp_path, **KEYS), "dms", place(3600)) as pages:
        first = next(pages)
    fake.expire_tokens()
    rest = chain(account(fake, tmp_path, **KEYS), "dms", saved(first))
    assert ids([first, *rest]) == sent


def test_a_since_id_that_is_too_old_is_left_out_and_the_gap_is_told(fake: FakeX, tmp_path: Path) -> None:
    """Search refuses it: what it still has is read all the same, and what it has no more is a known gap."""
    root = fake.post("acme", "welcome", ago=20 * DAY)
    old = fake.post("ann", "lost", reply_to=root, ago=8 * DAY)
    kept = [fake.post("ann", f"kept {n}", reply_to=root, ago=(6 - n) * DAY) for n in range(3)]
    x = account(fake, tmp_path)
    before = place(10 * DAY)
    pages = chain(x, "replies", before)
    assert ids(pages) == kept
    assert old not in ids(pages)
    (gap,) = [raw for raw in events(pages) if raw.content_type == "application/vnd.switchboard.gap+json"]
    with pytest.raises(
        Rejected, match=r"replies: what came between .* may be missing \(X gives the last 7 days only\)"
    ) as told:
        X.read(gap)
    assert told.value.reason == "known-gap"
    assert [each.partition(" may be")[0].partition(":")[0] for each in x.warnings()] == ["replies"]
    assert int(pages[-1].position.since) > int(kept[-1])


def test_a_gap_is_still_warned_of_after_a_restart(fake: FakeX, tmp_path: Path) -> None:
    """It stands in the cursor; a gap is one record, whatever is repeated."""
    last = chain(account(fake, tmp_path), "replies", place(10 * DAY))[-1]
    again = account(fake, tmp_path)
    assert again.warnings() == ()
    with receiving(again, "replies", saved(last)) as pages:
        fake.post("ann", "new", reply_to=fake.post("acme", "hello"))
        assert len(next(pages).events) == 1
    assert len(again.warnings()) == 1


def test_more_mentions_than_the_800_that_x_gives_are_a_known_gap(fake: FakeX, tmp_path: Path) -> None:
    """Whatever X still has arrives once, and the cursor goes on."""
    posts = [fake.post("ann", f"@acme {n}", ago=5000 - n) for n in range(830)]
    x = account(fake, tmp_path, page_size=100)
    pages = chain(x, position=place(6000))
    assert ids(pages) == posts[30:]
    assert len([raw for raw in events(pages) if raw.source_id.startswith("mentions;gap;")]) == 1
    assert "mentions: what came between" in x.warnings()[0]
    assert "X gives the 800 newest only" in x.warnings()[0]


def test_an_outage_that_x_bridges_is_no_gap(fake: FakeX, tmp_path: Path) -> None:
    """Where the chain meets what was known, nothing is missing, and nobody is alarmed."""
    first = fake.post("ann", "@acme first")
    x = account(fake, tmp_path)
    known = chain(x, position=place(3600))[-1]
    posts = [fake.post("ann", f"@acme {n}") for n in range(30)]
    pages = chain(x, position=saved(known))
    assert ids(pages) == posts
    assert first not in ids(pages)
    assert x.warnings() == ()


def test_direct_messages_have_no_since_id_and_pages_end_at_what_is_known(fake: FakeX, tmp_path: Path) -> None:
    """The account's 30 days are not read again each time."""
    for n in range(20):
        fake.message("ann", f"old {n}", ago=3600 - n)
    sent = [fake.message("ann", f"new {n}", ago=100 - n) for n in range(6)]
    pages = chain(account(fake, tmp_path, **KEYS), "dms", place(1000))
    assert ids(pages) == sent
    asked = [where for name, where in fake.requests if name == "dm_events"]
    assert len(asked) == 2
    assert not any("since_id" in each for each in asked)


def test_direct_messages_older_than_30_days_are_a_known_gap(fake: FakeX, tmp_path: Path) -> None:
    """After an outage longer than that."""
    sent = fake.message("ann", "late", ago=DAY)
    x = account(fake, tmp_path, **KEYS)
    pages = chain(x, "dms", place(40 * DAY))
    assert ids(pages) == [sent]
    assert "the last 30 days only" in x.warnings()[0]


def test_posts_that_show_up_late_or_out_of_the_order_of_their_ids_are_found(fake: FakeX, tmp_path: Path) -> None:
    """Snowflake order is not the order in which an endpoint shows posts: two minutes are read again, and told by their ids."""
    shown = fake.post("ann", "@acme shown at once")
    x = account(fake, tmp_path)
    first = chain(x, position=place(3600))
    late = fake.post("bob", "@acme was made before and shows up after", ago=60)
    second = chain(x, position=saved(first[-1]))
    assert (ids(first), ids(second)) == ([shown], [late])


def test_the_last_post_of_a_quiet_source_does_not_come_again(fake: FakeX, tmp_path: Path) -> None:
    """It is in the part that is read again, however old it is."""
    quiet = [fake.post("ann", "@acme a", ago=9000), fake.post("ann", "@acme b", ago=8990)]
    x = account(fake, tmp_path)
    first = chain(x, position=place(10_000))
    new = fake.post("bob", "@acme c")
    assert (ids(first), ids(chain(x, position=saved(first[-1])))) == (quiet, [new])


def test_endpoints_have_cursors_of_their_own(fake: FakeX, tmp_path: Path) -> None:
    """What one source has seen says nothing of another; a post that both give has one id, and the second is a duplicate."""
    root = fake.post("acme", "welcome")
    fake.post("ann", "@acme a reply", reply_to=root)
    x = account(fake, tmp_path)
    (one,), (two,) = (messages(chain(x, source, place(3600))) for source in ("mentions", "replies"))
    assert one.id == two.id
    assert one.source_id != two.source_id


def test_a_reply_without_our_handle_comes_by_search(fake: FakeX, tmp_path: Path) -> None:
    """The customer has taken our handle out: no mention, but an answer to us."""
    reply = fake.post("ann", "and now?", reply_to=fake.post("acme", "done"))
    x = account(fake, tmp_path)
    assert ids(chain(x, "mentions", None)) == []
    assert ids(chain(x, "replies", place(3600))) == [reply]


def test_the_first_start_begins_now(fake: FakeX, tmp_path: Path) -> None:
    """Whoever switches a channel on does not want its history, which costs money too."""
    fake.post("ann", "@acme long ago", ago=30)
    pages = chain(account(fake, tmp_path))
    assert events(pages) == []
    assert all(abs((snowflake.seconds(page.position.since) or 0) - time.time()) < 5 for page in pages)


def test_a_crash_at_the_first_start_does_not_begin_later(fake: FakeX, tmp_path: Path) -> None:
    """Where the first start begins is saved before anything is asked for."""
    with receiving(account(fake, tmp_path), "mentions", None) as pages:
        begin = next(pages)
    assert (begin.events, fake.requests) == ((), [])
    time.sleep(0.002)  # ids tell milliseconds
    post = fake.post("ann", "@acme meanwhile")
    assert ids(chain(account(fake, tmp_path), position=saved(begin))) == [post]


def test_the_first_start_begins_at_since(fake: FakeX, tmp_path: Path) -> None:
    """Where the settings say so."""
    fake.post("ann", "@acme before", ago=7200)
    post = fake.post("ann", "@acme after", ago=1800)
    since = datetime.now(UTC) - timedelta(hours=1)
    assert ids(chain(account(fake, tmp_path, since=since))) == [post]


def test_a_silent_source_does_not_let_its_cursor_grow_old(fake: FakeX, tmp_path: Path) -> None:
    """After a week without a reply the next one is no gap: the cursor follows the clock, a day behind."""
    x = account(fake, tmp_path)
    (page,) = chain(x, "replies", place(6 * DAY))
    assert time.time() - (snowflake.seconds(page.position.since) or 0) < 2 * DAY
    assert x.warnings() == ()


def test_ids_are_strings_beyond_what_a_float_holds(fake: FakeX, tmp_path: Path) -> None:
    """They are over 2^53: the last digits stand in the raw event as they came."""
    posts = [fake.post("ann", "@acme one"), fake.post("ann", "@acme two")]
    assert all(int(post) > 1 << 53 for post in posts)
    pages = chain(account(fake, tmp_path), position=place(3600))
    assert sorted(each.refs.own for each in messages(pages)) == posts


def test_pages_without_an_end_are_noticed(fake: FakeX, tmp_path: Path) -> None:
    """A token that leads to itself is left for until_id, and if that does not help either, it is said."""
    same = b'{"data": [{"id": "1800000000000000000"}], "meta": {"next_token": "t"}}'
    fake.fail("mentions", *[same] * 4)
    with pytest.raises(Retriable, match="X gives the same page again and again"):
        chain(account(fake, tmp_path), position=place(3600 * 24 * 900))


def test_a_position_that_cannot_be_read_is_told(fake: FakeX, tmp_path: Path) -> None:
    """With what to do about it."""
    with pytest.raises(Misconfigured, match=r"mentions: the saved place cannot be read .* tombstone"):
        chain(account(fake, tmp_path), position=b"7")


def test_a_flood_of_spam_keeps_the_cursor_small_and_comes_once(fake: FakeX, tmp_path: Path) -> None:
    """More posts in two minutes than can be remembered: each arrives, and none comes again at the next look."""
    spam = [fake.post("bob", f"@acme spam {n}", ago=60 - n / 20) for n in range(700)]
    x = account(fake, tmp_path, page_size=100)
    pages = chain(x, position=place(3600))
    assert ids(pages) == spam
    assert len(saved(pages[-1])) < 50_000
    news = fake.post("ann", "@acme am I heard?")
    assert ids(chain(x, position=saved(pages[-1]))) == [news]
