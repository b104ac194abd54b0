"""The leaves of a mail's tree, decoded: their bytes, their names, and whether they are what they say."""

from __future__ import annotations

from dataclasses import dataclass

from normalizer.mail import parameters, tnef, transfer
from normalizer.mail.parsed import Part
from normalizer.mail.tree import Entity, Tree

MAX_DECODED = 64 * 1024 * 1024  # bytes of content in one mail


@dataclass(slots=True)
class Leaf:
    """A leaf, and whether it is `sound`: complete, and decoded as its header says."""

    part: Part
    params: dict[str, str]
    sound: bool = True


class Decoder:
    """Makes leaves of entities, up to `MAX_DECODED` bytes in all; what was odd goes to `notes`."""

    def __init__(self, tree: Tree, notes: set[str]) -> None:
        self.parts: list[Part] = []
        self._tree = tree
        self._notes = notes
        self._left = MAX_DECODED

    def leaf(self, entity: Entity, hint: str) -> Leaf:
        """The leaf of `entity`; `hint` is a charset for 8-bit file names."""
        block = entity.block
        content, decoded = self._content(entity, block.last("content-transfer-encoding"))
        raw = block.last("content-disposition")
        disposition, more = parameters.parse(raw, hint) if raw else ("", {})
        part = Part(
            content_type=entity.content_type,
            content=content,
            charset=entity.params.get("charset", "")[:100],
            name=more.get("filename") or entity.params.get("name", ""),
            disposition=disposition if disposition in ("inline", "") else "attachment",
            content_id=block.last("content-id").decode("utf-8", "replace").strip(" <>\t"),
        )
        self.parts.append(part)
        return Leaf(part, entity.params, decoded and not entity.cut)

    def _content(self, entity: Entity, header: bytes) -> tuple[bytes, bool]:
        """The content, and whether it could be decoded at all: if not, it is what the mail holds."""
        raw = self._tree.data[entity.start : entity.end]
        content, note = raw, ""
        if header:
            content, note = transfer.decode(raw, header.decode("ascii", "replace").partition(";")[0])
        if note:
            self._notes.add(note)
        decoded = not note or content is not raw
        if len(content) > self._left:
            content = content[: self._left]
            self._notes.add("content-cut")
        self._left -= len(content)
        return content, decoded

    def unpacked(self, leaf: Leaf) -> list[Leaf]:
        """The files in a ``winmail.dat`` and its bodies as leaves; nothing when `leaf` is none."""
        packet = tnef.unpack(leaf.part.content)
        if packet is None:
            return []
        self._notes.add("tnef")
        found = [
            Leaf(
                Part(
                    content_type=each.content_type if "/" in each.content_type else "application/octet-stream",
                    content=each.content,
                    name=each.name,
                    disposition="attachment",
                    content_id=each.content_id.strip("<> "),
                ),
                {},
            )
            for each in packet.files
        ]
        for kind, text in (("text/plain", packet.text), ("text/html", packet.html)):
            if text.strip():
                found.append(Leaf(Part(content_type=kind, content=text.encode(), charset="utf-8"), {}))
        self.parts.extend(each.part for each in found)
        return found
