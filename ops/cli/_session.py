"""What every command starts from: the options that stand before it, and the configuration."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import typer

from normalizer.errors import Misconfigured
from ops.cli._logs import Discreet
from ops.cli._running import Running, running
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
    def given(self) -> Config:
        """What `--config` names, or the defaults; checked. From here on no log line holds a secret of it."""
        return self._discreetly(load(self.path))

    @cached_property
    def running(self) -> Running | None:
        """The `switchboard up` that runs here, unless the options say where to look instead."""
        return None if self.path or self.broker else running()

    @cached_property
    def config(self) -> Config:
        """What `--config` names; without it that of the `switchboard up` that runs, or the defaults. Checked and kept out of logs."""
        if not self.running or not self.running.config:
            return self.given
        try:
            return self._discreetly(load(Path(self.running.config)))
        except Misconfigured as error:
            raise Misconfigured(
                f"{error}; this is {self.running.config}, of the `switchboard up` that runs (process {self.running.pid}): "
                "name another with --config"
            ) from error

    def _discreetly(self, config: Config) -> Config:
        self._discreet.keep_out(config.secrets())
        return config


def session(context: typer.Context) -> Session:
    """The session of a command."""
    found: Session = context.find_object(Session) or Session(None, "")
    return found
