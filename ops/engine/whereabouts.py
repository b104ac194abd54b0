"""Where the local engine of this user is, for those who only want to talk to it: nothing is imported to start one."""

from __future__ import annotations

from pathlib import Path

import msgspec
import platformdirs

from ops.engine import java
from ops.engine.properties import Ports


def data_folder() -> Path:
    """Where the engine of this user keeps its data."""
    return Path(platformdirs.user_data_dir("switchboard")) / "engine"


def saved_ports(folder: Path) -> Ports | None:
    """The ports of the engine that runs, or ran last, in `folder`; None before the first."""
    try:
        return msgspec.json.decode((folder / "ports.json").read_bytes(), type=Ports)
    except FileNotFoundError:
        return None


def running_brokers(folder: Path | None = None) -> str:
    """``host:port[,host:port…]`` of the engine that runs in `folder` (this user's own when None), "" when none runs."""
    folder = folder or data_folder()
    ports = saved_ports(folder)
    nodes = range(1, len(ports.clients) + 1) if ports else ()
    alive = any(java.Daemon(folder / f"node-{node}").process() for node in nodes)
    return ports.brokers if ports and alive else ""
