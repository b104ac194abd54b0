"""The stand-in's search: words and the operators that support teams use, all of which must hold.

https://docs.x.com/x-api/posts/search/integrate/operators. A user is named by handle or numeric id.
"""

from __future__ import annotations

from connectors.fakes._x.world import Post, World

_OPERATORS = {"is", "conversation_id", "to", "from"}


def check(query: str) -> None:
    """Raise `ValueError` for an operator that is not known here."""
    for term in query.split():
        name, colon, _ = term.removeprefix("-").partition(":")
        if colon and name not in _OPERATORS:
            raise ValueError(f"Reference to invalid operator '{name}'. Operator is not available in current product.")


def matches(world: World, query: str, post: Post) -> bool:
    """Whether a post is found by a query that has been checked."""
    return all(_holds(world, term.removeprefix("-"), post) is not term.startswith("-") for term in query.split())


def _holds(world: World, term: str, post: Post) -> bool:
    name, colon, value = term.partition(":")
    if not colon:
        return term.lower() in post.text.lower()
    if name == "is" and value == "retweet":
        return any(kind == "retweeted" for kind, _ in post.refers)
    if name == "conversation_id":
        return post.conversation == value
    user = next((each for each in world.users.values() if value.lower() in (each.id, each.username.lower())), None)
    if name == "to":
        return user is not None and post.reply_to is not None and post.reply_to.author is user
    return user is not None and post.author is user
