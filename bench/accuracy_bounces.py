"""How well bounces are recognised and read, on the labelled corpora, beside the library flufl.bounce.

``python bench/accuracy_bounces.py`` prints the table. The labels are those of sisimai (reasons, codes, hard or soft)
and of flufl.bounce (addresses); the ham is SpamAssassin's. sisimai's own codes for "none in the mail" (x.0.9xx) are
no status of the mail, so the status is counted only where the label is a real one.
"""

from __future__ import annotations

import email
import json
import logging
import os
import pathlib
from typing import Any

from flufl.bounce import scan_message

from normalizer.mail.kinds import Classified, classify
from normalizer.mail.parse import parse

Row = dict[str, Any]

# sisimai's names for our reasons; where it splits finer than we do, the names are joined.
REASONS = {
    "user-unknown": "userunknown",
    "moved": "hasmoved",
    "host-unknown": "hostunknown",
    "no-mail": "notaccept",
    "mailbox-full": "mailboxfull",
    "suspended": "suspend",
    "filtered": "filtered",
    "expired": "expired",
    "network": "networkerror",
    "loop": "networkerror",
    "size": "mesgtoobig",
    "limit": "exceedlimit",
    "content": "contenterror",
    "syntax": "syntaxerror",
    "non-compliant": "notcompliantrfc",
    "sender-rejected": "rejected",
    "relay-denied": "norelaying",
    "auth": "authfailure",
    "no-ptr": "requireptr",
    "blocked": "blocked badreputation",
    "rate": "toomanyconn speeding ratelimited",
    "spam": "spamdetected",
    "virus": "virusdetected",
    "policy": "policyviolation",
    "security": "securityerror",
    "tls": "failedstarttls",
    "system-error": "systemerror",
    "system-full": "systemfull",
    "mailer-error": "mailererror",
    "on-hold": "onhold greylisted",
    "unknown": "undefined",
}
KINDS = {"feedback": {"feedback"}, "vacation": {"auto_reply"}, "delivered": {"receipt"}}
REPORTS = frozenset({"bounce", "delay"})


def _share(right: int, of: int) -> float:
    return round(right / of, 4) if of else 0.0


def _peer(data: bytes) -> set[str]:
    """The addresses that flufl.bounce finds: none where it fails on the mail."""
    logging.getLogger("flufl.bounce").disabled = True
    try:
        found = scan_message(email.message_from_bytes(data))
    except (AttributeError, LookupError, TypeError, ValueError):
        return set()
    return {address.decode("utf-8", "replace").lower() for address in found}


def _sisimai(corpora: pathlib.Path) -> list[Row]:
    folder = corpora / "sisimai"
    expected = json.loads((folder / "expected.json").read_text())
    reports = recognised = kinds = peer = 0
    pairs: list[tuple[Row, Any]] = []
    total = 0
    for name, wanted in expected.items():
        data = (folder / "maildir" / "bsd" / name).read_bytes()
        found = classify(parse(data))
        kinds += found.kind in KINDS.get(wanted[0]["reason"], REPORTS)
        if wanted[0]["reason"] in KINDS:
            continue
        reports += 1
        recognised += found.kind in REPORTS
        peer += bool(_peer(data))
        total += len(wanted)
        pairs += zip(wanted, found.bounces, strict=False)
    hard = sum(label["hard"] == bounce.hard for label, bounce in pairs)
    reasons = sum(label["reason"] in REASONS[bounce.reason].split() for label, bounce in pairs)
    coded = [(label, bounce) for label, bounce in pairs if ".0.9" not in label["dsn"]]
    status = sum(label["dsn"] == bounce.status for label, bounce in coded)
    flufl = "flufl.bounce"
    return [
        {
            "what": "bounces recognised",
            "ours": _share(recognised, reports),
            "target": 0.995,
            "peers": {flufl: _share(peer, reports)},
        },
        {"what": "kind right, all of sisimai", "ours": _share(kinds, len(expected)), "target": 0.995, "peers": {}},
        {"what": "hard or soft right", "ours": _share(hard, total), "target": 0.95, "peers": {}},
        {"what": "reason right", "ours": _share(reasons, total), "target": None, "peers": {}},
        {"what": "status code right", "ours": _share(status, len(coded)), "target": None, "peers": {}},
    ]


def _ham(corpora: pathlib.Path) -> Row:
    paths = [
        path for path in sorted((corpora / "spamassassin").rglob("*")) if path.is_file() and "ham" in str(path.parent)
    ]
    alarms = peer = 0
    for path in paths:
        data = path.read_bytes()
        alarms += classify(parse(data)).kind in REPORTS
        peer += bool(_peer(data))
    return {
        "what": f"false alarms on {len(paths)} ham",
        "ours": _share(alarms, len(paths)),
        "target": 0.001,
        "peers": {"flufl.bounce": _share(peer, len(paths))},
    }


def _flufl(corpora: pathlib.Path) -> Row:
    folder = corpora / "flufl_bounce"
    expected = json.loads((folder / "expected.json").read_text())
    ours, peers = [0, 0, 0], [0, 0, 0]
    for name, wanted in expected.items():
        data = (folder / "data" / name).read_bytes()
        want = {address.lower() for address in wanted["temporary"] + wanted["permanent"]}
        found: Classified = classify(parse(data))
        _count(ours, want, {bounce.address.lower() for bounce in found.bounces})
        _count(peers, want, _peer(data))
    return {"what": "addresses F1, flufl set", "ours": _f1(ours), "target": 0.95, "peers": {"flufl.bounce": _f1(peers)}}


def _count(counts: list[int], want: set[str], got: set[str]) -> None:
    counts[0] += len(want & got)
    counts[1] += len(got)
    counts[2] += len(want)


def _f1(counts: list[int]) -> float:
    return _share(2 * counts[0], counts[1] + counts[2])


def score(corpora: pathlib.Path) -> list[Row]:
    """The rows of the table: what, our figure, the target (None: reported only), the peers' figures."""
    return [*_sisimai(corpora), _ham(corpora), _flufl(corpora)]


def main() -> None:
    """Print the table for the corpora that ``SWITCHBOARD_CORPORA`` names."""
    default = pathlib.Path(__file__).parents[2] / "shared" / "corpora"
    for row in score(pathlib.Path(os.environ.get("SWITCHBOARD_CORPORA", default))):
        peers = ", ".join(f"{name} {figure}" for name, figure in row["peers"].items())
        print(f"{row['what']:<32} {row['ours']:<8} target {row['target'] or '-':<7} {peers}")


if __name__ == "__main__":
    main()
