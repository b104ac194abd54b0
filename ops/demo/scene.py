"""What a scene of the demo is."""

from __future__ import annotations

from typing import Any, Protocol

from normalizer.cluster import Cluster

Accounts = dict[str, dict[str, dict[str, Any]]]
"""Channel, account, settings; as in a configuration file."""


class Scene(Protocol):
    """A source with something to tell. Its server, where it needs one, runs for as long as its context."""

    accounts: Accounts

    async def play(self, door: str, cluster: Cluster) -> None:
        """Let customers speak, the way the vendor does it. `door` is where our HTTP doors are: ``http://host:port``.

        It is called once everything runs, ends when all is said, and may raise what a caller meets when a door is shut.
        """
        ...
