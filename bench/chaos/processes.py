"""A tiny supervisor, as docs/operations.md asks for one: whatever ends with another status than 2 is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

RESTART_SECONDS = 0.5
STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.05
GIVEN_UP = 2
RUNS = "running: "


class Process:
    """One process that should run. `statuses` are those with which it has ended, newest last; -9 for a kill."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.log = log
        self.wanted = True
        self.statuses: list[int] = []
        self.again_at = 0.0
        self.child = self._launch()

    def look(self) -> None:
        """Start it again when it has ended and should run."""
        status = self.child.poll()
        if status is None or not self.wanted:
            return
        if not self.again_at:
            self.statuses.append(status)
            if status == GIVEN_UP:
                self.wanted = False
                return
            self.again_at = time.monotonic() + RESTART_SECONDS
        if time.monotonic() >= self.again_at:
            self.again_at = 0.0
            self.child = self._launch()

    def send(self, number: int) -> None:
        """Send a signal, if it runs."""
        if self.child.poll() is None:
            self.child.send_signal(number)

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


class Supervisor:
    """All processes of a run, by their names; ended by their ids when the context ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: dict[str, Process] = {}
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for process in self.processes.values():
            process.wanted = False
            process.send(signal.SIGCONT)
            process.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.child.kill()
                process.child.wait()

    def start(self, name: str, command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
        """Start a process and keep it running."""
        with self._lock:
            log = self.folder / f"{name}.log"
            self.processes[name] = Process(name, command, environment(self.folder, more or {}), log)

    def kill(self, name: str) -> None:
        """`kill -9`; it is started again by itself."""
        with self._lock:
            child = self.processes[name].child
            child.kill()
            child.wait()

    def pause(self, name: str) -> None:
        """SIGSTOP."""
        self.processes[name].send(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self.processes[name].send(signal.SIGCONT)

    def change(self, name: str, more: Mapping[str, str]) -> None:
        """Ask a process to stop, and let it start again with other variables in its environment."""
        with self._lock:
            process = self.processes[name]
            process.environment = environment(self.folder, more)
            process.send(signal.SIGTERM)

    def starts(self, name: str) -> int:
        """How often it has said that it runs."""
        return self.processes[name].log.read_text(errors="replace").count(RUNS)

    def remove(self, name: str, number: int = signal.SIGTERM) -> int:
        """End a process for good; its status."""
        with self._lock:
            process = self.processes.pop(name)
        process.wanted = False
        process.send(number)
        try:
            return process.child.wait(60)
        except subprocess.TimeoutExpired:
            process.child.kill()
            return process.child.wait()

    def pid(self, name: str) -> int:
        """The process id it has now."""
        return self.processes[name].child.pid

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            with self._lock:
                for process in self.processes.values():
                    process.look()


def environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Nothing of this user's own Switchboard, and a data folder of the run's own."""
    mine = {"SWITCHBOARD_CONFIG", "SWITCHBOARD_BROKER"}
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    return kept | {"XDG_DATA_HOME": str(folder / "data"), "COLUMNS": "200", **more}
