"""What customers say while things break: seeded, so that a run can be repeated. Pure.

Every saying has a mark in its words that no other has, by which it is found again in the ticket store.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator

import msgspec

PACE: dict[str, float] = {
    "mail": 4.0,
    "sms": 1.5,
    "whatsapp_twilio": 0.7,
    "voice": 0.3,
    "whatsapp": 1.0,
    "messenger": 0.8,
    "instagram": 0.8,
    "slack": 1.5,
    "x": 0.7,
    "webchat": 1.0,
    "webform": 1.5,
    "webhook": 1.5,
    "filedrop": 1.0,
}
"""Sayings a second on each channel. Mail is paced like the others: a folder that is full from the start is read before the first fault."""

IN_BURSTS = 0.75
"""The share of sayings that come at once after another, so that there is something in hand when a process dies."""

PEOPLE = 12
"""Who writes on each channel; each has one conversation there at a time."""

AGAIN = ("webform", "webhook")
"""Where what is said twice is the same post with the same id; elsewhere it is another copy."""

_MARK = re.compile(r"mark-([a-z_]+)-(\d{6})\b")
_WORDS = (
    "The parcel has not come yet.",
    "I was billed twice for November.",
    "Production is down, please help at once!",
    "How do I change my address?",
    "Die Rechnung 2231 stimmt nicht.",
    "Thank you, that helped.",
    "请帮我看看这个订单。",
    "It is broken. I want my money back.",
)


class Saying(msgspec.Struct, frozen=True):
    """One thing that one person says. `talk` names the conversation, `turn` counts within it; `twice` is delivered twice."""

    channel: str
    number: int
    person: int
    talk: str
    turn: int
    text: str
    pause: float
    twice: bool = False

    @property
    def mark(self) -> str:
        """What stands in the words of this saying only."""
        return f"mark-{self.channel}-{self.number:06d}"


def sayings(channel: str, seed: int, rate: float) -> Iterator[Saying]:
    """An endless conversation on one channel, with the pause before each saying; `rate` multiplies its pace."""
    chance = random.Random(f"{seed}/{channel}")  # the channels do not depend on each other
    talks = [0] * PEOPLE
    turns = [0] * PEOPLE
    number = 0
    while True:
        person = chance.randrange(PEOPLE)
        if turns[person] and chance.random() < 0.25:  # this matter is settled; the next one begins
            talks[person], turns[person] = talks[person] + 1, 0
        turns[person] += 1
        mark = f"mark-{channel}-{number:06d}"
        yield Saying(
            channel=channel,
            number=number,
            person=person,
            talk=f"{person}.{talks[person]}",
            turn=turns[person],
            text=f"{chance.choice(_WORDS)} ({mark})",
            pause=0.0
            if chance.random() < IN_BURSTS
            else chance.uniform(0.5, 1.5) / (1 - IN_BURSTS) / (PACE[channel] * rate),
            twice=chance.random() < 0.05,
        )
        number += 1


def marks(text: str) -> Iterable[str]:
    """The marks that stand in a text."""
    return (found[0] for found in _MARK.finditer(text))
