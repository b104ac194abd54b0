"""What Prometheus is told of an installation, read back by its own parser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ops.exporter import STATES, Installation, Seen
from ops.ledger import Account
from ops.sources import Source
from ops.status import StageStatus

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def told(seen: Seen) -> dict[tuple[str, ...], float]:
    """Each sample by its name and its labels' values."""
    registry = CollectorRegistry()
    registry.register(Installation(lambda: seen))
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_a_source_has_one_state_and_its_ages() -> None:
    """Also one whose process died, which cannot tell it itself."""
    source = Source(
        name="mail/main/INBOX", channel="mail", account="main", state="silent", behind=4, warning="soon",
        looked_at=NOW - timedelta(seconds=90), last_received_at=NOW - timedelta(minutes=5),
    )  # fmt: skip
    found, name = told(Seen(NOW, [source], [], [])), source.name
    states = {key[2]: value for key, value in found.items() if key[0] == "switchboard_source_state"}
    assert states == dict.fromkeys(STATES, 0.0) | {"silent": 1.0}
    assert found["switchboard_source_seconds_since_looked", name] == 90
    assert found["switchboard_source_seconds_since_received", name] == 300
    assert (found["switchboard_source_behind", name], found["switchboard_source_warning", name]) == (4, 1)


def test_what_is_not_known_of_a_source_is_left_out() -> None:
    """An age of zero would be a lie."""
    source = Source(name="x/shop", channel="x", account="shop", state="never ran")
    names = {name for name, *_ in told(Seen(NOW, [source], [], []))}
    assert names == {"switchboard_source_state", "switchboard_source_warning"}


def test_a_stage_has_its_lag_and_the_ledger_its_sums() -> None:
    """Each fate by its name, and what an alarm is for: what is missing and what is late."""
    stage = StageStatus(name="route", lag=7, done=93, never_ran=False, paused="too many letters")
    account = Account(channel="mail", accepted=10, routed=5, duplicate=1, suppressed=1, dead_lettered=1, in_flight=1,
                      missing_total=1, late_total=2)  # fmt: skip
    found = told(Seen(NOW, [], [stage], [account]))
    told_of = [found[f"switchboard_stage_{name}", "route"] for name in ("lag", "done", "paused")]
    assert told_of == [7, 93, 1]
    fates = {key[2]: value for key, value in found.items() if key[0] == "switchboard_ledger_fates"}
    assert fates == {"routed": 5, "duplicate": 1, "suppressed": 1, "dead_lettered": 1}
    sums = [found[f"switchboard_ledger_{name}", "mail"] for name in ("accepted", "in_flight", "missing", "late")]
    assert sums == [10, 1, 1, 2]
