"""What Prometheus is told, read back by its own parser."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from connectors._bearer import Bearer
from connectors._guard import Limits
from connectors._http import application
from connectors._metrics import OfProcess, metrics_route
from normalizer.events import Health

TOKEN = "a-token-of-the-operator"


def scrape(*health: Health, known: str = TOKEN, given: str = TOKEN) -> httpx.Response:
    """What ``/metrics`` answers to whoever gives a token."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(
            application([metrics_route(OfProcess(lambda: health), Bearer(known))], Limits(), tuple)
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
            return await client.get("/metrics", headers={"Authorization": f"Bearer {given}"})

    return asyncio.run(asked())


def scraped(*health: Health) -> dict[tuple[str, ...], float]:
    """Each sample by its name and its labels' values."""
    answer = scrape(*health)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize(("known", "given"), [("", ""), ("", TOKEN), (TOKEN, ""), (TOKEN, TOKEN[:-1])])
def test_metrics_are_for_whoever_has_the_token(known: str, given: str) -> None:
    """They name accounts; without a token in the configuration nobody sees them."""
    answer = scrape(known=known, given=given)
    assert (answer.status_code, answer.json()["reason"]) == (401, "bad-token")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_every_source_has_its_figures() -> None:
    """Counters, ages in seconds, what is behind, and its state."""
    now = datetime.now(UTC)
    report = Health(
        name='mail/main/"odd\\folder"', state="failing", at=now, received=7, errors=2, behind=40,
        last_received_at=now - timedelta(minutes=2), looked_at=now - timedelta(seconds=30),
    )  # fmt: skip
    found, name = scraped(report), report.name
    assert (found["switchboard_received_total", name], found["switchboard_errors_total", name]) == (7, 2)
    assert found["switchboard_seconds_since_received", name] == pytest.approx(120, abs=30)
    assert found["switchboard_seconds_since_looked", name] == pytest.approx(30, abs=30)
    assert found["switchboard_behind", name] == 40
    states = {key[2]: value for key, value in found.items() if key[0] == "switchboard_state"}
    assert states == {"starting": 0, "running": 0, "waiting": 0, "failing": 1, "stopped": 0}


def test_what_is_not_known_is_left_out() -> None:
    """An age of zero would be a lie."""
    names = {name for name, *_ in scraped(Health(name="webform/site", state="running", at=datetime.now(UTC)))}
    assert names == {"switchboard_received_total", "switchboard_errors_total", "switchboard_state"}
