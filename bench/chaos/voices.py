"""How each channel's customers speak: each voice returns once the place has what was said, or our door has accepted it.

Who posts to us by himself (a form, a chat, a shop's server) tries again with the same id until he has his 2xx, as a
browser or a queue does; vendors try as often as they promise, and their lists have the rest.
"""

from __future__ import annotations

import base64
import hmac
import time
import uuid
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

import httpx
import msgspec

from bench.chaos.chat import Chat
from bench.chaos.plan import PEOPLE, Saying
from bench.chaos.sources import ACCOUNT, CHAT, LINE, PUBLIC, SHOP, SLACK_ROOM, WEBHOOK_SECRET, Sources
from connectors.fakes._twilio.phone import Caller
from connectors.fakes.meta import FakeMeta

Voice = Callable[[Saying], bool | None]
"""False when the place does not have it in the end."""

AGAIN_SECONDS = 0.3
_SPACE = uuid.UUID("5c0ffee5-0000-4000-8000-000000000000")


class Voices:
    """The voices of all channels. `door` is where vendors post, `doors` are the chats of both Switchboards."""

    def __init__(self, sources: Sources, door: str, chats: tuple[str, ...], run: str) -> None:
        self._sources = sources
        self._door = door
        self._run = run
        self._number = sources.meta["whatsapp"].number()
        self._page = sources.meta["messenger"].page()
        self._instagram = sources.meta["instagram"].instagram()
        self._roots: dict[str, str] = {}
        self._client = httpx.Client(trust_env=False, timeout=20)
        self._chats = [Chat(base) for base in chats]
        self.stopped = False
        for person in range(PEOPLE):
            sources.slack.user(f"U0P{person:03d}", f"Person {person}")
            sources.meta["messenger"].graph.people[f"2400001{person:04d}"] = {
                "first_name": "Ben",
                "last_name": f"Number {person}",
            }
            sources.meta["instagram"].graph.people[f"1784000{person:04d}"] = {
                "name": f"Cleo {person}",
                "username": f"cleo{person}",
            }

    def of(self, channel: str) -> Voice:
        """The voice of a channel."""
        voice: Voice = getattr(self, channel)
        return voice

    def close(self) -> None:
        """Hang up; whoever still tries gives up."""
        self.stopped = True
        self._client.close()
        for chat in self._chats:
            chat.close()

    def mail(self, said: Saying) -> None:
        """A mail in the folder; an answer names what it answers. Some have an attachment, some come twice."""
        mail = EmailMessage()
        mail["From"] = f"Person {said.person} <p{said.person}@chaos.example>"
        mail["To"] = "support@shop.example"
        mail["Subject"] = f"{'Re: ' if said.turn > 1 else ''}Matter {said.talk}"
        mail["Date"] = formatdate()
        mail["Message-ID"] = f"<{said.talk}.{said.turn}.{self._run}@chaos.example>"
        if said.turn > 1:
            parents = [f"<{said.talk}.{turn}.{self._run}@chaos.example>" for turn in range(1, said.turn)]
            mail["In-Reply-To"], mail["References"] = parents[-1], " ".join([*parents[:1], *parents[1:][-9:]])
        mail.set_content(said.text)
        if said.number % 5 == 0:
            mail.add_attachment(
                f"{said.mark} ".encode() * 200, maintype="application", subtype="octet-stream", filename="log.bin"
            )
        self._sources.mailbox.deliver(*[mail.as_bytes()] * (2 if said.twice else 1))

    def sms(self, said: Saying) -> None:
        """A text."""
        self._sources.twilio.messages.receive(f"+49151123456{said.person:02d}", SHOP, said.text)

    def whatsapp_twilio(self, said: Saying) -> None:
        """A text by the other provider."""
        self._sources.twilio.messages.receive(f"whatsapp:+4477009001{said.person:02d}", CHAT, said.text)

    def voice(self, said: Saying) -> bool:
        """A voicemail, of which Twilio makes a transcript; there is none when our doors were away during the call."""
        attempts = self._sources.twilio.webhooks.attempts
        mine = f"{PUBLIC}/voice/"
        before = len(attempts)
        caller = Caller(speaks=9, transcript=said.text)
        self._sources.twilio.phone.ring(f"+4930123456{said.person:02d}", LINE, caller)
        return all(each.status == 200 for each in attempts[before:] if each.url.startswith(mine))

    def whatsapp(self, said: Saying) -> None:
        """A text by Meta."""
        self._number.text(f"49151999{said.person:04d}", f"Ann {said.person}", said.text)
        self._deliver(self._sources.meta["whatsapp"])

    def messenger(self, said: Saying) -> None:
        """A text to the page."""
        self._page.text(f"2400001{said.person:04d}", said.text)
        self._deliver(self._sources.meta["messenger"])

    def instagram(self, said: Saying) -> None:
        """A text to the account."""
        self._instagram.text(f"1784000{said.person:04d}", said.text)
        self._deliver(self._sources.meta["instagram"])

    def slack(self, said: Saying) -> None:
        """A message, or a reply in its thread; told as an event, and kept in the history."""
        key = f"{said.talk}"
        more: dict[str, Any] = {"thread_ts": self._roots[key]} if said.turn > 1 else {}
        ts = self._sources.slack.say(SLACK_ROOM, f"U0P{said.person:03d}", said.text, **more)
        if said.turn == 1:
            self._roots[key] = ts

    def x(self, said: Saying) -> None:
        """A post that mentions the account."""
        self._sources.x.post(f"person{said.person}", f"@acme {said.text}")

    def webchat(self, said: Saying) -> None:
        """A line in the chat, told to both."""
        frame = {"type": "message", "id": str(uuid.uuid5(_SPACE, f"{self._run}{said.mark}")), "text": said.text,
                 "at": time.time() * 1000, "profile": {"name": "Mika", "email": f"mika{said.person}@chaos.example"}}  # fmt: skip
        token = ""
        for chat in self._chats:
            token = self._until(lambda chat=chat, token=token: chat.say(said.person, frame, token))  # type: ignore[misc]  # bound at once

    def webform(self, said: Saying) -> None:
        """A post of the form, sent twice by some."""
        fields = {"name": "Noor", "email": f"noor{said.person}@chaos.example", "subject": "A question",
                  "message": said.text, "submission_id": f"{self._run}-{said.mark}"}  # fmt: skip
        body = msgspec.json.encode(fields)
        for _ in range(2 if said.twice else 1):
            self._post("webform", body, lambda: {"Content-Type": "application/json"})

    def webhook(self, said: Saying) -> None:
        """A signed event of a shop's server."""
        number = f"{self._run}-{said.mark}"
        data = {"email": f"lena{said.person}@chaos.example", "text": said.text, "thread": f"{self._run} {said.talk}"}
        event = {"specversion": "1.0", "id": number, "source": "https://shop.example", "type": "shop.complaint",
                 "data": data}  # fmt: skip
        body = msgspec.json.encode(event)

        def head() -> dict[str, str]:
            now = str(int(time.time()))
            digest = hmac.digest(WEBHOOK_SECRET.encode(), f"{number}.{now}.".encode() + body, "sha256")
            signed = f"v1,{base64.b64encode(digest).decode()}"
            kind = {"Content-Type": "application/cloudevents+json"}
            return kind | {"webhook-id": number, "webhook-timestamp": now, "webhook-signature": signed}

        for _ in range(2 if said.twice else 1):
            self._post("webhook", body, head)

    def filedrop(self, said: Saying) -> None:
        """A line in a file."""
        line = {"id": f"{self._run}-{said.mark}", "name": "Tove", "email": f"tove{said.person}@chaos.example",
                "text": said.text}  # fmt: skip
        with (self._sources.folder / "visitors.jsonl").open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")

    def _deliver(self, meta: FakeMeta) -> None:
        """Meta repeats what was not answered with 200, for days."""
        self._until(lambda: all(status == 200 for status in meta.deliver()) or None)

    def _post(self, channel: str, body: bytes, head: Callable[[], dict[str, str]]) -> None:
        def post() -> bool | None:
            try:
                answer = self._client.post(f"{self._door}/{channel}/{ACCOUNT}", content=body, headers=head())
            except httpx.HTTPError:
                return None
            return answer.is_success or None

        self._until(post)

    def _until(self, act: Callable[[], Any]) -> Any:
        while (done := act()) is None and not self.stopped:
            time.sleep(AGAIN_SECONDS)
        return done
