"""Why Kafka does not answer: clients say only that they could not begin, whatever the reason.

A look of our own, after such a failure, tells a certificate that is not accepted, ours that is refused, and a login from a broker
that is down.
"""

from __future__ import annotations

import socket
import ssl
import time

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured

_SECONDS = 5.0
_TRY_SECONDS = 1.0
_BETWEEN_SECONDS = 0.2
_ALERT_SECONDS = 1.0  # in TLS 1.3 a server refuses a client's certificate after the handshake, with an alert


def look(cluster: Cluster) -> str:
    """A clause to put behind the error of a client: which settings to look at; "" when nothing can be told.

    Raises `Misconfigured` for what a person must mend: files that cannot be read, certificates that are not accepted.
    """
    reached = False
    for broker in cluster.brokers.split(","):
        host, _, port = broker.strip().rpartition(":")
        try:
            with socket.create_connection((host, int(port)), _SECONDS) as plain:
                if cluster.security_protocol.endswith("SSL"):
                    _handshake(plain, host, broker.strip(), tls_context(cluster))
                reached = True
        except (OSError, ValueError):
            continue
    if reached and cluster.security_protocol.startswith("SASL"):
        return "; it lets us connect, so look at kafka.username, kafka.password and kafka.sasl_mechanism"
    return ""


def listens(cluster: Cluster, seconds: float) -> bool:
    """Whether somebody is at one of the addresses, asked for at most `seconds`: a broker that starts may open its port meanwhile.

    Only a refusal, or a name that nobody knows, is a no; an address that is silent may belong to somebody slow.
    """
    deadline = time.monotonic() + seconds
    while all(_refused(broker.strip()) for broker in cluster.brokers.split(",")):
        if time.monotonic() > deadline:
            return False
        time.sleep(_BETWEEN_SECONDS)
    return True


def _refused(broker: str) -> bool:
    host, _, port = broker.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _TRY_SECONDS).close()
    except (ConnectionRefusedError, socket.gaierror):
        return True
    except (OSError, ValueError):
        return False
    return False


def tls_context(cluster: Cluster) -> ssl.SSLContext:
    """How a cluster is spoken to over TLS. Raises `Misconfigured` when its files cannot be read."""
    try:
        context = ssl.create_default_context(cafile=cluster.ssl_cafile or None)
        if cluster.ssl_certfile:
            context.load_cert_chain(cluster.ssl_certfile, cluster.ssl_keyfile or None)
    except OSError as error:
        raise Misconfigured(
            f"the TLS files of the Kafka connection cannot be read ({error}): "
            "look at kafka.ssl_cafile, kafka.ssl_certfile and kafka.ssl_keyfile"
        ) from error
    return context


def _handshake(plain: socket.socket, host: str, broker: str, context: ssl.SSLContext) -> None:
    try:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            secure.settimeout(_ALERT_SECONDS)
            secure.recv(1)
    except TimeoutError:
        return  # it waits for us to speak: all is well
    except ssl.SSLCertVerificationError as error:
        raise Misconfigured(
            f"Kafka at {broker} shows a certificate that is not accepted ({error.verify_message}): set kafka.ssl_cafile to the "
            "authority that made it, and kafka.brokers to the names that stand in it"
        ) from error
    except ssl.SSLError as error:
        raise Misconfigured(
            f"Kafka at {broker} refuses the TLS connection ({error.reason or error}): set kafka.ssl_certfile and "
            "kafka.ssl_keyfile to a certificate that it knows, or look at kafka.security_protocol"
        ) from error
