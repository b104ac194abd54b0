"""All scenes of the demo, and their accounts in the configuration."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import pkgutil
import secrets
from collections.abc import Iterator, Sequence

import httpx
import msgspec

from normalizer.cluster import Cluster
from normalizer.errors import SwitchboardError
from ops.config import Config
from ops.demo import scenes as _scenes
from ops.demo.scene import Scene

_log = logging.getLogger(__name__)


class Demo(msgspec.Struct, frozen=True):
    """A configuration whose channels all have an account that works, and what happens on them."""

    config: Config
    scenes: dict[str, Scene]

    async def play(self, cluster: Cluster) -> None:
        """Let all scenes play at once. One that fails is logged and stops no other."""
        http = self.config.http
        door = f"http://{http.host}:{http.port}"
        await asyncio.gather(*(self._one(name, door, cluster) for name in self.scenes))

    async def _one(self, name: str, door: str, cluster: Cluster) -> None:
        try:
            await self.scenes[name].play(door, cluster)
        except (OSError, httpx.HTTPError, SwitchboardError) as error:
            _log.error("the scene %s of the demo ended early: %s", name, error)


def scenes() -> Sequence[str]:
    """The names of all scenes."""
    return sorted(module.name for module in pkgutil.iter_modules(_scenes.__path__))


@contextlib.contextmanager
def prepared(config: Config, names: Sequence[str] = ()) -> Iterator[Demo]:
    """`config` with the accounts of these scenes added, or of all, and a `monitor_token`; their servers end with the context."""
    with contextlib.ExitStack() as stack:
        found: dict[str, Scene] = {
            name: stack.enter_context(importlib.import_module(f"{_scenes.__name__}.{name}").scene())
            for name in names or scenes()
        }
        channels = {name: dict(accounts) for name, accounts in config.channels.items()}
        for scene in found.values():
            for channel, accounts in scene.accounts.items():
                channels.setdefault(channel, {}).update(accounts)
        # With a token of its own, so that the demo's metrics can be looked at.
        token = config.http.monitor_token or secrets.token_hex(16)
        http = msgspec.structs.replace(config.http, monitor_token=token)
        yield Demo(msgspec.structs.replace(config, channels=channels, http=http), found)
