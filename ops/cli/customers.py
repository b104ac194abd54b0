"""`switchboard customers`: what a person may ask of us about herself."""

from __future__ import annotations

from typing import Annotated

import typer

from normalizer.errors import Misconfigured
from normalizer.identity import email_address, phone_number
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, lines
from sinks._forget import Gone, erase

app = typer.Typer(help="The people who write.", no_args_is_help=True)

Owner = Annotated[
    str, typer.Option("--url", envvar="SWITCHBOARD_OWNER_URL", help="A PostgreSQL store, as its owner reaches it.")
]
"""Whoever delivers may not delete."""


@app.callback()
def _group() -> None:
    """With one command alone, typer would leave out its name."""


@app.command("erase")
def erase_(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="A mail address, a phone number (+49…), or SCHEME:ADDRESS.")],
    url: Owner = "",
    as_json: AsJson = False,
) -> None:
    """Forget a customer in the ticket store: tickets, addresses, and her words in tickets of others.

    Kafka's topics forget by their age alone, and so do backups: erase again after filling a store from either
    (docs/privacy.md says what is where, and for how long).
    """
    scheme, own = _known(address)
    tell(erase(url or session(context).config.store.where, scheme, own), as_json)


def tell(gone: Gone, as_json: bool) -> None:
    """Say what was forgotten."""
    if as_json:
        lines([gone])
        return
    STDOUT.print(gone_line(gone), highlight=False, soft_wrap=True)


def gone_line(gone: Gone) -> str:
    """What was forgotten, for people."""
    return (
        f"forgotten: {gone.tickets} tickets with {gone.messages} messages, {gone.customers} customers, and the words of "
        f"{gone.words} messages in tickets of others"
    )


def _known(address: str) -> tuple[str, str]:
    """The scheme and the normal form under which a customer is known."""
    if "@" in address:
        return "email", email_address(address)
    if address.startswith("+"):
        return "tel", phone_number(address)
    scheme, colon, own = address.partition(":")
    if not (colon and scheme and own):
        raise Misconfigured(
            f"{address} is no mail address and no phone number: for others write SCHEME:ADDRESS, as `tickets show --json` has them"
        )
    return scheme, own
