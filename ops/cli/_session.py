"""What every command starts from: the options that stand before it, and the configuration."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import typer

from ops.cli._logs import Discreet
from ops.config import Config, load


class Session:
    """The options that stand before the command. The configuration is read only when a command needs it."""

    def __init__(
        self, path: Path | None, broker: str, discreet: Discreet | None = None, *, verbose: bool = False
    ) -> None:
        self.path = path
        self.broker = broker
        self.verbose = verbose
        self._discreet = discreet or Discreet()

    def options(self, broker: str = "") -> list[str]:
        """The same options for another process, which talks to `broker` when it is given."""
        found = ["--config", str(self.path)] if self.path else []
        found += ["--broker", broker or self.broker] if broker or self.broker else []
        return [*found, *(["--verbose"] if self.verbose else [])]

    @cached_property
    def config(self) -> Config:
        """The configuration, checked. From here on no log line holds a secret of it."""
        found = load(self.path)
        self._discreet.keep_out(found.secrets())
        return found


def session(context: typer.Context) -> Session:
    """The session of a command."""
    found: Session = context.find_object(Session) or Session(None, "")
    return found
