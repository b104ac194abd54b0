"""One IMAP conversation about one folder at a time, in the few questions that the mail connector asks.

The folder is always opened read-only (EXAMINE) and bodies are only peeked at: nobody else's flags are touched.
imapclient is not thread-safe, so a session belongs to one thread.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]  # it ships no types
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]  # as above

from connectors._imaperrors import understood
from connectors._mailsettings import MailSettings
from normalizer.errors import Misconfigured, Retriable

_CONNECT_SECONDS = 10
_WINDOW = 20_000  # UIDs in one answer of SEARCH: imaplib refuses a line over a million bytes
_CHUNK = 1 << 20  # bytes of an oversize mail in one answer
_SLICE = 1.0  # seconds between two looks at `stop` while the server is silent


class Folder(NamedTuple):
    """What EXAMINE says. UIDs mean something only together with `uidvalidity` (RFC 3501, 2.3.1.1)."""

    name: str
    uidvalidity: int
    exists: int

    @property
    def identity(self) -> tuple[str, int]:
        """What a UID is relative to."""
        return self.name, self.uidvalidity


class Described(NamedTuple):
    """A mail's size in bytes, when the server received it (INTERNALDATE), and the mail itself if it was small.

    Without the mail, its size is what the server reckons.
    """

    size: int
    received_at: datetime
    body: bytes | None = None


@contextmanager
def session(settings: MailSettings, who: str) -> Iterator[Session]:
    """A logged-in session. Raises `Retriable` or `Misconfigured`, naming `who` and never a credential."""
    token = settings.access_token()
    with understood(who, "connecting"):
        client = _connected(settings)
    try:
        with understood(who, "logging in"):
            if token:
                client.oauth2_login(settings.user, token)
            else:
                client.login(settings.user, settings.password)
            idles = settings.idle and client.has_capability("IDLE")
        yield Session(client, who, idles=idles)
    finally:
        # Not LOGOUT: an answer may never come, and the server understands a closed connection.
        with suppress(Exception):
            client.shutdown()


def _connected(settings: MailSettings) -> IMAPClient:
    # At DEBUG the client logs what the server sends: customers' words do not belong in a log.
    logging.getLogger("imapclient").setLevel(logging.INFO)
    context = ssl.create_default_context(cafile=settings.ca_file or None) if settings.tls != "none" else None
    client = IMAPClient(
        settings.host,
        settings.real_port,
        ssl=settings.tls == "tls",
        ssl_context=context,
        timeout=SocketTimeout(connect=_CONNECT_SECONDS, read=settings.timeout_seconds),
    )
    client.normalise_times = False  # else INTERNALDATE comes naive, in this machine's time zone
    if settings.tls == "starttls":
        client.starttls(context)
    return client


class Session:
    """The questions. Each raises `Retriable` or `Misconfigured`; after that the session is of no more use."""

    def __init__(self, client: IMAPClient, who: str, *, idles: bool) -> None:
        self._client = client
        self._who = who
        self._idles = idles

    def examine(self, folder: str) -> Folder:
        """Open `folder` read-only and see how it stands now."""
        with understood(self._who, f"opening the folder {folder}"):
            answer = self._client.select_folder(folder, readonly=True)
        if not answer.get(b"UIDVALIDITY"):
            raise Misconfigured(
                f"{self._who}: the server gives no UIDVALIDITY for {folder}, so that no place in it can be kept: "
                "choose another folder"
            )
        return Folder(folder, answer[b"UIDVALIDITY"], answer.get(b"EXISTS", 0))

    def last_uid(self, folder: Folder) -> int:
        """The highest UID in the folder, 0 when it is empty."""
        if not folder.exists:
            return 0
        with understood(self._who, "asking for the last mail"):
            return max(self._client.search(["UID", "*"]), default=0)

    def uids_after(self, folder: Folder, uid: int, since: date | None = None, window: int = _WINDOW) -> array[int]:
        """The UIDs above `uid`, ascending; with `since` only of mails received on that day (UTC) or later, or a
        day before it, since the server reckons days in a time zone of its own.

        Asked in windows of sequence numbers, newest first: an answer is bounded, and an expunge in between
        makes windows overlap instead of leaving a gap.
        """
        found = array("Q")
        top = folder.exists
        while top > 0:
            low = max(1, top - window + 1)
            criteria: list[Any] = [f"{low}:{top}", "UID", f"{uid + 1}:*"]
            if since is not None:
                criteria += ["SINCE", since - timedelta(days=1)]
            with understood(self._who, f"searching {folder.name}"):
                # "n:*" names the last mail even when its UID is below n (RFC 3501, 6.4.8).
                news = [each for each in self._client.search(criteria) if each > uid]
            found.extend(news)
            if since is None and len(news) <= top - low:
                break  # UIDs ascend with sequence numbers: this window reaches below `uid`
            top = low - 1
        return array("Q", sorted(set(found)))

    def describe(self, uids: Sequence[int], within: int) -> dict[int, Described]:
        """Size and date of each mail, and the body of those under `within` bytes; what has been expunged meanwhile is
        missing.

        A mail costs by its answers, so most have one. Which of them are small is a single answer for all. (Asking each for
        its first bytes instead is refused or answered in ways of their own by some servers.)
        """
        with understood(self._who, "looking for small mails"):
            small = set(self._client.search(["UID", _set(uids), "SMALLER", within])).intersection(uids)
        whole = self._fetch(sorted(small), ["INTERNALDATE", "BODY.PEEK[]"])
        large = self._fetch([uid for uid in uids if uid not in small], ["INTERNALDATE", "RFC822.SIZE"])
        with understood(self._who, "describing mails"):
            # An unsolicited FETCH (another client set a flag) has neither.
            found = {uid: _whole(data) for uid, data in whole.items() if b"BODY[]" in data}
            found |= {uid: _described(data) for uid, data in large.items() if b"RFC822.SIZE" in data}
        return found

    def bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The whole of each mail; what has been expunged meanwhile is missing."""
        answer = self._fetch(uids, ["BODY.PEEK[]"])
        # An unsolicited FETCH (another client set a flag) has no body.
        return {uid: _octets(data[b"BODY[]"]) for uid, data in answer.items() if b"BODY[]" in data}

    def chunks(self, uid: int) -> Iterator[bytes]:
        """A mail in pieces, so that a large one is never in memory whole; `Retriable` when it is expunged meanwhile."""
        start = 0
        while True:
            piece = self.piece(uid, start, _CHUNK)
            if piece is None:
                raise Retriable(f"{self._who}: a mail was expunged while it was read")
            yield piece
            start += len(piece)
            if len(piece) < _CHUNK:
                return

    def piece(self, uid: int, start: int, length: int) -> bytes | None:
        """`length` bytes of a mail from `start` on, fewer at its end; None when it has been expunged."""
        data = self._fetch([uid], [f"BODY.PEEK[]<{start}.{length}>"]).get(uid, {})
        return next((_octets(value) for key, value in data.items() if key.startswith(b"BODY[]")), None)

    def present(self, uids: Sequence[int]) -> bool:
        """Whether any of these mails is still there."""
        with understood(self._who, "looking for a mail"):
            return bool(self._client.search(["UID", _set(uids)]))

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Return when there may be news, after `seconds`, or soon after `stop`."""
        if not self._idles:
            stop.wait(seconds)
            return
        with understood(self._who, "waiting for news"):
            if self._begin_idle():
                self._listen(time.monotonic() + seconds, stop)
            self._client.idle_done()

    def _begin_idle(self) -> bool:
        """False when the server had news to tell before it began to idle (RFC 3501, 7: at any time)."""
        try:
            self._client.idle()
        except IMAPClientError as error:
            if "Unexpected IDLE response" not in str(error):
                raise
            while self._client._imap._get_response() is not None:  # noqa: SLF001 - up to the "+" that imapclient gave up on
                pass
            return False
        return True

    def _listen(self, until: float, stop: threading.Event) -> None:
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            asked, patience = time.monotonic(), min(left, _SLICE)
            news = self._client.idle_check(timeout=patience)
            if any(len(each) > 1 and each[1] == b"EXISTS" for each in news):
                return
            if not news and time.monotonic() - asked < patience / 2:
                return  # a dead connection answers nothing at once, for ever; the next command will find out

    def _fetch(self, uids: Sequence[int], items: list[str]) -> dict[int, dict[bytes, Any]]:
        with understood(self._who, "fetching"):
            answer: dict[int, dict[bytes, Any]] = self._client.fetch(list(uids), items)
            return answer


def _set(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _whole(data: Mapping[bytes, Any]) -> Described:
    body = _octets(data[b"BODY[]"])
    return Described(len(body), _utc(data.get(b"INTERNALDATE")), body)


def _described(data: Mapping[bytes, Any]) -> Described:
    return Described(int(data[b"RFC822.SIZE"]), _utc(data.get(b"INTERNALDATE")))


def _utc(when: object) -> datetime:
    # A server that gives no date, or one that cannot be read: the moment of reading is the best that is known.
    if not isinstance(when, datetime):
        return datetime.now(UTC)
    return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)


def _octets(value: object) -> bytes:
    """A body as bytes: NIL is an empty one, and digits without quotes come as a number."""
    if value is None:
        return b""
    return value if isinstance(value, bytes) else str(value).encode()
