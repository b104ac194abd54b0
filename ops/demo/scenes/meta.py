"""People write to a shop on WhatsApp, in Messenger and on Instagram."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from connectors.fakes.meta import FakeMeta
from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

PAUSE_SECONDS = 0.4
_OBJECTS = {"whatsapp": "whatsapp_business_account", "messenger": "page", "instagram": "instagram"}
_ANN, _BEN, _CLEO = "4915112345678", "24000012345", "17840000042"
_PHOTO = b"\xff\xd8\xff\xe0 a cup with a crack \xff\xd9"


class Shop:
    """A shop that is on all three."""

    def __init__(self, meta: FakeMeta) -> None:
        self._meta = meta
        meta.graph.people[_BEN] = {"first_name": "Ben", "last_name": "Okafor"}
        meta.graph.people[_CLEO] = {"name": "Cleo Marin", "username": "cleo.marin"}
        self.accounts: Accounts = {channel: {"demo": meta.settings} for channel in _OBJECTS}

    async def play(self, door: str, cluster: Cluster) -> None:
        """A broken cup, a question before a purchase, and somebody who tells a story about the shop."""
        del cluster
        for channel, object_ in _OBJECTS.items():
            await asyncio.to_thread(self._meta.subscribe, object_, f"{door}/{channel}/demo")
        number, page, account = self._meta.number(), self._meta.page(), self._meta.instagram()
        first = number.text(_ANN, "Ann Berger", "My cup arrived broken, order 5531.")
        page.postback(_BEN, "Get Started", "GET_STARTED")
        account.attachment(_CLEO, "story_mention", "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id=1")
        await self._deliver()
        photo = self._meta.graph.add(_PHOTO, "image/jpeg")
        number.media(_ANN, "Ann Berger", "image", photo, "image/jpeg", "This is the crack.")
        question = page.text(_BEN, "Do you ship to Lagos?")
        account.text(_CLEO, "Did you see my story?")
        await self._deliver()
        number.edit(_ANN, "Ann Berger", first, "My cup arrived broken, order 5513.")
        page.edit(_BEN, question, "Do you ship to Lagos or Accra?")
        number.status(_ANN, "wamid.of-our-answer", "delivered")
        page.comment("24000067890", "Dana Ruiz", f"{page.id}_77", "Still no answer to my mail!")
        await self._deliver()

    async def _deliver(self) -> None:
        await asyncio.to_thread(self._meta.deliver)
        await asyncio.sleep(PAUSE_SECONDS)


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """The stand-in of Meta ends with the context."""
    with FakeMeta() as meta:
        yield Shop(meta)
