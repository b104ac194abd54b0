"""Who is on the other end of a call, and which conversation that makes.

One customer who calls one of our numbers has one conversation, as with text messages: five calls in two minutes are one
ticket. A caller who withholds the number, or whose number did not pass its check, cannot be told from others: each such
call is a conversation of its own, and so is its customer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from normalizer.events import Contact
from normalizer.identity import contact, phone_number

_WORDS = (
    "anonymous", "unknown", "restricted", "private", "unavailable", "blocked", "withheld"
)  # fmt: skip
_KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
# Twilio spells the word on a phone's keys, as a number: +266696687 is ANONYMOUS
# (https://help.twilio.com/articles/223179988). RESTRICTED is documented with a slip of one digit, and comes in both ways.
_SPELT = {"+" + word.translate(_KEYS) for word in _WORDS} | {"+7378742883"}
_URI = re.compile(r"(?:sips?|client|sim):", re.IGNORECASE)
_FAILED = "TN-Validation-Failed"
_PASSED = "TN-Validation-Passed-A"


class Call(msgspec.Struct, frozen=True):
    """The two ends of a call. `thread` names its conversation, "" when only the call it belongs to can tell.

    `number` is what the caller's number is said to be, "" when withheld; `customer` is whom that stands for.
    """

    thread: str
    customer: Contact
    ours: Contact | None
    number: str
    outgoing: bool


def call(told: Mapping[str, str], thread: str = "") -> Call:
    """The ends of the call that `told` is about, which are the parameters of a webhook.

    `thread` is what our own TwiML wrote into the address of a callback, which the signature covers; it goes first,
    since callbacks of recordings and of other legs do not name the caller.
    """
    sid = told.get("ParentCallSid") or told.get("CallSid", "")
    outgoing = told.get("Direction", "").startswith("outbound")
    theirs, our = ("To", "From") if outgoing else ("From", "To")
    leg = bool(told.get("ParentCallSid"))  # its ends are ours, or whatever number was shown to us
    number = "" if leg or withheld(told.get(theirs, "")) else phone_number(told[theirs])
    ours = party(told[our]) if told.get(our) else None
    if thread:
        mine, _, known = thread.partition("|")
        return Call(
            thread, party(known) if known else _nobody(sid, number), party(mine) if known else ours, known, False
        )
    if leg or not (told.get("From") or told.get("To")):
        return Call("", _nobody(sid, ""), ours, "", False)
    if not number or told.get("StirVerstat", "").startswith(_FAILED):
        return Call(sid, _nobody(sid, number), ours, number, outgoing)
    return Call(
        f"{ours.address if ours else ''}|{number}", party(number, told.get("CallerName", "")), ours, number, outgoing
    )


def withheld(number: str) -> bool:
    """Whether a caller's number says that there is none."""
    bare = _URI.sub("", number.strip()).partition("@")[0].strip().lower()
    return not bare or bare in _WORDS or bare in _SPELT


def party(number: str, name: str = "") -> Contact:
    """One end: a phone number, or an address of SIP or of a browser phone."""
    return contact("other" if _URI.match(number) else "tel", number, name)


def trust(told: Mapping[str, str]) -> str:
    """What the caller's carrier answers for (SHAKEN/STIR, https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir).

    Only attestation A says that the caller may use this number; a check that failed may be the fault of a carrier on the
    way, so that such a call is not called spoofed: it only joins nobody's conversation.
    """
    said = told.get("StirVerstat", "")
    return "verified" if said.startswith(_PASSED) else "unknown" if said else ""


def _nobody(sid: str, number: str) -> Contact:
    """A customer for one call."""
    return contact("other", f"call:{sid}", f"{number} (not verified)" if number else "Unknown caller")
