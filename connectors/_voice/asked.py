"""What has come of calls that are still going on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from connectors._voice.told import CALLBACK, answered, number

_REMEMBERED = 10_000


class Asked:
    """What has come of calls that are still going on: so much as one process saw, and for as long as it lives.

    It only spares people a second call for action, a "Missed call" after a voicemail. Where it is lost they get both.
    """

    def __init__(self) -> None:
        self._left: OrderedDict[str, str] = OrderedDict()

    def note(self, found: Mapping[str, str], door: str) -> None:
        """Remember what a webhook says was left."""
        left = _left(found, door)
        if left and found.get("CallSid"):
            self._left.setdefault(found["CallSid"], left)
            if len(self._left) > _REMEMBERED:
                self._left.popitem(last=False)

    def of(self, call: str) -> str:
        """``callback``, ``voicemail``, ``answered``, ``missed`` when people have been told so already, or ""."""
        return self._left.get(call, "")


def _left(found: Mapping[str, str], door: str) -> str:
    if door == "gather" and found.get("Digits") == CALLBACK:
        return "callback"
    if door in ("record", "recording") and found.get("RecordingUrl") and number(found.get("RecordingDuration", "")) > 0:
        return "voicemail"
    if door == "dial" and "DialCallStatus" in found:
        return "answered" if answered(found) else "missed"
    return "missed" if door == "queue" and found.get("QueueResult") not in ("bridged", "leave", "redirected") else ""
