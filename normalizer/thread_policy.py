"""What an installation decides about threads: reply tokens, tags in subjects, its own people, loops."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from normalizer.mail.tokens import MIN_SECRET
from normalizer.secret import Secret


class ThreadPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How mail finds its conversation beyond References, and who counts as one of us.

    `token_secrets`, one or while rotating two, of at least 16 bytes each, sign the tokens of ``support+TOKEN@…``: a mail
    to such an address joins that conversation, whoever sends it. `subject_tags` lets who is party to a conversation
    answer with ``[#1a2b3c4d]`` in the subject, the first eight digits of the id of the conversation or of its first
    ticket. `same_subject_days` over 0 lets a mail that is marked as a reply and refers to nothing that is known join the
    conversation in which its sender was party to the same subject within so many days: it may join what a person would
    keep apart ("Re: Invoice"), and the order of arrival counts then. `agents` are your own people,
    addresses (``jo@shop.example``) or domains (``@shop.example``). With ``forwards = "original"`` what an agent forwards
    opens a ticket for the customer who wrote it; set `trusted_hosts` of the mailbox as well, so that nobody can pose as
    an agent. Beyond `messages_per_hour` of one sender, mail is kept and wakes nobody, since it may be a loop; agents may
    write more, and 0 is no limit.
    """

    token_secrets: Annotated[tuple[Secret, ...], Meta(max_length=2)] = ()
    subject_tags: bool = True
    same_subject_days: Annotated[float, Meta(ge=0, le=365)] = 0.0
    agents: tuple[Annotated[str, Meta(pattern="@")], ...] = ()
    forwards: Literal["sender", "original"] = "sender"
    messages_per_hour: Annotated[int, Meta(ge=0, le=1000)] = 60

    def __post_init__(self) -> None:
        for number, secret in enumerate(self.token_secrets, 1):
            if len(secret.encode()) < MIN_SECRET:
                raise ValueError(
                    f"secret {number} of token_secrets has {len(secret.encode())} bytes: set one of at least {MIN_SECRET}"
                )
        if self.forwards == "original" and not self.agents:
            raise ValueError('forwards = "original" is about what agents forward: name them in agents')

    def __repr__(self) -> str:
        """Says how many secrets there are and never what they are."""
        return f"ThreadPolicy({len(self.token_secrets)} secrets, agents={self.agents}, forwards={self.forwards!r})"

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets of reply tokens as bytes."""
        return tuple(secret.encode() for secret in self.token_secrets)

    def is_agent(self, address: str) -> bool:
        """Whether a normalized address is one of our own people's."""
        domain = "@" + address.rpartition("@")[2]
        return "@" in address and any(agent.lower() in (address, domain) for agent in self.agents)


DEFAULT = ThreadPolicy()
