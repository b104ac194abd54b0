"""What the engines are told, and what they refuse before anything is started."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from normalizer.errors import Misconfigured
from ops.engine import greenmail, java, kafka
from ops.engine.properties import Ports, properties

ONE = Ports(clients=(9092,), votes=(9093,))
THREE = Ports(clients=(9092, 9093, 9094), votes=(9192, 9193, 9194))


def settings(node: int, ports: Ports) -> dict[str, str]:
    """The properties of a node, parsed."""
    return dict(line.split("=", 1) for line in properties(node, ports, Path("/data/node")).splitlines())


def test_a_node_listens_on_the_loopback_address_only() -> None:
    """Nobody else on the network can reach a Kafka without a password."""
    found = settings(1, ONE)
    assert found["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert found["advertised.listeners"] == "PLAINTEXT://127.0.0.1:9092"


def test_topics_are_never_made_by_a_typing_mistake() -> None:
    """Automatic creation is off."""
    assert settings(1, ONE)["auto.create.topics.enable"] == "false"


def test_one_node_keeps_one_copy() -> None:
    """Internal topics ask for no more copies than there are nodes."""
    found = settings(1, ONE)
    assert {"1"} == {value for name, value in found.items() if "replication.factor" in name or ".isr" in name}


def test_three_nodes_keep_three_copies_and_write_with_two() -> None:
    """So that any one node can die."""
    found = settings(2, THREE)
    assert found["controller.quorum.voters"] == "1@127.0.0.1:9192,2@127.0.0.1:9193,3@127.0.0.1:9194"
    assert found["listeners"] == "PLAINTEXT://127.0.0.1:9093,CONTROLLER://127.0.0.1:9193"
    assert {"3"} == {value for name, value in found.items() if "replication.factor" in name}
    assert {"2"} == {value for name, value in found.items() if name.endswith("isr") or name == "min.insync.replicas"}


def test_greenmail_listens_on_the_loopback_address_only() -> None:
    """And one logs in with the whole address."""
    options = greenmail.options(greenmail.Ports(smtp=2525, imap=1143), {"support@example.org": "secret"})
    assert {"-Dgreenmail.smtp.hostname=127.0.0.1", "-Dgreenmail.imap.hostname=127.0.0.1"} <= set(options)
    assert {"-Dgreenmail.users=support:secret@example.org", "-Dgreenmail.users.login=email"} <= set(options)


@pytest.mark.parametrize(("address", "password"), [("support", "x"), ("a@b", ""), ("a@b", "x,y"), ("a:b@c", "x")])
def test_greenmail_refuses_users_that_it_would_misread(address: str, password: str) -> None:
    """The message names the address, and never the password."""
    with pytest.raises(Misconfigured, match=f"cannot have the user '{address}'") as error:
        greenmail.options(greenmail.Ports(2525, 1143), {address: password})
    assert "x,y" not in str(error.value)


def test_a_taken_port_names_who_has_it() -> None:
    """The remedy follows."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Misconfigured, match=rf"Port {port} on 127\.0\.0\.1 is taken by .*\(pid \d+\): stop it\."):
            java.demand_free(port, "stop it.")
    java.demand_free(port, "stop it.")


def test_a_program_that_dies_while_it_starts_tells_its_last_words(tmp_path: Path) -> None:
    """The error holds the end of its log, without stack frames."""
    daemon = java.Daemon(tmp_path)
    daemon.launch([sys.executable, "-c", "print('no space left\\n\\tat Frame.java'); raise SystemExit(3)"])
    with pytest.raises(Misconfigured, match=r"ended while it started\. The end of .*server\.log:\nno space left$"):
        daemon.await_ready(lambda: False, 30)


def test_a_program_that_is_late_is_told(tmp_path: Path) -> None:
    """Readiness is waited for, not for ever."""
    daemon = java.Daemon(tmp_path)
    daemon.launch([sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(Misconfigured, match=r"was not ready in 0 s"):
        daemon.await_ready(lambda: False, 0.1)
    daemon.terminate()
    daemon.wait(10)
    assert daemon.process() is None


def test_another_command_finds_the_program_and_stops_it(tmp_path: Path) -> None:
    """The record in the folder is enough."""
    java.Daemon(tmp_path).launch([sys.executable, "-c", "import time; time.sleep(60)"])
    another = java.Daemon(tmp_path)
    assert another.process() is not None
    another.terminate()
    another.wait(10)
    assert another.process() is None


def test_a_program_that_will_not_end_is_killed(tmp_path: Path) -> None:
    """Stopping always ends."""
    daemon = java.Daemon(tmp_path)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    daemon.launch([sys.executable, "-c", deaf])
    daemon.await_ready(lambda: b"deaf" in daemon.log.read_bytes(), 30)
    daemon.terminate()
    daemon.wait(0.1)
    assert daemon.process() is None


def test_the_record_of_a_process_that_is_no_more_is_no_process(tmp_path: Path) -> None:
    """An id that the system has given to somebody else is not ours to stop."""
    (tmp_path / "process.json").write_text('{"pid": 1, "started": 0.0}')
    assert java.Daemon(tmp_path).process() is None


def test_an_engine_that_never_ran_is_not_running(tmp_path: Path) -> None:
    """Asking and stopping are harmless."""
    engine = kafka.Engine(tmp_path)
    engine.stop()
    assert kafka.Status(running=False, brokers="", pids=(), resident_bytes=0, folder=tmp_path) == engine.status()
    with pytest.raises(Misconfigured, match="was never started: start it first"):
        engine.restart(1)


def test_a_mail_server_that_never_ran_has_no_ports(tmp_path: Path) -> None:
    """The message says what to do."""
    with pytest.raises(Misconfigured, match="was never started: start it first"):
        _ = greenmail.GreenMail(folder=tmp_path).smtp_port


def test_an_engine_keeps_its_number_of_nodes(tmp_path: Path) -> None:
    """Data of one node is no data of three."""
    (tmp_path / "ports.json").write_text('{"clients": [9092], "votes": [9093]}')
    with pytest.raises(Misconfigured, match="was made with 1 nodes, not 3: start it with as many"):
        kafka.Engine(tmp_path, nodes=3).start()


def test_free_ports_differ() -> None:
    """Nobody is given the same port twice."""
    assert len(set(java.free_ports(50))) == 50


def test_a_start_under_way_is_not_disturbed(tmp_path: Path) -> None:
    """Of two that start at once in one folder, one is told to wait."""
    with FileLock(tmp_path / "start.lock"), pytest.raises(Misconfigured, match=r"is starting the engine in .*: wait"):
        kafka.Engine(tmp_path).start()


def test_a_folder_that_another_kafka_uses_is_left_alone(tmp_path: Path) -> None:
    """Two of them on one folder would ruin it, so whoever was given its settings is looked for."""
    other = java.Daemon(tmp_path)
    settings = str(tmp_path / "node-1" / "server.properties")
    other.launch([sys.executable, "-c", "import time; time.sleep(60)", settings])
    with pytest.raises(Misconfigured, match=r"is used by a Kafka that we did not start \(pid \d+\): stop that process"):
        kafka.Engine(tmp_path).start()
    other.kill()
