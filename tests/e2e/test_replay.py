"""History through another configuration: exactly the expected differences, and nothing of the live side is touched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # it ships no types

from connectors._publisher import Publisher, Record
from normalizer.cluster import Cluster
from normalizer.default_rules import POLICY
from normalizer.errors import Misconfigured
from normalizer.events import Message, Routed
from normalizer.policy import Rule
from normalizer.thread_policy import ThreadPolicy
from normalizer.wire import decode
from ops import ledger, wiring
from ops.config import Config
from ops.replay.replaying import Period, Report, replay
from ops.replay.shadow import Shadow, drop, shadow_of
from ops.replay.sides import Difference
from tests.e2e.stages_at_work import accepted, at_work, configured, mail
from tests.servers.topic import ends, records, wait

pytestmark = pytest.mark.engine
BOB = "bob@b.example"
MAILS = [
    mail(0, "Bill"),
    mail(1, "Re: Bill", parent=0),
    mail(2, "Printer", BOB),
    mail(3, "Re: Printer", BOB),
    mail(0, "Bill"),  # a copy
]
MAIL = Period(topics=("raw.mail",))


def test_a_replay_tells_what_a_change_would_do(cluster: Cluster, tmp_path: Path) -> None:
    """The same configuration gives no difference; another one those that it means, by message and field."""
    config = configured(cluster, tmp_path)
    accepted(cluster, *MAILS)
    publisher = Publisher(cluster)
    publisher.write([Record("raw.mail", b"k", b"?", [])])  # nobody can read it, then or now
    publisher.close()
    with at_work(wiring.stages(config), cluster):
        wait(lambda: [(a.accepted, a.in_flight) for a in ledger.take(cluster, ["mail"])] == [(6, 0)])
        wait(lambda: ends(cluster, Routed.topic) == 4)
    live = {
        topic: ends(cluster, topic) for topic in ("fates", Message.topic, Routed.topic, "dead.letters", "thread.state")
    }

    report, found = _replay(config, cluster, MAIL)
    assert (report.replayed, report.compared, report.counts, report.renamed, found) == (6, 4, {}, 0, [])

    number = _numbers(cluster)
    rules = msgspec.structs.replace(
        POLICY,
        priority=(Rule("bills", 'message.subject.contains("Bill")', "high"), *POLICY.priority),
        queue=(Rule("printers", 'message.subject == "Printer"', "hardware"), *POLICY.queue),
    )
    other = msgspec.structs.replace(config, rules=rules, threads=ThreadPolicy(same_subject_days=30))
    name = shadow_of(cluster, "shadow")
    shadow = Shadow(name, "shadow")
    report, found = _replay(other, cluster, MAIL, shadow)
    shadow.close()
    assert sorted(
        (each.field, number[each.message_id], each.live, each.shadow) for each in found if each.field != "thread"
    ) == [
        ("priority", 0, "normal", "high"),
        ("priority", 1, "normal", "high"),
        ("queue", 2, "general", "hardware"),
    ]
    # Two conversations of one mail each became one: of the two, one is where it was.
    assert [number[each.message_id] in (2, 3) for each in found if each.field == "thread"] == [True]
    assert report.counts == {"priority": 2, "queue": 1, "thread": 1}

    written = [decode(Routed, each.value, each.headers) for each in records(name, Routed.topic)]
    assert sorted({each.ticket.id: each.ticket.queue for each in written}.values()) == ["general", "hardware"]
    origins = sorted(str(each.message.origin) for each in written if each.message)
    assert origins == sorted({*origins} & {f"raw.mail/{p}/{o}" for p in range(4) for o in range(9)})
    with pytest.raises(Misconfigured, match="the shadow shadow holds an earlier replay: take it away with"):
        Shadow(name, "shadow")
    assert live == {topic: ends(cluster, topic) for topic in live}

    now = datetime.now(UTC) + timedelta(minutes=1)
    assert _replay(other, cluster, Period(topics=("raw.mail",), since=now)) == (
        Report(replayed=6, compared=0, reported_since=now, counts={}, renamed=0),
        [],
    )
    with pytest.raises(
        Misconfigured, match=r"there is no raw topic 'raw.mial': there are raw.facebook|there are raw\."
    ):
        _replay(config, cluster, Period(topics=("raw.mial",)))
    _goes_away(name, cluster)


def _goes_away(shadow: Cluster, live: Cluster) -> None:
    gone = drop(shadow)
    assert shadow.named(Routed.topic) in gone
    assert [topic for topic in gone if not topic.startswith(f"{live.namespace}replay.shadow.")] == []
    admin = KafkaAdminClient(bootstrap_servers=live.brokers)
    wait(lambda: not any(topic.startswith(shadow.namespace) for topic in admin.list_topics()))
    admin.close()


def _replay(
    config: Config, cluster: Cluster, period: Period, shadow: Shadow | None = None
) -> tuple[Report, Sequence[Difference]]:
    found: list[Difference] = []
    report = replay(config, cluster, period, shadow, found.append, lambda done, total: None)  # noqa: ARG005 - progress
    return report, found


def _numbers(cluster: Cluster) -> dict[str, int]:
    """Which mail each message was."""
    found = [decode(Routed, each.value, each.headers).message for each in records(cluster, Routed.topic)]
    return {each.id: int(each.refs.own.partition("@")[0]) for each in found if each}
