"""How often one address may call: a leaky bucket for each, in bounded memory (GCRA, ITU-T I.371).

A rate library keeps every address for its whole window; a flood of addresses is the very thing to guard
against, so here the one that has been quiet the longest is forgotten first.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

_REMEMBERED = 20_000


class Rate:
    """`per_minute` calls in a row, and then one each 60 / `per_minute` seconds."""

    def __init__(self, per_minute: int) -> None:
        self._interval = 60.0 / per_minute
        self._burst = 60.0 - self._interval
        self._due: OrderedDict[str, float] = OrderedDict()

    def wait(self, address: str, now: float) -> float:
        """0 when this call may go on (it is counted), else the seconds to wait (it is not). `now` is monotonic."""
        who = _household(address)
        due = max(self._due.get(who, now), now)
        over = due - now - self._burst
        if over > 1e-9:
            return over
        self._due[who] = due + self._interval
        self._due.move_to_end(who)
        if len(self._due) > _REMEMBERED:
            self._due.popitem(last=False)
        return 0.0


def _household(address: str) -> str:
    """An IPv6 customer has a whole /64, any address of which costs nothing."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
