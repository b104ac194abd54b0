"""Which conversation a message belongs to, and why: the same answer whatever the order of arrival.

Every message stands under *keys*, pairs of a source id (a Message-ID …) and an address. Two messages that share
a key are in one conversation, and so is everything that hangs together through shared keys:

- a message grants its own id to each of its parties (sender, recipients): ``(own, party)``;
- a message that refers to an id asks for it in its sender's name: ``(parent, sender)``;
- two people who both answer a mail that we never saw, each writing to the other, meet under ``(parent, both)``;
- mail that went through one mailing list meets under ``(id, list)``.

So a stranger who knows a Message-ID shares no key with the conversation and gets one of his own, related to it.
Since keys only ever join, the order of arrival cannot matter; a late parent joins what was apart until then.
The rules are those of References and In-Reply-To (RFC 5322, 3.6.4) with the sender checked.
"""

from __future__ import annotations

from itertools import islice
from typing import Protocol

import msgspec

from normalizer import ids
from normalizer.events import Contact, Message

MOST_PARENTS = 20
"""How many references count: the first, which is the root, and the nearest ones."""
MOST_PARTIES = 30
_HOLDERS = 8  # messages that claim one Message-ID; a broken sender may reuse it for every mail

_pack = msgspec.msgpack.Encoder().encode
Key = tuple[str, str]


class State(Protocol):
    """Where the keys are remembered: a table of one partition, or any dictionary behind these two calls."""

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, None when it was never set."""
        ...

    def set(self, key: bytes, value: bytes) -> None:
        """Remember a value."""
        ...


class Facts(msgspec.Struct, frozen=True):
    """What threading needs to know of a message. `parents` go from the root to the nearest."""

    id: str
    scope: tuple[str, str]
    own: str
    parents: tuple[str, ...]
    sender: str
    parties: tuple[str, ...]
    lists: tuple[str, ...]
    scheme: str


class Merged(msgspec.Struct, frozen=True):
    """A conversation that has gone into another, with the customer under whom it was kept."""

    conversation_id: str
    customer: Contact


class Placement(msgspec.Struct, frozen=True):
    """Where a message belongs. `merged` are conversations that are this one from now on."""

    conversation_id: str
    customer: Contact
    rule: str
    because: str
    merged: tuple[Merged, ...] = ()
    related_to: tuple[str, ...] = ()


class _Cluster(msgspec.Struct, array_like=True):
    """Messages that hang together. `tops` are their oldest ids, each with the address that stands for it.

    `creator` is the first of all messages by its id, with its sender.
    """

    tops: dict[str, str]
    creator: tuple[str, str]
    conversation_id: str
    customer: Contact


class _Holder(msgspec.Struct, array_like=True):
    """A message that bears an id: who wrote it, in which cluster, and whether it answers another."""

    author: str
    cluster: str
    answers: bool


_cluster = msgspec.msgpack.Decoder(_Cluster)
_holders = msgspec.msgpack.Decoder(list[_Holder])


def facts(message: Message) -> Facts:
    """What threading sees of a message. A report speaks in the name of the address that it is about."""
    sender = message.bounces[0].address if message.bounces else message.sender.address
    everyone = (sender, *(c.address for c in (*message.reply_to, *message.to, *message.cc)))
    # "In-Reply-To: Your message of Monday <jo@example.com>" names a person, whom many threads have in common.
    none = {message.refs.own, *everyone}
    parents = tuple(dict.fromkeys(parent for parent in message.refs.parents if parent not in none))
    if len(parents) > MOST_PARENTS:
        parents = (parents[0], *parents[1 - MOST_PARENTS :])
    return Facts(
        id=message.id,
        scope=(message.channel, message.account),
        own=message.refs.own or f"item:{message.id}",
        parents=parents,
        sender=sender,
        parties=tuple(islice(dict.fromkeys(everyone), MOST_PARTIES)),
        lists=_ways(message),
        scheme=message.sender.scheme,
    )


def _ways(message: Message) -> tuple[str, ...]:
    """The lists that a message came through. Mail that names no recipient came by one that hides itself."""
    if message.fields.get("list_id"):
        return (message.fields["list_id"].lower(),)
    hidden = message.sender.scheme == "email" and not (message.to or message.cc)
    return ("undisclosed-recipients",) if hidden else ()


def place(message: Facts, state: State) -> Placement:
    """The conversation of a message, remembered in `state`. Placing it again changes nothing."""
    state = _Scoped(state, "/".join(message.scope))
    keys = _keys(message)
    found = {key: _find(packed.decode(), state) for key in keys if (packed := state.get(_key(key)))}
    before = {name: _cluster.decode(state.get(b"c:" + name.encode()) or b"") for name in set(found.values())}
    name = min(before, default=message.id)
    for other in before.keys() - {name}:
        state.set(b"u:" + other.encode(), name.encode())
    holders = _holders_of(message.own, state)
    if len(holders) < _HOLDERS and all(holder.author != message.sender for holder in holders):
        holders.append(_Holder(message.sender, name, bool(message.parents)))
        state.set(b"h:" + message.own.encode(), _pack(holders))
    after = _settled(message, name, list(before.values()), state)
    if before.get(name) != after:
        state.set(b"c:" + name.encode(), _pack(after))
    for key in keys:
        if key not in found:
            state.set(_key(key), name.encode())
    rule, because = _reason(message, found)
    return Placement(
        after.conversation_id,
        after.customer,
        rule,
        because,
        tuple(
            Merged(cluster.conversation_id, cluster.customer)
            for _, cluster in sorted(before.items())
            if cluster.conversation_id != after.conversation_id
        ),
        _related(message, name, state) if not found else (),
    )


class _Scoped:
    """One account's part of the state: an id means nothing in another account."""

    def __init__(self, state: State, scope: str) -> None:
        self._state, self._scope = state, scope.encode() + b"\0"

    def get(self, key: bytes) -> bytes | None:
        return self._state.get(self._scope + key)

    def set(self, key: bytes, value: bytes) -> None:
        self._state.set(self._scope + key, value)


def _keys(message: Facts) -> tuple[Key, ...]:
    own = [(message.own, party) for party in message.parties]
    asked = [(parent, message.sender) for parent in message.parents]
    # Both to each other, below a parent that we never saw; the nearest parent is enough for that.
    others = (party for party in message.parties if party != message.sender)
    met = [(message.parents[-1], " ".join(sorted((message.sender, other)))) for other in others if message.parents]
    through = [(i, f"list:{name}") for name in message.lists for i in (message.own, *message.parents)]
    return tuple(dict.fromkeys((*asked, *met, *through, *own)))


def _key(key: Key) -> bytes:
    return f"k:{key[0]}\0{key[1]}".encode("utf-8", "replace")


def _find(name: str, state: State) -> str:
    while above := state.get(b"u:" + name.encode()):
        name = above.decode()
    return name


def _holders_of(source_id: str, state: State) -> list[_Holder]:
    packed = state.get(b"h:" + source_id.encode("utf-8", "replace"))
    return _holders.decode(packed) if packed else []


def _settled(message: Facts, name: str, clusters: list[_Cluster], state: State) -> _Cluster:
    """The cluster after this message: its oldest ids decide what the conversation is called and whose it is."""
    candidates = [(message.parents[0] if message.parents else message.own, message.sender)]
    candidates += [top for cluster in clusters for top in cluster.tops.items()]
    tops: dict[str, str] = {}
    held: set[str] = set()
    for top, address in sorted(candidates):
        here = [h for h in _holders_of(top, state) if h.cluster == name or _find(h.cluster, state) == name]
        if any(holder.answers for holder in here):
            continue
        if here:
            held.add(top)
        tops.setdefault(top, min(holder.author for holder in here) if here else address)
    creator = min([(message.id, message.sender), *(cluster.creator for cluster in clusters)])
    # References that run in a circle leave no oldest id; then the first message we know of stands for it.
    top, address = min(tops.items(), key=lambda item: (item[0] not in held, item)) if tops else creator
    return _Cluster(
        tops,
        creator,
        ids.conversation_id(*message.scope, f"{top}\0{address}"),
        Contact(message.scheme, address),  # type: ignore[arg-type]  # a scheme of a Contact
    )


def _reason(message: Facts, found: dict[Key, str]) -> tuple[str, str]:
    for source_id, who in found:
        if source_id != message.own:
            rule = "mailing-list" if who.startswith("list:") else "reference"
            return rule, f"refers to {source_id} and {who.replace(' ', ' with ')} is party to it"
    if found:
        return "late-parent", f"{message.own} was already referred to by its parties"
    return "new", "refers to nothing that its sender is party to" if message.parents else "refers to nothing"


def _related(message: Facts, name: str, state: State) -> tuple[str, ...]:
    """Conversations whose ids a stranger knows: shown beside his own, never opened to him."""
    clusters = {_find(holder.cluster, state) for parent in message.parents for holder in _holders_of(parent, state)}
    packed = (state.get(b"c:" + cluster.encode()) for cluster in sorted(clusters - {name}))
    return tuple(_cluster.decode(value).conversation_id for value in packed if value)
