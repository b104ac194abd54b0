"""Customers on X: mentions, one that is edited, an answer, a photo, a direct message, and our own answer to it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

from connectors.fakes.x import SECRETS, USER_ID, FakeX
from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

PAUSE_SECONDS = 0.4
_SEEN_SECONDS = 2.5  # an edit is one only for those who have seen what was before
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Timeline:
    """A public place."""

    def __init__(self, fake: FakeX) -> None:
        self._fake = fake
        names = ("bearer_token", "api_key", "api_secret", "access_token", "access_secret")
        self.accounts: Accounts = {
            "x": {
                "demo": {
                    "user_id": USER_ID,
                    "sources": ["mentions", "replies", "dms"],
                    "api_url": fake.url,
                    "poll_seconds": 1.0,
                    "since": datetime.now(UTC),
                    **{name: SECRETS[name] for name in names},
                }
            }
        }

    async def play(self, door: str, cluster: Cluster) -> None:
        """Post, edit and answer."""
        del door, cluster
        fake = self._fake
        lost = fake.post("ines_r", "@acme my parcel says delivered & there is nothing here 📦 order 4711")
        await asyncio.sleep(PAUSE_SECONDS)
        fake.post("tomh", "@acme the app crashes when I open an invoice, see", photo=_PNG)
        await asyncio.sleep(PAUSE_SECONDS)
        fake.message("ines_r", "Here is my address for the parcel: Rua Nova 7, Porto")
        await asyncio.sleep(_SEEN_SECONDS)
        fake.edit(lost, "@acme my parcel says delivered & there is nothing here 📦 order 4712, sorry")
        await asyncio.sleep(PAUSE_SECONDS)
        fake.post("ines_r", "Any news?", reply_to=lost)
        fake.message("acme", "Thank you, it is on its way again.", to="ines_r")


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """The stand-in ends with the context. It is asked more often here than X would let anybody."""
    with FakeX(limits={"mentions": 3600, "search": 3600, "dm_events": 3600}) as fake:
        yield Timeline(fake)
