"""TLS of our own doors: one certificate, TLS 1.2 or newer, taken anew when its files change.

Certificates live for weeks (ACME), so a server that had to be restarted for each would be restarted often.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from pathlib import Path

from normalizer.errors import Misconfigured

_log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


class Certificate:
    """A PEM file with the certificate and its chain, and one with its key (unencrypted).

    Raises `Misconfigured` when they cannot be read or do not belong together.
    """

    def __init__(self, certificate: str, key: str) -> None:
        if not (certificate and key):
            raise Misconfigured("http.certificate and http.key are only good together: set both, or neither")
        self._files = (Path(certificate), Path(key))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._load(self.context)
        self._seen = self._stamp()

    def renew(self) -> bool:
        """Take the files anew when they have changed; True when that was so. New connections get the new certificate.

        Files that are no good (half written, of another key) change nothing, and are looked at again.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        try:
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # a pair that does not match would break the one in use
            self._load(self.context)
        except Misconfigured as error:
            _log.error("the certificate that is in use stays: %s", error)
            return False
        self._seen = stamp
        return True

    async def keep(self, seconds: float = LOOK_SECONDS) -> None:
        """Look at the files for ever."""
        while True:
            await asyncio.sleep(seconds)
            self.renew()

    def _load(self, context: ssl.SSLContext) -> None:
        certificate, key = self._files
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise Misconfigured(
                f"the certificate {certificate} and the key {key} cannot be used ({error}): "
                "give a PEM file each, the chain with the certificate, the key of that certificate without a password"
            ) from error

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        found = []
        for path in self._files:
            try:
                status = path.stat()
            except OSError:
                found.append((0, 0))  # it is being replaced
            else:
                found.append((status.st_mtime_ns, status.st_size))
        return tuple(found)


def _no_password() -> str:
    raise ValueError("the key has a password")  # else OpenSSL would ask the terminal for it
