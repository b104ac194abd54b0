"""What messages are made of: parties, files, references, and what was inside of forwards and reports."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec


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
