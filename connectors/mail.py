"""E-mail, read from the folders of a mailbox over IMAP.

Delivery: at least once. The position in a folder is UIDVALIDITY and UID, our own and never a flag, so that
people may read, move and delete mail in the same mailbox. It is saved after Kafka has the mails up to it: a
crash repeats a page, whose mails have the same ids. After a change of UIDVALIDITY the folder is read anew and
the copies are told by their Message-ID.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec

from connectors._arrival import arrived
from connectors._base import Page
from connectors._claim import claimed
from connectors._imap import Described, Folder, Session, session
from connectors._imaperrors import Broken
from connectors._mailkey import thread_root
from connectors._mailplace import Place, Suspects, by_bytes
from connectors._mailsettings import MailSettings
from connectors._recount import Listed, Recounted
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Message, RawEvent
from normalizer.mail.loops import OWN
from normalizer.mail.reading import read
from normalizer.mail.trust import TRUSTED

_PAGE_BYTES = 8 << 20


class Mail(Recounted[MailSettings]):
    """One mailbox; its sources are its folders, each read over a connection of its own.

    Delivery: at least once, whatever happens between the server and Kafka; see this module.

    A mail larger than `max_bytes` is published as its start, with `dataref` to the whole in the blob store. A mail that
    the server lists and does not give, six times, is published without a body and with the attribute
    ``unfetched``, so that it is counted and set aside and does not hold up the next ones.
    """

    channel = "mail"
    settings_type = MailSettings
    one_way = True

    def __init__(self, account: str, settings: MailSettings, blobs: Any) -> None:
        super().__init__(account, settings, blobs)
        self._suspects = Suspects()
        # What the reader is told of this account: a replay reads with what held when the mail came.
        lists = {TRUSTED: settings.trusted_hosts, OWN: settings.own}
        self._told = {name: " ".join(listed) for name, listed in lists.items() if listed}

    def __repr__(self) -> str:
        return f"Mail({self.account!r}, {self.settings!r})"

    def sources(self) -> Sequence[str]:
        """The folders."""
        return self.settings.folders

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Pages of mails by ascending UID, for ever; an empty one when a look at the folder finds no news."""
        who = f"mail account {self.account} (user {self.settings.user} at {self.settings.host})"
        try:
            place = None if position is None else msgspec.json.decode(position, type=Place)
        except msgspec.MsgspecError as error:
            raise Misconfigured(
                f"{who}: the saved place in {source} cannot be read ({error}): "
                "write a tombstone over its cursor to read the folder anew"
            ) from error
        with session(self.settings, who) as imap:
            while not stop.is_set():
                folder = imap.examine(source)
                if place is None or place.uidvalidity != folder.uidvalidity:
                    place = self._beginning(imap, folder)
                since = self.settings.since if place.uid < place.old else None
                uids, news = imap.uids_after(folder, place.uid, since), False
                for page in self._pages(imap, folder, place, uids, stop):
                    place, news = page.position, True
                    yield page
                if stop.is_set():
                    return
                if place.uid < place.old:
                    place, news = Place(folder.uidvalidity, place.old), False
                if not news:
                    yield Page((), place, 0)
                imap.wait(self.settings.poll_seconds, stop)

    def recount(
        self, source: str, since: datetime, known: Callable[[str], bool], stop: threading.Event
    ) -> Iterator[Listed]:
        """The mails of a folder that came since then, by its UIDs; only unknown ones are fetched."""
        who = f"mail account {self.account} (user {self.settings.user} at {self.settings.host})"
        first = max(since.date(), self.settings.since or since.date())
        with session(self.settings, who) as imap:
            folder = imap.examine(source)
            uids = imap.uids_after(folder, 0, first)
            unknown = [uid for uid in uids if not known(_name(folder, uid))]
            yield Listed(len(uids) - len(unknown), ())
            place = Place(
                folder.uidvalidity, 0, max(uids, default=0)
            )  # all of it is old: `since` of the account applies
            for page in self._pages(imap, folder, place, unknown, stop):
                yield Listed(len(page.events), page.events)

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """One message per mail, whatever its defects. Raises `Rejected` for a mail that could not be fetched."""
        if reason := raw.attributes.get("unfetched"):
            raise Rejected("unfetched", f"the mail server lists {raw.source_id} and does not give it: {reason}")
        return read(raw)

    def _beginning(self, imap: Session, folder: Folder) -> Place:
        old = imap.last_uid(folder) if self.settings.since else 0
        return Place(folder.uidvalidity, 0, old)

    def _pages(
        self, imap: Session, folder: Folder, place: Place, uids: Sequence[int], stop: threading.Event
    ) -> Iterator[Page]:
        """The mails of `uids` in pages bounded by number and by bytes."""
        behind = len(uids)
        for batch in self._suspects.batches(folder.identity, uids, self.settings.page_size):
            if self._suspects.hopeless(folder.identity, batch[0]):
                behind -= 1
                yield Page((self._unfetched(folder, batch[0]),), msgspec.structs.replace(place, uid=batch[0]), behind)
                self._suspects.clear(folder.identity, batch)
                continue
            within = min(self.settings.max_bytes, _PAGE_BYTES // len(batch))
            with self._blaming(folder, batch):
                described = imap.describe(batch, within)
            sizes = [(uid, self._published_size(described.get(uid))) for uid in batch]
            for run in by_bytes(sizes, _PAGE_BYTES):
                if stop.is_set():
                    return
                wanted = [uid for uid in run if not self._too_old(place, uid, described)]
                with self._blaming(folder, run):
                    events = self._deliveries(imap, folder, wanted, described)
                behind -= len(run)
                yield Page(events, msgspec.structs.replace(place, uid=run[-1]), behind)
            self._suspects.clear(folder.identity, batch)

    def _deliveries(
        self, imap: Session, folder: Folder, uids: Sequence[int], described: Mapping[int, Described]
    ) -> tuple[RawEvent, ...]:
        """The raw events of `uids`, without those that have been expunged meanwhile."""
        most = self.settings.max_bytes
        there = [(uid, described[uid]) for uid in uids if uid in described]
        unknown = [uid for uid, mail in there if mail.body is None and mail.size <= most]
        bodies = imap.bodies(unknown)
        events = []
        for uid, mail in there:
            body = bodies.get(uid) if mail.body is None else mail.body
            if body is not None:
                # Larger than `most` it is only when its size was a lie.
                events.append(claimed(self._raw(folder, uid, mail, body), self.blobs, most))
            elif mail.size > most:
                events.extend(self._oversize(imap, folder, uid, mail))
        if len(events) < len(uids):
            self._must_be_gone(imap, folder, uids, events)
        return tuple(events)

    def _must_be_gone(self, imap: Session, folder: Folder, uids: Sequence[int], events: Sequence[RawEvent]) -> None:
        """Raise `Broken` when a mail of `uids` is in the folder and not among the events."""
        got = {event.attributes["uid"] for event in events}
        missing = [uid for uid in uids if str(uid) not in got]
        if imap.present(missing):
            raise Broken(
                f"mail account {self.account}: the server lists {len(missing)} mails of {folder.name} and does not "
                "give them: each is asked for alone now"
            )

    def _oversize(self, imap: Session, folder: Folder, uid: int, described: Described) -> Iterator[RawEvent]:
        start = imap.piece(uid, 0, self.settings.max_bytes)
        if start is None:
            return
        dataref = self.blobs.put_stream(imap.chunks(uid))
        yield msgspec.structs.replace(self._raw(folder, uid, described, start), dataref=dataref)

    def _unfetched(self, folder: Folder, uid: int) -> RawEvent:
        reason = "every fetch of it failed"
        return self._raw(folder, uid, Described(0, arrived()), b"", unfetched=reason)

    def _raw(self, folder: Folder, uid: int, described: Described, body: bytes, **more: str) -> RawEvent:
        return RawEvent(
            channel=self.channel,
            account=self.account,
            source_id=_name(folder, uid),
            body=body,
            content_type="message/rfc822",
            received_at=described.received_at,
            key=thread_root(body),
            attributes={
                "folder": folder.name,
                "uid": str(uid),
                "uidvalidity": str(folder.uidvalidity),
                "internaldate": described.received_at.isoformat(),
                "size": str(described.size),
                **self._told,
                **more,
            },
        )

    def _too_old(self, place: Place, uid: int, described: Mapping[int, Described]) -> bool:
        since = self.settings.since
        if since is None or uid > place.old or uid not in described:
            return False
        return described[uid].received_at.date() < since

    def _published_size(self, described: Described | None) -> int:
        return min(described.size, self.settings.max_bytes) if described else 0

    @contextmanager
    def _blaming(self, folder: Folder, uids: Sequence[int]) -> Iterator[None]:
        """Remember what was asked for when the conversation broke."""
        try:
            yield
        except Broken:
            self._suspects.blame(folder.identity, uids)
            raise


def _name(folder: Folder, uid: int) -> str:
    return f"{folder.name};{folder.uidvalidity};{uid}"
