"""Somebody fills in a form on a web page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import httpx

from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

_POST = {
    "name": "Noor Haddad",
    "email": "noor@delta.example",
    "subject": "Cannot log in",
    "message": "My password is refused since this morning, and I have a demo at noon.",
}


class Form:
    """A page that the edge itself shows."""

    def __init__(self) -> None:
        self.accounts: Accounts = {"webform": {"demo": {"title": "Write to us"}}}

    async def play(self, door: str, cluster: Cluster) -> None:
        """Post it."""
        del cluster
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{door}/webform/demo", json=_POST)
            answer.raise_for_status()


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """It needs no server of its own."""
    yield Form()
