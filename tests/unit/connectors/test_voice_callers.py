"""Who calls: withheld, spoofed and verified numbers, and people who call again."""

from __future__ import annotations

import msgspec
import pytest

from normalizer.identity import customer
from tests.unit.connectors.voice_line import ANN, BOB, CALL, JO, LEG, placed, read, recorded, told


@pytest.mark.parametrize(
    "number",
    ["anonymous", "Restricted", "+266696687", "+86282452253", "+7378742833", "+7378742883", "+2562533", "+8656696",
     "unknown", "sip:anonymous@anonymous.invalid"],
)  # fmt: skip
def test_withheld_callers_are_not_one_person(number: str) -> None:
    """Each of their calls is a conversation and a customer of its own; its recording finds it."""
    first, second = (read(told("incoming", CallSid=sid, From=number, CallStatus="ringing")) for sid in (CALL, LEG))
    assert first.refs.provider == CALL
    assert len(placed(first, second).board()) == 2
    assert customer(first.sender) != customer(second.sender)
    voicemail = read(msgspec.structs.replace(recorded(), attributes={"door": "recording", "thread": CALL}))
    assert len(placed(first, voicemail).board()) == 1


def test_a_spoofed_caller_joins_nobodys_conversation() -> None:
    """A number that failed its check is shown, and is neither Ann's ticket nor Ann."""
    honest = read(told("incoming", CallStatus="ringing", StirVerstat="TN-Validation-Passed-A"))
    forged = read(told("incoming", CallSid=LEG, CallStatus="ringing", StirVerstat="TN-Validation-Failed-A"))
    assert (honest.trust, forged.trust) == ("verified", "unknown")
    assert forged.degradations == ("caller-not-verified",)
    assert ANN in forged.sender.name
    assert customer(forged.sender) != customer(honest.sender)
    assert len(placed(honest, forged).board()) == 2


def test_only_full_attestation_is_verified() -> None:
    """B and C say that a carrier knows its customer, or the way; not whose number it is."""
    for verdict in ("TN-Validation-Passed-B", "TN-Validation-Passed-C", "No-TN-Validation"):
        message = read(told(CallStatus="ringing", StirVerstat=verdict))
        assert (message.trust, message.fields["stir_verstat"]) == ("unknown", verdict)
    assert read(told(CallStatus="ringing")).trust == ""


def test_five_redials_in_two_minutes_are_one_ticket() -> None:
    """One customer at one number of ours is one conversation; another customer is another."""
    calls = [read(told(CallSid=f"CA{n:032x}", CallStatus="no-answer")) for n in range(5)]
    (ticket,) = placed(*calls).board().values()
    assert ticket[4] == 5
    assert len(placed(*calls, read(told(CallSid=LEG, From=BOB, CallStatus="busy"))).board()) == 2


def test_a_leg_to_us_is_not_the_caller() -> None:
    """A colleague's number is never shown as that of whoever withheld theirs."""
    leg = read(told("status", {"thread": CALL}, CallSid=LEG, ParentCallSid=CALL, From="anonymous", To=JO,
                    Direction="outbound-dial", CallStatus="ringing"))  # fmt: skip
    assert (leg.sender.name, leg.sender.address) == ("Unknown caller", f"call:{CALL}")
