"""A Switchboard as ops run it: one process for each connector and each stage, started by the command itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from normalizer.cluster import Cluster

BIN = Path(sys.executable).with_name("switchboard")
STAGES = ("normalize", "thread", "route", "deliver.sqlite", "ledger")


class Switchboard:
    """Processes over one configuration. Use it in a ``with`` block, which ends them all."""

    def __init__(self, folder: Path, cluster: Cluster, channels: str, *, http_port: int = 0, more: str = "") -> None:
        self.folder = folder
        self.config = folder / "switchboard.toml"
        self.store = folder / "tickets.db"
        self.config.write_text(
            f'[kafka]\nbrokers = "{cluster.brokers}"\nnamespace = "{cluster.namespace}"\n'
            f"partitions = {cluster.partitions}\n{_security(cluster)}"
            f'[store]\npath = "{self.store}"\n[blobs]\nurl = "file://{folder}/blobs"\n'
            f"[http]\nport = {http_port or 8480}\n{channels}\n{more}"
        )
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Switchboard:
        self.command("topics", "declare")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, kind: str, name: str, *more: str) -> None:
        """Start ``switchboard run KIND NAME``, known by that name; by its kind when it runs all of them."""
        known = kind if name == "all" else name
        with (self.folder / f"{known}.log").open("ab") as log:
            self.processes[known] = subprocess.Popen(
                [BIN, "--config", self.config, "run", kind, name, *more],
                stdout=log,
                stderr=log,
                env=environment(self.folder),
            )

    def start_all(self) -> None:
        """Everything in two processes: all connectors, and all stages."""
        self.start("stage", "all")
        self.start("connector", "all")

    def start_each(self, *connectors: str) -> None:
        """A process for each stage and each of these connectors."""
        for stage in STAGES:
            self.start("stage", stage)
        for connector in connectors:
            self.start("connector", connector)

    def kill(self, name: str) -> None:
        """`kill -9`, and start it again as a supervisor would."""
        process = self.processes[name]
        kind = str(process.args[4])  # type: ignore[index]  # a list
        process.kill()
        process.wait()
        self.start(kind, name)

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [BIN, "--config", self.config, *arguments],
            capture_output=True, text=True, timeout=120, check=False, env=environment(self.folder),
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}\n{self.logs()}"
        return done

    def json(self, *arguments: str, check: bool = True) -> list[dict[str, Any]]:
        """What a command prints with ``--json``."""
        return [json.loads(line) for line in self.command(*arguments, "--json", check=check).stdout.splitlines()]

    def wait(self, what: Callable[[], bool], seconds: float = 90) -> None:
        """Wait until something is so; says what the processes logged when it never is."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, f"not in {seconds} s:\n{self.logs()}"
            time.sleep(0.3)

    def logs(self) -> str:
        """The end of each process's log."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in sorted(self.folder.glob("*.log")))


def _security(cluster: Cluster) -> str:
    """The settings of a login, when there is one."""
    names = ("sasl_mechanism", "username", "password", "ssl_cafile", "ssl_certfile", "ssl_keyfile")
    given = {name: getattr(cluster, name) for name in ("security_protocol", *names)}
    return "".join(f'{name} = "{value}"\n' for name, value in given.items() if value)


def environment(folder: Path) -> Mapping[str, str]:
    """Nothing of this user's own Switchboard: no configuration, another data folder, a terminal wide enough."""
    mine = {"SWITCHBOARD_CONFIG", "SWITCHBOARD_BROKER"}
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    return kept | {"XDG_DATA_HOME": str(folder / "data"), "COLUMNS": "200"}
