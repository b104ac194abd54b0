"""What a workspace holds: people, conversations, messages and files, as the Web API gives them."""

from __future__ import annotations

import copy
import itertools
import threading
import time
from typing import Any

Json = dict[str, Any]

TEAM, BOT_USER, BOT, APP = "T0HOME", "U0OURBOT", "B0OURBOT", "A0OURAPP"


class Workspace:
    """One workspace in memory. Its methods may be called from any thread; what they return is the caller's own.

    A ts is made as Slack makes it: unique, growing, six digits after the point
    (https://docs.slack.dev/messaging/retrieving-messages).
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users: dict[str, Json] = {}
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.files: dict[str, Json] = {}
        self.contents: dict[str, bytes] = {}
        self._second, self._count = 0, 0
        self._numbers = itertools.count(1)
        self.clear()

    def clear(self) -> None:
        """Nobody but the bot, and nothing said."""
        with self.lock:
            for held in (self.users, self.channels, self.messages, self.files, self.contents):
                held.clear()
        self.user(BOT_USER, "Helper", is_bot=True)

    def user(self, key: str, name: str, *, team: str = TEAM, is_bot: bool = False) -> None:
        """Somebody, of this workspace or, over Slack Connect, of another."""
        self.users[key] = {
            "id": key,
            "team_id": team,
            "name": name.lower().replace(" ", "."),
            "real_name": name,
            "is_bot": is_bot,
            "is_stranger": team != TEAM,
            "profile": {"real_name": name, "display_name": name, "team": team},
        }

    def channel(self, key: str, name: str = "", **more: Any) -> None:
        """A conversation that the bot is in. `more` are other fields: ``is_im=True, user="U1"``, ``is_archived=True``."""
        kind = {"is_channel": not key.startswith("D"), "is_im": key.startswith("D"), "is_mpim": False}
        with self.lock:
            known = self.channels.get(key, {"id": key, "created": int(time.time()), "is_member": True, **kind})
            self.channels[key] = {**known, "name": name or known.get("name", key.lower()), "is_archived": False, **more}
            self.messages.setdefault(key, [])

    def file(self, name: str, content: bytes, mimetype: str, address: str) -> str:
        """A file that was uploaded; its id."""
        key = f"F{next(self._numbers):05d}"
        self.contents[key] = content
        self.files[key] = {
            "id": key,
            "name": name,
            "title": name,
            "mimetype": mimetype,
            "size": len(content),
            "mode": "hosted",
            "is_external": False,
            "file_access": "visible",
            "url_private": f"{address}/files-pri/{TEAM}-{key}/{name}",
            "url_private_download": f"{address}/files-pri/{TEAM}-{key}/download/{name}",
        }
        return key

    def ts(self) -> str:
        """The next timestamp."""
        with self.lock:
            now = max(int(time.time()), self._second)
            self._count = self._count + 100 if now == self._second else 100
            self._second = now
            return f"{now}.{self._count:06d}"

    def add(self, channel: str, message: Json) -> None:
        """Keep a message; a reply is counted at its root, which may be gone."""
        with self.lock:
            self.messages[channel].append(message)
            root = self._found(channel, message["thread_ts"]) if "thread_ts" in message else None
            if root is not None and root is not message:
                root["thread_ts"] = root["ts"]
                root["reply_count"] = root.get("reply_count", 0) + 1
                root["latest_reply"] = message["ts"]

    def change(self, channel: str, ts: str, **changes: Any) -> tuple[Json, Json]:
        """A message before and after a change."""
        with self.lock:
            found = self._message(channel, ts)
            before = copy.deepcopy(found)
            found.update(changes)
            return before, copy.deepcopy(found)

    def remove(self, channel: str, ts: str) -> Json:
        """Take a message away; a root with replies leaves a tombstone. Returns what was there."""
        with self.lock:
            found = self._message(channel, ts)
            before = copy.deepcopy(found)
            if found.get("reply_count"):
                gone = {
                    "subtype": "tombstone",
                    "text": "This message was deleted.",
                    "user": "USLACKBOT",
                    "hidden": True,
                }
                found.update(gone)
                found.pop("blocks", None)
            else:
                self.messages[channel].remove(found)
            return before

    def react(self, channel: str, ts: str, user: str, sign: str, *, added: bool) -> Json:
        """Count a reaction; the message's author is returned for the event."""
        with self.lock:
            found = self._message(channel, ts)
            signs = {each["name"]: each for each in found.get("reactions", [])}
            entry = signs.setdefault(sign, {"name": sign, "users": [], "count": 0})
            entry["users"] = [each for each in entry["users"] if each != user] + ([user] if added else [])
            entry["count"] = len(entry["users"])
            found["reactions"] = [each for each in signs.values() if each["count"]]
            return copy.deepcopy(found)

    def history(self, channel: str, oldest: str, latest: str, limit: int) -> tuple[list[Json], bool]:
        """A page, newest first, without replies (unless broadcast); and whether there is more."""
        with self.lock:
            found = [
                each
                for each in reversed(self.messages[channel])
                if each.get("thread_ts", each["ts"]) == each["ts"] or each.get("subtype") == "thread_broadcast"
            ]
        return _page([each for each in found if oldest < each["ts"] < (latest or "9")], limit)

    def replies(self, channel: str, root: str, oldest: str, after: str, limit: int) -> tuple[list[Json], bool]:
        """The root and then its replies, oldest first; and whether there are more."""
        with self.lock:
            thread = [each for each in self.messages[channel] if each.get("thread_ts", each["ts"]) == root]
        first = [each for each in thread if each["ts"] == root and not after]
        later = [each for each in thread if each["ts"] > max(oldest, after, root)]
        found, more = _page(later, limit)
        return first + found, more

    def _found(self, channel: str, ts: str) -> Json | None:
        return next((each for each in self.messages[channel] if each["ts"] == ts), None)

    def _message(self, channel: str, ts: str) -> Json:
        found = self._found(channel, ts)
        if found is None:
            raise LookupError(f"there is no message {ts} in {channel}")
        return found


def _page(found: list[Json], limit: int) -> tuple[list[Json], bool]:
    return copy.deepcopy(found[:limit]), len(found) > limit
