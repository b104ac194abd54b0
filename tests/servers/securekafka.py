"""A real Apache Kafka that speaks TLS: with logins (SCRAM, PLAIN) on one port, with client certificates on another."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import trustme
from cryptography.hazmat.primitives import serialization
from kafka import KafkaAdminClient  # type: ignore[import-untyped]  # it ships no types
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion  # type: ignore[import-untyped]  # as above

from normalizer.cluster import Cluster
from ops.engine.java import LOOPBACK, free_ports
from ops.engine.kafka import Engine

USER, PASSWORD = "switchboard", "pa55word-of-the-tests"
_LOGIN = "org.apache.kafka.common.security"


class SecureKafka:
    """One broker, its authority, and the certificate of a client. Use it in a ``with`` block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.login, self.certificates, self.misnamed = free_ports(3)
        self.ca = folder / "ca.pem"
        self.authority.cert_pem.write_to_path(self.ca)
        client = self.authority.issue_cert("client.example")
        self.client, self.client_key = folder / "client.pem", folder / "client.key"
        client.cert_chain_pems[0].write_to_path(self.client)
        client.private_key_pem.write_to_path(self.client_key)
        self._engine = Engine(folder / "kafka", port=0, settings=self._settings())

    def __enter__(self) -> SecureKafka:
        self._engine.start()
        admin = KafkaAdminClient(bootstrap_servers=self._engine.brokers)
        admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD)])
        admin.close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._engine.stop()

    def logged_in(
        self, mechanism: str, password: str = PASSWORD, ca: Path | None = None, namespace: str = ""
    ) -> Cluster:
        """As a client that has a password."""
        return Cluster(
            brokers=f"{LOOPBACK}:{self.login}", security_protocol="SASL_SSL", sasl_mechanism=mechanism, username=USER,
            password=password, ssl_cafile=str(ca or self.ca), namespace=namespace,
        )  # fmt: skip

    def certified(self, namespace: str = "") -> Cluster:
        """As a client that has a certificate."""
        return Cluster(
            brokers=f"{LOOPBACK}:{self.certificates}", security_protocol="SSL", ssl_cafile=str(self.ca),
            ssl_certfile=str(self.client), ssl_keyfile=str(self.client_key), namespace=namespace,
        )  # fmt: skip

    def under_another_name(self, namespace: str = "") -> Cluster:
        """A listener whose certificate is for another host."""
        return Cluster(
            brokers=f"{LOOPBACK}:{self.misnamed}", security_protocol="SSL", ssl_cafile=str(self.ca), namespace=namespace
        )

    def _settings(self) -> dict[str, object]:
        listeners = {"LOGIN": self.login, "CERTIFIED": self.certificates, "MISNAMED": self.misnamed}
        shown = ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in listeners.items())
        keys = {
            "": self._keystore("broker", LOOPBACK, "localhost"),
            "listener.name.misnamed.": self._keystore("misnamed", "other.example"),
        }
        return {
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOGIN:SASL_SSL,CERTIFIED:SSL,MISNAMED:SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            "listener.name.login.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
            "listener.name.login.plain.sasl.jaas.config": f'{_LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
            "listener.name.certified.ssl.client.auth": "required",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca,
            **{f"{prefix}ssl.keystore.type": "PEM" for prefix in keys},
            **{f"{prefix}ssl.keystore.location": path for prefix, path in keys.items()},
            "listeners": shown,
        }

    def _keystore(self, name: str, *hosts: str) -> Path:
        """A certificate and its key as Kafka reads them: PKCS 8, in one file."""
        made = self.authority.issue_cert(*hosts)
        key = serialization.load_pem_private_key(made.private_key_pem.bytes(), None)
        pkcs8 = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self.folder / f"{name}.pem"
        path.write_bytes(pkcs8 + made.cert_chain_pems[0].bytes() + self.authority.cert_pem.bytes())
        return path
