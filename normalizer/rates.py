"""How much one correspondent writes: more mail than a person sends in an hour is a loop, or a machine gone wild."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from normalizer.known_conversations import State
from normalizer.mail.loops import too_many

_HOUR = 3600  # seconds
_pack = msgspec.msgpack.Encoder().encode
_times = msgspec.msgpack.Decoder(list[int])


def is_flood(sender: str, scope: tuple[str, str], at: datetime, limit: int, state: State) -> bool:
    """Whether a sender's mail that was received `at` is one of more than `limit` within an hour; it counts from now on.

    `state` holds the times of each sender's newest hour, `limit` at most, so it is bounded. Times are those of the
    receiving server, so that a replay finds the same, and old mail that is read after new mail is no flood. Which mails
    are too many depends on the order in which they come.
    """
    key = "\0".join((*scope, f"r:{sender}")).encode("utf-8", "replace")
    packed = state.get(key)
    now = int(at.timestamp())
    times = sorted([*(_times.decode(packed) if packed else ()), now])
    state.set(key, _pack([time for time in times if times[-1] - time <= _HOUR][-limit:]))
    near = [datetime.fromtimestamp(time, UTC) for time in times if abs(now - time) <= _HOUR]
    return too_many(near, datetime.fromtimestamp(now, UTC), limit=limit)
