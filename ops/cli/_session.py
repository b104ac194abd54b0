"""What every command starts from: the configuration and the Kafka that it was told to use."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import typer

from normalizer.cluster import Cluster
from ops import wiring
from ops.config import Config, load


class Session:
    """The options that stand before the command. What they name is looked at only when a command needs it."""

    def __init__(self, path: Path | None, broker: str) -> None:
        self.path = path
        self.broker = broker

    @cached_property
    def config(self) -> Config:
        """The configuration, checked."""
        return load(self.path)

    @cached_property
    def cluster(self) -> Cluster:
        """The Kafka to use."""
        return wiring.cluster(self.config, self.broker)


def session(context: typer.Context) -> Session:
    """The session of a command."""
    found: Session = context.find_object(Session) or Session(None, "")
    return found
