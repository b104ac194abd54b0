"""How long topics keep their records, as the configuration asks."""

from __future__ import annotations

import pytest

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from ops.topics import wanted


def configs(**days: float) -> dict[str, dict[str, str]]:
    """What each topic is declared with."""
    asked = {name.replace("_", "."): each for name, each in days.items()}
    topics = wanted(Cluster(retention_days=asked), ["mail", "sms"])
    return {name: topic["configs"] for name, topic in topics.items()}


def test_without_a_setting_topics_are_as_the_code_says() -> None:
    """And segments are Kafka's own."""
    usual = configs()
    assert usual["raw.mail"]["retention.ms"] == str(30 * 86_400_000)
    assert "segment.ms" not in usual["raw.mail"]


def test_all_raw_topics_or_one() -> None:
    """The more exact name wins; segments are a quarter of it, so that records really go."""
    found = configs(raw=14, raw_mail=2, dead_letters=20)
    hours = {name: int(found[name]["retention.ms"]) // 3_600_000 for name in ("raw.mail", "raw.sms", "dead.letters")}
    assert hours == {"raw.mail": 48, "raw.sms": 14 * 24, "dead.letters": 20 * 24}
    assert (found["raw.mail"]["segment.ms"], found["raw.sms"]["segment.ms"]) == (
        str(12 * 3_600_000),
        str(84 * 3_600_000),
    )
    assert found["fates"] == configs()["fates"]


@pytest.mark.parametrize("name", ["raw.letters", "cursors", "thread.state", "no.such.topic"])
def test_what_does_not_end_by_its_age_is_refused(name: str) -> None:
    """A topic that there is not, or a compacted one, with those that there are."""
    with pytest.raises(
        Misconfigured, match=rf"kafka\.retention_days names {name}: topics whose .* tickets\.status and raw\.CH"
    ):
        wanted(Cluster(retention_days={name: 3}), ["mail"])


def test_fates_outlive_what_they_are_about() -> None:
    """Also the segment in which a raw record may stay."""
    with pytest.raises(
        Misconfigured, match="keeps fates for 30 days and raw records for up to 37: keep fates for at least"
    ):
        configs(fates=30)
    with pytest.raises(Misconfigured, match="keeps fates for 45 days and raw records for up to 67"):
        configs(raw=60)
    assert configs(raw=7, fates=9)["fates"]["retention.ms"] == str(9 * 86_400_000)
