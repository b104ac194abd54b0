"""What every command starts from: the options that stand before it, and the configuration."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import typer

from ops.config import Config, load


class Session:
    """The options that stand before the command. The configuration is read only when a command needs it."""

    def __init__(self, path: Path | None, broker: str) -> None:
        self.path = path
        self.broker = broker

    @cached_property
    def config(self) -> Config:
        """The configuration, checked."""
        return load(self.path)


def session(context: typer.Context) -> Session:
    """The session of a command."""
    found: Session = context.find_object(Session) or Session(None, "")
    return found
