"""How well conversations are found, against the threads that notmuch made of SpamAssassin's ham.

The yardstick is pairs: two mails in one thread there and in one conversation here. notmuch checks no senders, so what a
stranger writes below somebody's Message-ID counts against us where we keep it apart; that is meant.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from normalizer.events import RawEvent
from normalizer.known_conversations import Memory
from normalizer.mail.reading import read
from normalizer.threads import Facts, facts, place

SHUFFLES = 3
Pair = tuple[str, str]


def score(corpora: Path) -> list[dict[str, Any]]:
    """Precision and recall of pairs, and in how many of the shuffled runs everything was the same."""
    root = corpora / "spamassassin"
    expected = json.loads((root / "expected_threads_ham.json").read_text("utf-8"))
    truth = {name: str(i) for i, group in enumerate(expected) for mail in group for name in mail["files"]}
    mails = [_facts(root / name, name) for name in sorted(truth)]
    found, wanted = threads(mails), pairs(truth)
    ours = pairs(found)
    same = 0
    for seed in range(SHUFFLES):
        random.Random(seed).shuffle(mails)
        same += threads(mails) == found
    right = len(ours & wanted)
    return [
        {"what": "threads, precision of pairs", "ours": right / len(ours), "target": 0.99, "peers": {}},
        {"what": "threads, recall of pairs", "ours": right / len(wanted), "target": 0.95, "peers": {}},
        {"what": f"threads, equal after {SHUFFLES} shuffles", "ours": same / SHUFFLES, "target": 1.0, "peers": {}},
    ]


def threads(mails: Iterable[Facts]) -> dict[str, str]:
    """The conversation of each mail once all are known."""
    state, known = Memory(), list(mails)
    for mail in known:
        place(mail, state)
    return {mail.id: place(mail, state).conversation_id for mail in known}


def pairs(labels: Mapping[str, str]) -> set[Pair]:
    """Every two names that have one label."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name, label in labels.items():
        groups[label].append(name)
    return {pair for group in groups.values() for pair in combinations(sorted(group), 2)}


def _facts(path: Path, name: str) -> Facts:
    raw = RawEvent(
        channel="mail",
        account="bench",
        source_id=name,
        body=path.read_bytes(),
        content_type="message/rfc822",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    [message] = read(raw)
    return msgspec.structs.replace(facts(message), id=name)
