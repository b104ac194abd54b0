"""The decisions about one message: does it ask anybody to act, how urgent is it, and whose is it. All explained."""

from __future__ import annotations

from typing import get_args

import msgspec

from normalizer.events import Decision, Kind, Message, Priority
from normalizer.facts import facts
from normalizer.policy import Policy
from normalizer.rules import RuleSet

# Not "list": three of four ordinary mails carry ``Precedence: bulk`` or ``list``, and people read them.
_NOBODY_ACTS: dict[Kind, str] = {
    "bounce": "bounce",
    "delay": "delay",
    "auto_reply": "auto-reply",
    "feedback": "feedback-report",
    "receipt": "receipt",
    "edit": "edit",
    "deletion": "deletion",
    "reaction": "reaction",
    "call": "call-progress",
    "echo": "our-own",
}
HONEYPOT = "honeypot"
"""The degradation of a web form message whose hidden field was filled in: only programs see that field."""
LOOP = "mail-loop"
"""The degradation of a mail that goes in circles."""


class Rulings:
    """A policy, compiled. Raises `Misconfigured` for a rule that cannot work."""

    def __init__(self, policy: Policy) -> None:
        self.priority = RuleSet("rules.priority", policy.priority, policy.default_priority, results=get_args(Priority))
        self.queue = RuleSet("rules.queue", policy.queue, policy.default_queue)
        self.suppress = RuleSet("rules.suppress", policy.suppress, "")


def prioritize(message: Message, rules: RuleSet) -> tuple[Priority, Decision]:
    """How soon somebody should act; `rules` give one of the four priorities."""
    result, decision = rules.decide("priority", facts(message, rules.named))
    return msgspec.convert(result, Priority), decision


def choose_queue(message: Message, rules: RuleSet) -> tuple[str, Decision]:
    """The name of the queue that `message` belongs to."""
    return rules.decide("queue", facts(message, rules.named))


def suppress(message: Message, rules: RuleSet) -> tuple[str, Decision | None]:
    """Why `message` asks nobody to act, as a short countable slug, or "" when it does.

    Messages from machines are suppressed by their kind, then whatever `rules` name; the result of such a rule is
    the reason. A suppressed message is kept with its ticket; it only wakes nobody.
    """
    if reason := _NOBODY_ACTS.get(message.kind, ""):
        return reason, Decision("suppress", "kind", reason, f"the message is of kind {message.kind}")
    if HONEYPOT in message.degradations:
        return HONEYPOT, Decision("suppress", "honeypot", HONEYPOT, "a field that people cannot see was filled in")
    if LOOP in message.degradations:
        return "loop", Decision("suppress", LOOP, "loop", message.fields.get("loop", "the mail goes in circles"))
    reason, decision = rules.decide("suppress", facts(message, rules.named))
    return (reason, decision) if reason else ("", None)
