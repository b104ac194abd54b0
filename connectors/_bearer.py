"""Who may look at how a process is doing: whoever has the token of the operator.

``/metrics`` and the reasons of ``/healthz`` name accounts, folders and hosts, and stand on the port that the world can
reach. Without a token in the configuration nobody sees them.
"""

from __future__ import annotations

import hashlib
import hmac

from starlette.requests import Request

from connectors._guard import Problem
from normalizer.errors import Misconfigured

_SHORTEST = 16  # bytes


class Bearer:
    """Checks ``Authorization: Bearer …`` (RFC 6750) in constant time. "" lets nobody in.

    Raises `Misconfigured` for a token that could be guessed.
    """

    def __init__(self, token: str = "") -> None:
        if token and len(token.encode()) < _SHORTEST:
            raise Misconfigured(
                f"http.monitor_token has {len(token.encode())} bytes: use at least {_SHORTEST} random ones"
            )
        self._digest = hashlib.sha256(token.encode()).digest() if token else b""

    def __repr__(self) -> str:
        return f"Bearer({'set' if self._digest else 'nobody'})"

    def knows(self, request: Request) -> bool:
        """Whether the request has the token."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        digest = hashlib.sha256(given.strip().encode("utf-8", "surrogateescape")).digest()
        return hmac.compare_digest(digest, self._digest) and scheme.lower() == "bearer"

    def demand(self, request: Request) -> None:
        """Raises `Problem` 401 when the request has not."""
        if not self.knows(request):
            raise Problem(
                401,
                "bad-token",
                "this is for the operator: send Authorization: Bearer and what http.monitor_token is set to",
                {"WWW-Authenticate": "Bearer"},
            )
