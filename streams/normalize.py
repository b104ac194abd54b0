"""raw.<channel> → messages.normalized: each channel's own reader, and the attachments into the blob store.

Delivery: at least once. A raw record that holds nothing for anybody is *suppressed*, one that cannot be read goes
to the dead letters with its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import msgspec

from connectors._base import Blobs
from normalizer.events import RAW, Attachment, Message, Origin, RawEvent
from normalizer.wire import read_raw
from streams._fate import fate_of
from streams._record import Output, Record, emit
from streams._stage import Stage
from streams._state import State

Reader = Callable[[RawEvent], tuple[Message, ...]]


class Normalize(Stage):
    """Reads raw records with the reader of their channel.

    The output is keyed by account: what belongs together is found by ids that only meet within one account, and
    threading needs all of them in one place (see the decision on threads).
    """

    name: ClassVar[str] = "normalize"

    def __init__(self, readers: Mapping[str, Reader], blobs: Blobs) -> None:
        self.inputs = [RAW + channel for channel in sorted(readers)]
        self._readers = readers
        self._blobs = blobs

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """The messages in a raw record, each with its origin."""
        del state  # reading needs no memory, which is why this stage can be given any number of processes
        origin = Origin(record.topic, record.partition, record.offset)
        raw = read_raw(record.value, record.headers, key=record.key, origin=origin)
        messages = self._readers[record.topic.removeprefix(RAW)](raw)
        if not messages:
            return [fate_of(origin, "suppressed", self.name, record, reason="nothing-in-it")]
        return [self._output(message, i, len(messages), record, origin) for i, message in enumerate(messages)]

    def keep(self, blobs: Sequence[bytes]) -> None:
        """Store the attachments, durably, before the messages that refer to them are sent."""
        for content in blobs:
            self._blobs.put(content)

    def _output(self, message: Message, item: int, items: int, record: Record, origin: Origin) -> Output:
        event = msgspec.structs.replace(
            message,
            origin=origin,
            item=item,
            items=items,
            attachments=tuple(_by_reference(attachment) for attachment in message.attachments),
        )
        return emit(
            event,
            f"{message.channel}/{message.account}",
            source=self.name,
            ce_id=f"{origin}/{item}",
            cause=record,
            blobs=tuple(a.content for a in message.attachments if a.content is not None),
        )


def _by_reference(attachment: Attachment) -> Attachment:
    return msgspec.structs.replace(attachment, content=None)
