"""What is deployed to watch: alarms and dashboard ask for metrics that there are, in a language that Prometheus reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from ops.exporter import Installation, Seen
from ops.ledger import Account
from ops.sources import Source
from ops.status import StageStatus

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: Any = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text("utf-8"))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def rules() -> list[dict[str, Any]]:
    """Every alarm."""
    groups = yaml.safe_load((DEPLOY / "alerts.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Every panel of the dashboard."""
    found: list[dict[str, Any]] = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text("utf-8"))["panels"]
    return found


def asked() -> Iterator[str]:
    """Every expression."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def given() -> dict[str, set[str]]:
    """The metrics of the exporter, with their labels."""
    source = Source(
        name="mail/a", channel="mail", account="a", state="polling", looked_at=NOW, last_received_at=NOW, behind=1
    )
    stage = StageStatus(name="route", lag=1, done=1, never_ran=False)
    seen = Seen(NOW, [source], [stage], [Account(channel="mail", accepted=1)])
    families = Installation(lambda: seen).collect()
    return {family.name: set(family.samples[0].labels) for family in families}


@pytest.mark.parametrize("expression", list(asked()))
def test_an_expression_is_promql_over_metrics_that_exist(expression: str) -> None:
    """By the parser of the language, and by what the exporter gives."""
    known = given()
    for selector in selectors(promql_parser.parse(expression)):
        assert selector.name in {*known, "up"}
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert labels <= known.get(selector.name, {"job"})


def selectors(node: Any) -> Iterator[Any]:
    """The metrics that an expression asks for."""
    match type(node).__name__:
        case "VectorSelector":
            yield node
        case "MatrixSelector":
            yield node.vector_selector
        case "BinaryExpr":
            yield from selectors(node.lhs)
            yield from selectors(node.rhs)
        case "Call":
            for argument in node.args:
                yield from selectors(argument)
        case "AggregateExpr" | "ParenExpr":
            yield from selectors(node.expr)
        case other:
            assert other == "NumberLiteral"


def test_a_metric_that_nobody_gives_is_found() -> None:
    """The test above can fail."""
    (found,) = selectors(promql_parser.parse("sum(rate(switchboard_stage_dun[5m])) > 1"))
    assert found.name not in given()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alarm_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    """With labels that its expression leaves."""
    texts = rule["annotations"]
    assert {"summary", "remedy"} == set(texts)
    used = set(re.findall(r"\$labels\.(\w+)", texts["summary"]))
    kept = set(re.findall(r"by \(([\w, ]+)\)", rule["expr"])[0].split(", ")) if used else set()
    assert used <= kept


def test_prometheus_asks_services_that_exist_with_the_token() -> None:
    """Host names are those of the compose file, which also gives it the rules and the token."""
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text("utf-8"))
    for job in config["scrape_configs"]:
        hosts = {target.partition(":")[0] for each in job["static_configs"] for target in each["targets"]}
        assert hosts <= set(COMPOSE["services"])
        assert job["authorization"] == {"credentials_file": "/run/secrets/monitor_token"}
    assert COMPOSE["services"]["prometheus"]["secrets"] == ["monitor_token"]
    assert {f"./deploy/{name}" for name in ("prometheus.yml", *config["rule_files"])} <= mounted("prometheus")


def test_grafana_is_given_what_is_there() -> None:
    """Every file of its folder, and a source of data that its panels name."""
    files = {f"./deploy/grafana/{path.name}" for path in (DEPLOY / "grafana").iterdir()}
    assert files == mounted("grafana")
    (source,) = yaml.safe_load((DEPLOY / "grafana" / "datasources.yml").read_text("utf-8"))["datasources"]
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["uid"]}


def mounted(service: str) -> set[str]:
    """The files of this folder that a service sees."""
    return {volume.partition(":")[0] for volume in COMPOSE["services"][service]["volumes"] if volume.startswith("./")}
