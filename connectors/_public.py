"""Connections to public addresses only: what a name leads to is checked, and that very address is connected to.

A list of hosts alone is no protection: whoever owns one of its names, or can forge its DNS, points it at 127.0.0.1 or at the
metadata service of a cloud, and between a check of our own and the look-up of an HTTP client the answer can change (DNS rebinding).
So the check is where the connection is made. https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence

import httpcore
import httpx

from normalizer.errors import Rejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a host, as texts. Raises `OSError` when it has none."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052


def resolve(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver says."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def public(address: Address) -> bool:
    """Whether the world can have it: not private, loopback, link-local, shared, reserved or multicast, nor wrapped around such a one."""
    if isinstance(address, ipaddress.IPv6Address) and (inner := _wrapped(address)) is not None:
        return public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _wrapped(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to: mapped, compatible, 6to4, Teredo, NAT64."""
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class _Backend(httpcore.NetworkBackend):
    """Connects where it may. `exempt` is a host and port of the operator's own: a stand-in of the vendor."""

    def __init__(self, resolver: Resolver, networks: Sequence[Network], exempt: tuple[str, int] | None) -> None:
        self._resolver, self._networks, self._exempt = resolver, tuple(networks), exempt
        self._below = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if (host, port) == self._exempt:
            return self._below.connect_tcp(host, port, timeout, local_address, socket_options)
        try:
            found = [ipaddress.ip_address(each.partition("%")[0]) for each in self._resolver(host, port)]
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        # One bad address among good ones is no accident, so none of them is asked.
        if not found or not all(map(self._may, found)):
            raise Rejected(
                "private-address",
                f"a file is at {host}, which leads to an address that is not public: it is left out; "
                "name its network in media_networks when it is meant",
            )
        last: Exception = httpcore.ConnectError("nobody was asked")
        for address in found:
            try:
                return self._below.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    def _may(self, address: Address) -> bool:
        return public(address) or any(address in network for network in self._networks)


class PublicTransport(httpx.HTTPTransport):
    """httpx over connections that were checked. TLS still checks the certificate against the name."""

    def __init__(
        self,
        *,
        resolver: Resolver = resolve,
        networks: Sequence[Network] = (),
        exempt: tuple[str, int] | None = None,
        authority: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        # httpx has no parameter for the backend of its pool; the pool itself is httpcore's public one.
        self._pool = httpcore.ConnectionPool(
            ssl_context=authority or httpx.create_ssl_context(trust_env=False),
            network_backend=_Backend(resolver, networks, exempt),
        )
