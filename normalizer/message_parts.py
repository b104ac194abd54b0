"""What messages are made of: their kind and origin, parties, files, references, and what was inside of forwards and reports."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

Kind = Literal[
    "message",  # written by a person, as far as anyone can tell
    "bounce",  # a mail that could not be delivered (RFC 3464 and the many others)
    "delay",  # not delivered yet, still trying
    "auto_reply",  # out of office and other automatic replies (RFC 3834)
    "feedback",  # abuse report (RFC 5965)
    "receipt",  # read or delivery receipt (RFC 8098)
    "list",  # sent through a mailing list or in bulk
    "calendar",  # an invitation or its answer (RFC 5546)
    "edit",  # an earlier message changed
    "deletion",  # an earlier message withdrawn
    "reaction",  # a sign under an earlier message: a thumb, a heart
    "call",  # how a phone call goes on: it rings, it ended
    "echo",  # said by our own side with another tool
    "status",  # what became of something that we sent: delivered, read, failed
    "consent",  # STOP, START and HELP, which carriers and the law give a meaning
]
SIGNALS: frozenset[Kind] = frozenset({"status", "consent"})
"""The kinds that are nobody's words and have no ticket: see `Signal`."""


class Origin(msgspec.Struct, frozen=True):
    """Where the raw record stands: the one name of a delivery that a replay does not change."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Contact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One party of a message. `scheme` says what `address` is; `address` is in its normal form."""

    scheme: Literal["email", "tel", "form", "slack", "x", "chat", "meta", "other"]
    address: str
    name: str = ""


class Attachment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A file that came with a message. The bytes live in the blob store under `sha256`.

    `content` is set only between `read` and the normalize stage, which stores it and clears it:
    on a topic it is always absent.
    """

    sha256: str
    size: int
    name: str = ""
    content_type: str = "application/octet-stream"
    content_id: str = ""
    inline: bool = False
    content: bytes | None = None

    @classmethod
    def of(
        cls,
        content: bytes,
        *,
        name: str = "",
        content_type: str = "application/octet-stream",
        content_id: str = "",
        inline: bool = False,
    ) -> Attachment:
        """An attachment that still holds its bytes."""
        return cls(
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            name=name,
            content_type=content_type,
            content_id=content_id,
            inline=inline,
            content=content,
        )


class ThreadRefs(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a message says where it belongs, in the channel's own ids.

    `own` is the message's id at the source (a Message-ID without brackets, a Slack ts …), "" when it has
    none. `parents` are the ids it refers to, oldest first (References, then In-Reply-To). `provider` is a
    thread id that the provider vouches for (Gmail, Slack, conversation_id), "" when there is none.
    """

    own: str = ""
    parents: tuple[str, ...] = ()
    provider: str = ""


class Bounce(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a delivery report says of one recipient (RFC 3464). `hard` means: will never be deliverable."""

    address: str
    hard: bool
    status: str = ""
    reason: str = ""
    diagnostic: str = ""


class Forwarded(msgspec.Struct, frozen=True, omit_defaults=True):
    """The mail inside a forwarded mail, as far as it could be read."""

    sender: Contact | None = None
    to: tuple[Contact, ...] = ()
    cc: tuple[Contact, ...] = ()
    subject: str = ""
    sent: str = ""
    text: str = ""
