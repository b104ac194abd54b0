"""What can go wrong, named by what the caller should do about it.

    SwitchboardError
    ├── Misconfigured   stop and tell a person: trying again cannot help
    ├── Retriable       wait, then try the same thing again (`retry_after` seconds, when the other side said)
    └── Rejected        set this one item aside in `dead.letters` and go on with the next

Every message says what happened, to what, and what to do.
"""


class SwitchboardError(Exception):
    """The root of all errors that Switchboard raises on purpose."""


class Misconfigured(SwitchboardError):
    """A setting, a credential or the environment is wrong; the message names it and the remedy."""


class Retriable(SwitchboardError):
    """The other side cannot take it now. `retry_after` is in seconds, None when unknown."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(SwitchboardError):
    """This item cannot be processed. `reason` is a short, countable slug such as ``not-json``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
