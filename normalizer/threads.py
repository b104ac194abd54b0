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

import msgspec

from normalizer import ids
from normalizer.events import Contact
from normalizer.known_conversations import State, of_subject, remember, remember_subject, tagged
from normalizer.thread_facts import Facts as Facts
from normalizer.thread_facts import facts as facts
from normalizer.vouched import vouched

_HOLDERS = 8  # messages that claim one Message-ID; a broken sender may reuse it for every mail
_PARTIES = 50  # of a conversation, whose tag they may use

_pack = msgspec.msgpack.Encoder().encode
Key = tuple[str, str]


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

    `creator` is the first of all messages by its id, with its sender. `parties` may use its tag: the first by address.
    """

    tops: dict[str, str]
    creator: tuple[str, str]
    conversation_id: str
    customer: Contact
    parties: list[str] = []


class _Link(msgspec.Struct, frozen=True):
    """A cluster that a message belongs to by something other than its keys."""

    cluster: str
    rule: str
    because: str


class _Holder(msgspec.Struct, array_like=True):
    """A message that bears an id: who wrote it, in which cluster, and whether it answers another.

    A guest came by a token, a tag or a subject alone, and so does not say what its conversation is called.
    """

    author: str
    cluster: str
    answers: bool
    guest: bool = False


_cluster = msgspec.msgpack.Decoder(_Cluster)
_holders = msgspec.msgpack.Decoder(list[_Holder])


def place(message: Facts, state: State) -> Placement:
    """The conversation of a message, remembered in `state`. Placing it again changes nothing."""
    state = _Scoped(state, "/".join(message.scope))
    if named := vouched(message, state):
        because = f"{message.scope[0]} says that it is part of {named.provider}"
        return Placement(named.conversation_id, named.customer, "provider", because)
    keys = _keys(message)
    # Somebody else's mail of the same Message-ID grants nothing to this one: an id can be copied.
    others = {_find(h.cluster, state) for h in _holders_of(message.own, state) if h.author != message.sender}
    taken = {key: _find(packed.decode(), state) for key in keys if (packed := state.get(_key(key)))}
    found = {key: cluster for key, cluster in taken.items() if key[0] != message.own or cluster not in others}
    link = _link(message, alone=not found, state=state)
    joined = {*found.values(), *([link.cluster] if link else [])}
    before = {name: _cluster.decode(state.get(b"c:" + name.encode()) or b"") for name in joined}
    name = min(before, default=message.id)
    for other in before.keys() - {name}:
        state.set(b"u:" + other.encode(), name.encode())
    holder = _hold(message, name, guest=link is not None and not found, state=state)
    after = _settled(message, name, list(before.values()), guest=holder.guest, state=state)
    known = before.get(name)
    if known != after:
        state.set(b"c:" + name.encode(), _pack(after))
    if known is None or known.conversation_id != after.conversation_id:
        remember(after.conversation_id, name, state)
    for key in keys:
        if key not in taken:
            state.set(_key(key), name.encode())
    remember_subject(message, name, state)
    rule, because = (link.rule, link.because) if link else _reason(message, found)
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
        () if joined else _related(message, name, state),
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


def _link(message: Facts, *, alone: bool, state: State) -> _Link | None:
    """What a token says, and for a mail that stands `alone` by its keys what its tags and its subject say."""
    for named in tagged(message.token, state) if message.token else ():
        if named.id == message.token:
            return _Link(_find(named.cluster, state), "token", "a signed reply token names this conversation")
    if not alone or not message.sender:
        return None
    for named in (named for tag in message.tags for named in tagged(tag, state)):
        name = _find(named.cluster, state)
        if message.sender in _cluster.decode(state.get(b"c:" + name.encode()) or b"").parties:
            because = f"its subject has the tag of {named.id}, to which {message.sender} is party"
            return _Link(name, "subject-tag", because)
    if cluster := of_subject(message, state):
        because = f"a reply that refers to nothing known, with a subject to which {message.sender} was party"
        return _Link(_find(cluster, state), "same-subject", because)
    return None


def _hold(message: Facts, name: str, *, guest: bool, state: State) -> _Holder:
    """The message as the holder of its own id; as it was when it came first."""
    holders = _holders_of(message.own, state)
    for holder in holders:
        if holder.author == message.sender:
            return holder
    holder = _Holder(message.sender, name, guest or bool(message.parents), guest)
    if len(holders) < _HOLDERS:
        state.set(b"h:" + message.own.encode("utf-8", "replace"), _pack([*holders, holder]))
    return holder


def _holders_of(source_id: str, state: State) -> list[_Holder]:
    packed = state.get(b"h:" + source_id.encode("utf-8", "replace"))
    return _holders.decode(packed) if packed else []


def _settled(message: Facts, name: str, clusters: list[_Cluster], *, guest: bool, state: State) -> _Cluster:
    """The cluster after this message: its oldest ids decide what the conversation is called and whose it is."""
    candidates = [] if guest else [(message.parents[0] if message.parents else message.own, message.sender)]
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
    creators = [cluster.creator for cluster in clusters]
    creator = min(creators if guest else [(message.id, message.sender), *creators])
    # References that run in a circle leave no oldest id; then the first message we know of stands for it.
    top, address = min(tops.items(), key=lambda item: (item[0] not in held, item)) if tops else creator
    return _Cluster(
        tops,
        creator,
        ids.conversation_id(*message.scope, f"{top}\0{address}"),
        Contact(message.scheme, address),  # type: ignore[arg-type]  # a scheme of a Contact
        sorted({*message.parties, *(party for cluster in clusters for party in cluster.parties)})[:_PARTIES],
    )


def _reason(message: Facts, found: dict[Key, str]) -> tuple[str, str]:
    for source_id, who in found:
        if source_id != message.own:
            rule = "mailing-list" if who.startswith("list:") else "reference"
            return rule, f"refers to {source_id} and {who.replace(' ', ' with ')} is party to it"
    if found:
        return "late-parent", f"{message.own} was already referred to by its parties"
    because = "refers to nothing that its sender is party to" if message.parents else "refers to nothing"
    return "new", f"{because}; its token is of {message.token}, which is not known here" if message.token else because


def _related(message: Facts, name: str, state: State) -> tuple[str, ...]:
    """Conversations whose ids a stranger knows: shown beside his own, never opened to him."""
    clusters = {_find(holder.cluster, state) for parent in message.parents for holder in _holders_of(parent, state)}
    packed = (state.get(b"c:" + cluster.encode()) for cluster in sorted(clusters - {name}))
    return tuple(_cluster.decode(value).conversation_id for value in packed if value)
