"""`switchboard store`: what a person with more rights does for the ticket store."""

from __future__ import annotations

from typing import Annotated

import typer

from normalizer.errors import Misconfigured
from ops.cli._session import session
from ops.cli._show import STDOUT
from sinks._reader import SCHEMES

app = typer.Typer(help="The ticket store itself.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """With one command alone, typer would leave out its name."""


@app.command("prepare")
def prepare(
    context: typer.Context,
    url: Annotated[
        str, typer.Option(envvar="SWITCHBOARD_OWNER_URL", help="The PostgreSQL store, as its owner reaches it.")
    ] = "",
) -> None:
    """Make or update the schema of a PostgreSQL store, and say what its roles may do. Harmless when it is current.

    Only needed where the user that delivers may not do it: the owner's password is then in no configuration.
    """
    from sinks._postgres import Where, connect, named, steps
    from sinks._postgres import prepare as bring_up_to_date

    address = url or session(context).config.store.url
    if not address.startswith(SCHEMES):
        raise Misconfigured("no PostgreSQL store is named: give --url, or `url` in the section [store]")
    where = Where(address)
    with connect(where) as connection, named(where):
        bring_up_to_date(connection, where)
    STDOUT.print(f"the ticket store {where} has schema version {len(steps())}", markup=False, highlight=False)
