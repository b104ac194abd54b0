"""A workspace with a support channel, a guest from a partner, and a direct message; over Socket Mode, with history behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from connectors.fakes.slack import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, FakeSlack
from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

PAUSE_SECONDS = 0.3


class Workspace:
    """Ann works there, Ben is a partner's."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        slack.user("U0ANN", "Ann Lee")
        slack.user("U0BEN", "Ben Okafor", team="T0PARTNER")
        slack.channel("C0SUPPORT", "support")
        slack.channel("D0ANN", user="U0ANN")
        self.accounts: Accounts = {
            "slack": {
                "demo": {
                    "api_url": slack.api_url,
                    "app_token": APP_TOKEN,
                    "bot_token": BOT_TOKEN,
                    "signing_secrets": [SIGNING_SECRET],
                    "history_seconds": 10,
                }
            }
        }

    async def play(self, door: str, cluster: Cluster) -> None:
        """A thread with an answer, an edit and a sign of thanks; a direct message with a file."""
        del door, cluster
        slack = self._slack
        await asyncio.to_thread(slack.connected)
        root = slack.say("C0SUPPORT", "U0ANN", "The export of <#C0SALES|sales> fails with *timeout* since 9:00.")
        await asyncio.sleep(PAUSE_SECONDS)
        slack.say("C0SUPPORT", "U0BEN", "Same with us &amp; our 40 users :warning:", thread_ts=root)
        await asyncio.sleep(PAUSE_SECONDS)
        slack.edit("C0SUPPORT", root, "The export of <#C0SALES|sales> fails with *timeout* since 8:30.")
        await asyncio.sleep(PAUSE_SECONDS)
        slack.react("C0SUPPORT", root, "U0BEN", "raised_hands")
        log = slack.file("export.log", b"09:00:12 export: upstream timed out after 30 s\n")
        slack.say("D0ANN", "U0ANN", "Here is the log.", files=[log])


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """The workspace ends with the context."""
    with FakeSlack() as slack:
        yield Workspace(slack)
