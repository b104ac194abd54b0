"""`switchboard thread`: which conversation would each of these mails be in? Pure, and no Kafka."""

from __future__ import annotations

import typer

from normalizer.known_conversations import Memory
from normalizer.threads import facts, place
from ops.cli._files import Paths, files, raw_file, reader
from ops.cli._session import session
from ops.cli._show import lines

app = typer.Typer()


@app.command()
def thread(context: typer.Context, paths: Paths) -> None:
    """Which conversation would each mail be in, and why? One JSON line for each file.

    The conversations are those after all files are known, so the order of the files does not matter.
    """
    state, policy = Memory(), session(context).config.threads
    read_mail = reader("mail")
    messages = ((path, message) for path in files(paths) for message in read_mail(raw_file("mail", path)))
    known = ((path, facts(message, policy)) for path, message in messages)
    found = [(path, message, place(message, state)) for path, message in known]
    lines(
        {
            "path": str(path),
            "thread": place(message, state).conversation_id,
            "rule": first.rule,
            "because": first.because,
            "message_id": message.own,
            "related_to": first.related_to,
        }
        for path, message, first in found
    )
