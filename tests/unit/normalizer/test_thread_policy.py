"""What an installation decides about threads is refused when it could not work, and keeps its secrets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from normalizer.thread_policy import ThreadPolicy

SECRET = "a secret of good length"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"token_secrets": [SECRET, "short"]}, "secret 2 of token_secrets has 5 bytes: set one of at least 16"),
        ({"token_secrets": [SECRET] * 3}, "length <= 2"),
        ({"forwards": "original"}, 'forwards = "original" is about what agents forward: name them in agents'),
        ({"agents": ["shop.example"]}, "matching regex '@'"),
        ({"messages_per_hour": -1}, ">= 0"),
        ({"same_subject_days": -1}, ">= 0"),
        ({"agent": []}, "unknown field `agent`"),
    ],
)
def test_what_cannot_work_is_refused(settings: dict[str, Any], said: str) -> None:
    """With what is wrong and what would be right."""
    with pytest.raises(msgspec.ValidationError, match=said):
        msgspec.convert(settings, ThreadPolicy)


def test_secrets_are_not_shown() -> None:
    """Neither alone nor among other settings."""
    assert SECRET not in repr([ThreadPolicy(token_secrets=(SECRET,))])


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("jo@shop.example", True),
        ("ann@help.example", True),
        ("bob@help.example", False),
        ("jo@sub.shop.example", False),
        ("jo@evilshop.example", False),
        ("shop.example", False),
        ("", False),
    ],
)
def test_agents_are_addresses_or_domains(address: str, ours: bool) -> None:
    """A domain is the whole of what stands behind the @."""
    assert ThreadPolicy(agents=("@Shop.example", "ann@help.example")).is_agent(address) == ours
