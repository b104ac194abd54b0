"""A mapping, compiled, and what it makes of an item. Pure: a replay reads with the mapping that came with the record."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any, cast, get_args

import msgspec

from connectors._mapping import values
from connectors._mapping.expressions import FAILED, Expression, expression
from connectors._mapping.items import event_name, item
from connectors._mapping.parties import Parties
from connectors._mapping.settings import MOST_BYTES, Mapping
from connectors._mapping.unrolling import path
from connectors._mapping.values import Notes
from connectors._media import Wanted, attachments
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Contact, Kind, Message, RawEvent, ThreadRefs
from normalizer.ids import message_id
from normalizer.mail import html
from normalizer.mail.fitting import fit
from normalizer.mail.html_text import to_text

MAPPING = "mapping"
"""The attribute of a raw event that holds the mapping, as JSON."""

_KINDS = frozenset(get_args(Kind))
_OF_ANOTHER = frozenset({"edit", "deletion", "reaction", "status"})
_MOST_ID = 300
_MOST_KEY = 250
_MOST_FIELDS = 50
_EXPRESSIONS = ("id", "thread", "parents", "subject", "text", "html", "sent_at", "kind", "attachments")


class Told(msgspec.Struct, frozen=True):
    """What the hand needs to know of an item: its own id, what keeps a conversation in order, and the files it names."""

    own: str = ""
    key: str | None = None
    files: tuple[Wanted, ...] = ()


class Reader:
    """One mapping. Raises `Misconfigured`, which names the setting below `where`, for a mapping that cannot work."""

    def __init__(self, mapping: Mapping, where: str) -> None:
        self.encoded = msgspec.json.encode(mapping).decode()
        if len(self.encoded.encode()) > MOST_BYTES:
            raise Misconfigured(f"{where} has more than {MOST_BYTES} bytes as JSON: write shorter expressions")
        self.path = path(mapping.items, f"{where}.items")
        self._kinds = mapping.kinds
        self._find = {name: expression(getattr(mapping, name), f"{where}.{name}") for name in _EXPRESSIONS}
        self._fields: dict[str, Expression] = {
            name: expression(source, f"{where}.fields.{name}") for name, source in mapping.fields.items()
        }
        self._sender = Parties(mapping.sender, mapping.region, f"{where}.sender")
        self._to = Parties(mapping.to, mapping.region, f"{where}.to")
        self._dated = mapping.sent_at != Mapping().sent_at

    def told(self, raw: RawEvent) -> Told:
        """What a record's item says of itself; nothing for one that cannot be read. Never raises."""
        notes: Notes = set()
        try:
            found = item(raw, notes)
        except Rejected:
            return Told()
        made = self.message(raw, found, notes)
        if made is None:
            return Told(self.own(found, notes))
        refs = made.refs
        sender = "" if "no-sender" in notes else made.sender.address
        key = refs.provider or (refs.parents[0] if refs.parents else "") or refs.own or sender
        return Told(refs.own, key[:_MOST_KEY] or None, values.files(self._find["attachments"](found), notes))

    def own(self, item: dict[str, Any], notes: Notes) -> str:
        """The source's own id of an item, "" when it has none."""
        mapped = values.line(self._find["id"](item), "id", notes, values.MOST_TEXT)
        plain = item.get("id")
        named = mapped or event_name(item) or (values.line(plain, "id", notes) if _is_plain(plain) else "")
        return _bounded(named)

    def message(self, raw: RawEvent, item: dict[str, Any], notes: Notes) -> Message | None:
        """The message of an item; None when it concerns nobody."""
        word = values.line(self._find["kind"](item), "kind", notes, 100)
        meaning = self._kinds.get(word) or _known(word)
        if meaning == "nothing":
            return None
        sent_at = values.moment(self._sent(item, notes), raw.received_at, notes)
        shown, text = self._words(item, notes)
        subject = values.line(self._find["subject"](item), "subject", notes)
        fields = self._facts(item, notes)
        refs, about = self._refs(item, meaning, (sent_at and sent_at.isoformat(), text, fields), notes)
        files, missing = attachments(raw)
        named = values.files(self._find["attachments"](item), notes)
        if len(files) < len(named):
            fields.setdefault("attachments", "\n".join(each.url for each in named))
            notes.update(missing or ("media-missing:not-fetched",))
        if meaning == "message" and not (text or subject or named):
            notes.add(f"unsupported:{word}" if word and word not in _KINDS else "no-text")
            text = f"[{word}]" if word and word not in _KINDS else "[no text]"
        sender = self._sender.first(item, notes)
        if sender is None:
            notes.add("no-sender")
        receiver = self._to.first(item, set())
        made = Message(
            id=message_id(raw.channel, raw.account, refs.own or raw.source_id),
            channel=raw.channel,
            account=raw.account,
            source_id=raw.source_id,
            sender=sender or Contact("other", refs.provider or raw.source_id),
            received_at=raw.received_at,
            sent_at=sent_at,
            origin=raw.origin,
            kind=meaning,
            to=(receiver,) if receiver else (),
            subject=subject,
            text=text,
            visible_text=text,
            html=shown,
            attachments=files,
            refs=refs,
            about=message_id(raw.channel, raw.account, about) if about and meaning != "status" else "",
            fields=fields,
            degradations=tuple(sorted(notes)),
        )
        return fit(made)

    def _thread(self, item: dict[str, Any], notes: Notes) -> str:
        return _bounded(values.line(self._find["thread"](item), "thread", notes, values.MOST_TEXT))

    def _sent(self, item: dict[str, Any], notes: Notes) -> Any:
        found = self._find["sent_at"](item)
        if found is FAILED:
            notes.add("unmapped:sent_at")
            return None
        if found is None and self._dated:
            notes.add("no-date")
        return found

    def _words(self, item: dict[str, Any], notes: Notes) -> tuple[str, str]:
        """What is said, as sanitized HTML and as text."""
        text = values.text(self._find["text"](item), "text", notes)
        markup = html.bounded(values.text(self._find["html"](item), "html", notes))
        return html.sanitize(markup) if markup else "", text or (to_text(markup).strip() if markup else "")

    def _facts(self, item: dict[str, Any], notes: Notes) -> dict[str, str]:
        found = ((name, self._fields[name](item)) for name in list(self._fields)[:_MOST_FIELDS])
        told = {name[:100]: values.text(value, name, notes, 5_000) for name, value in found}
        return {name: value for name, value in told.items() if value}

    def _refs(self, item: dict[str, Any], meaning: Kind, said: object, notes: Notes) -> tuple[ThreadRefs, str]:
        """Its references, and the id of what it is about. What is about another message has an id of its own."""
        own, about = self.own(item, notes), ""
        parents = values.texts(self._find["parents"](item), "parents", notes)
        if meaning in _OF_ANOTHER and (about := parents[-1] if parents else own):
            parents = parents or (about,)
            if own in ("", about):
                version = hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()[:16]
                own = f"{about};{meaning};{version}"
        if not own:
            notes.add("no-id")
        return ThreadRefs(own, parents, self._thread(item, notes)), about


@lru_cache(maxsize=128)
def reader(encoded: str) -> Reader:
    """The reader of a mapping that came with a record. Raises `Rejected` when it is none."""
    try:
        return Reader(msgspec.json.decode(encoded, type=Mapping), MAPPING)
    except (msgspec.MsgspecError, ValueError, Misconfigured, RecursionError) as error:
        raise Rejected(
            "bad-mapping", f"the attribute {MAPPING} is no mapping ({error}): redrive it from the source"
        ) from (error)


def read(raw: RawEvent) -> tuple[Message, ...]:
    """The one message of an item, none when it concerns nobody. Raises `Rejected` for what is no JSON object."""
    notes: Notes = set()
    found = item(raw, notes)
    made = reader(raw.attributes.get(MAPPING, "{}")).message(raw, found, notes)
    return () if made is None else (made,)


def _bounded(name: str) -> str:
    """A name as it is, or for a long one its hash: cut, two might be one."""
    return name if len(name) <= _MOST_ID else "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def _known(word: str) -> Kind:
    return cast("Kind", word) if word in _KINDS else "message"


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
