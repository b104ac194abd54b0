"""Apache Kafka on this machine: one node for every day, or three to see what happens when one dies.

Loopback only. Acknowledged records survive the end of any process, `kill -9` included; with one node they
do not survive a power cut of the machine within the seconds before the operating system writes them down.
"""

from __future__ import annotations

import base64
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import msgspec
from filelock import FileLock, Timeout
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # kafka-python ships no types
from kafka.errors import KafkaError  # type: ignore[import-untyped]  # the same

from normalizer.errors import Misconfigured
from ops.engine import java
from ops.engine.jars import Lock, Progress, cache_folder, install
from ops.engine.properties import Ports, properties
from ops.engine.whereabouts import data_folder, saved_ports

PORT = 9092
START_SECONDS = 120.0  # only a machine under heavy load needs more than ten
STOP_SECONDS = 15.0
HEAP_MB = 512
HEAP_MB_EACH_OF_MANY = 512

LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


class Status(msgspec.Struct, frozen=True):
    """What `switchboard engine status` tells. `resident_bytes` is the memory of all nodes together."""

    running: bool
    brokers: str
    pids: tuple[int, ...]
    resident_bytes: int
    folder: Path


class Engine:
    """One local Kafka and the folder it lives in. Also a context manager that starts and stops it.

    `port` is where the first node listens, the others on the ports after it; 0 takes free ones. Commands and
    processes that share a folder share the engine: what one started, another can see and stop. `settings` of the
    brokers are added to ours, or take their place.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        port: int = PORT,
        nodes: int = 1,
        jars: Path | None = None,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        self.folder = folder or data_folder()
        self.jars = jars or cache_folder()
        self._port = port
        self._settings = dict(settings or {})
        self._daemons = tuple(java.Daemon(self.folder / f"node-{i}") for i in range(1, nodes + 1))

    @property
    def brokers(self) -> str:
        """``host:port[,host:port…]`` of the engine that runs, or ran last, in this folder; "" before the first."""
        ports = saved_ports(self.folder)
        return ports.brokers if ports else ""

    def start(self, progress: Progress | None = None) -> Engine:
        """Fetch what is missing, start, and return when every node takes requests (2-4 s when all is there).

        Raises `Misconfigured` when the engine already runs, a port or the folder is taken, a jar is not the
        locked one or a node does not come up, and `Retriable` when jars cannot be fetched.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "start.lock", timeout=0):
                self._start(progress)
        except Timeout as error:
            raise Misconfigured(f"Another process is starting the engine in {self.folder}: wait for it.") from error
        return self

    def stop(self) -> None:
        """Stop gracefully and wait; harmless when nothing runs."""
        for daemon in self._daemons:
            daemon.terminate()
        for daemon in self._daemons:
            daemon.wait(STOP_SECONDS)

    def status(self) -> Status:
        """Whether it runs, where, and how much memory it takes."""
        processes = [process for daemon in self._daemons if (process := daemon.process())]
        return Status(
            running=bool(processes),
            brokers=self.brokers,
            pids=tuple(process.pid for process in processes),
            resident_bytes=sum(process.memory_info().rss for process in processes),
            folder=self.folder,
        )

    def kill(self, node: int) -> None:
        """`kill -9` of one node, counted from 1: for fault tests."""
        self._daemons[node - 1].kill()

    def restart(self, node: int) -> None:
        """Start a killed node again, on the ports it had; returns when it is back in the cluster."""
        ports = saved_ports(self.folder)
        if ports is None:
            raise Misconfigured(f"The engine in {self.folder} was never started: start it first.")
        self._launch(node, install(Lock.load("kafka"), self.jars))
        self._await(ports, (node,))

    def __enter__(self) -> Engine:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self, progress: Progress | None) -> None:
        self._demand_unused()
        nodes = range(1, len(self._daemons) + 1)
        ports = self._choose_ports()
        classpath = install(Lock.load("kafka"), self.jars, progress)
        for node in nodes:
            self._write_properties(node, ports)
        self._format(classpath)
        (self.folder / "ports.json").write_bytes(msgspec.json.encode(ports))
        try:
            for node in nodes:
                self._launch(node, classpath)
            self._await(ports, nodes)
        except BaseException:
            self.stop()
            raise

    def _demand_unused(self) -> None:
        running = self.status()
        if running.running:
            raise Misconfigured(
                f"The engine in {self.folder} runs already (pid {running.pids[0]}, {running.brokers}): "
                f"use it, or run `switchboard engine down` first."
            )
        for daemon in self._daemons:
            if process := java.user_of(daemon.folder / "server.properties"):
                raise Misconfigured(
                    f"The folder {daemon.folder} is used by a Kafka that we did not start (pid {process.pid}): "
                    f"stop that process, or give another folder."
                )
        before = saved_ports(self.folder)
        if before and len(before.clients) != len(self._daemons):
            raise Misconfigured(
                f"The engine in {self.folder} was made with {len(before.clients)} nodes, not {len(self._daemons)}: "
                f"start it with as many, or give another folder."
            )

    def _choose_ports(self) -> Ports:
        count = len(self._daemons)
        if not self._port:
            free = java.free_ports(2 * count)
            return Ports(free[:count], free[count:])
        clients = tuple(range(self._port, self._port + count))
        for port in clients:
            java.demand_free(port, "stop that program, or use another port: `switchboard engine up --port PORT`.")
        return Ports(clients, java.free_ports(count))

    def _write_properties(self, node: int, ports: Ports) -> None:
        folder = self._daemons[node - 1].folder
        folder.mkdir(exist_ok=True)
        (folder / "server.properties").write_text(properties(node, ports, folder, self._settings))

    def _format(self, classpath: list[Path]) -> None:
        """Give new nodes their storage, all at once with one cluster id."""
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
        new = [daemon for daemon in self._daemons if not (daemon.folder / "data" / "meta.properties").exists()]
        running = [self._formatter(daemon, cluster, classpath) for daemon in new]
        for daemon, tool in zip(new, running, strict=True):
            output, _ = tool.communicate(timeout=START_SECONDS)
            if tool.returncode:
                raise Misconfigured(
                    f"The storage in {daemon.folder} could not be made: {output.decode(errors='replace').strip()}\n"
                    f"Make room or permissions there, or give another folder."
                )

    def _formatter(self, daemon: java.Daemon, cluster: str, classpath: list[Path]) -> subprocess.Popen[bytes]:
        arguments = ("format", "--cluster-id", cluster, "--config", str(daemon.folder / "server.properties"))
        options = (*LOGGING, java.BRIEF)
        tool = java.command(
            classpath, "kafka.tools.StorageTool", *arguments, heap_mb=HEAP_MB_EACH_OF_MANY, options=options
        )
        return subprocess.Popen(tool, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def _launch(self, node: int, classpath: list[Path]) -> None:
        daemon = self._daemons[node - 1]
        heap = HEAP_MB if len(self._daemons) == 1 else HEAP_MB_EACH_OF_MANY
        configuration = str(daemon.folder / "server.properties")
        daemon.launch(java.command(classpath, "kafka.Kafka", configuration, heap_mb=heap, options=LOGGING))

    def _await(self, ports: Ports, nodes: Sequence[int]) -> None:
        deadline = time.monotonic() + START_SECONDS
        for node in nodes:
            port = ports.clients[node - 1]
            daemon = self._daemons[node - 1]
            daemon.await_ready(lambda port=port: java.listening(port), deadline - time.monotonic())  # type: ignore[misc]
        self._daemons[nodes[0] - 1].await_ready(
            lambda: set(nodes) <= _members(ports.clients[nodes[0] - 1]), deadline - time.monotonic()
        )


def _members(port: int) -> set[int]:
    """The ids of the nodes that the node on `port` counts as members; none when it does not answer."""
    try:
        admin = KafkaAdminClient(bootstrap_servers=f"{java.LOOPBACK}:{port}", bootstrap_timeout_ms=2000)
    except KafkaError:
        return set()
    try:
        return {broker["broker_id"] for broker in admin.describe_cluster()["brokers"] if not broker["is_fenced"]}
    except KafkaError:
        return set()
    finally:
        admin.close()
