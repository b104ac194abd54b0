"""Messages and their media at a stand-in of Twilio: https://www.twilio.com/docs/messaging/api/message-resource."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.fakes._twilio.account import Account, refusal, rfc2822
from connectors.fakes._twilio.listing import page, window
from connectors.fakes._twilio.webhooks import Attempt, Webhooks

_GSM = 160, 153  # characters of one segment, and of each of several
_UCS2 = 70, 67
_FINAL = ("delivered", "undelivered", "failed", "read", "canceled")


class Number(msgspec.Struct, frozen=True):
    """An address of ours: where its messages are posted, and where they go when that fails."""

    sms_url: str = ""
    fallback_url: str = ""
    messaging_service_sid: str = ""


class Medium(msgspec.Struct):
    """A file of a message. It is there after `late` requests have been told that it is not."""

    sid: str
    content: bytes
    content_type: str
    created: datetime
    late: int = 0


class Stored(msgspec.Struct):
    """A message, as the account has it."""

    sid: str
    sender: str
    to: str
    body: str
    direction: str
    status: str
    created: datetime
    sent: datetime | None
    media: list[Medium]
    service: str = ""
    status_callback: str = ""
    error_code: int | None = None
    extra: Mapping[str, str] = {}


class Messages:
    """The messages of an account. Numbers are added to `numbers`; what comes in for them is posted to their address."""

    def __init__(self, account: Account, webhooks: Webhooks) -> None:
        self._account = account
        self._webhooks = webhooks
        self.numbers: dict[str, Number] = {}
        self.stored: list[Stored] = []

    def routes(self) -> Sequence[BaseRoute]:
        """Its resources."""
        base, guarded = self._account.base.replace(self._account.sid, "{account}"), self._account.guarded
        one = f"{base}/Messages/{{sid}}"
        return [
            Route(f"{base}/Messages.json", guarded(self._list), methods=["GET"]),
            Route(f"{base}/Messages.json", guarded(self._create), methods=["POST"]),
            Route(f"{one}.json", guarded(self._fetch), methods=["GET"]),
            Route(f"{one}.json", guarded(self._delete), methods=["DELETE"]),
            Route(f"{one}/Media.json", guarded(self._media_list), methods=["GET"]),
            Route(f"{one}/Media/{{medium}}", guarded(self._media), methods=["GET"]),
            Route("/media/{sid}/{medium}", self._content, methods=["GET"]),
        ]

    def receive(
        self,
        sender: str,
        to: str,
        body: str = "",
        *,
        media: Sequence[tuple[bytes, str]] = (),
        late: int = 0,
        sent: datetime | None = None,
        quiet: bool = False,
        extra: Mapping[str, str] | None = None,
    ) -> Stored:
        """A message of a customer: kept, and posted to the number's address unless `quiet` (a webhook that was lost).

        `media` are contents and their types, which are not there yet for the first `late` requests; `extra` are more
        parameters (ProfileName, Latitude, OptOutType …).
        """
        now = sent or self._account.clock()
        sid = self._account.new_sid("MM" if media else "SM")
        files = [Medium(self._account.new_sid("ME"), content, kind, now, late) for content, kind in media]
        number = self.numbers.get(to, Number())
        service = number.messaging_service_sid
        made = Stored(sid, sender, to, body, "inbound", "received", now, now, files, service, extra=extra or {})
        with self._account.lock:
            self.stored.append(made)
        if not quiet and number.sms_url:
            self.post(made)
        return made

    def post(self, message: Stored) -> Attempt:
        """Post a message that came in (again)."""
        number = self.numbers[message.to]
        return self._webhooks.with_fallback(number.sms_url, number.fallback_url, self.parameters(message))

    def parameters(self, message: Stored) -> list[tuple[str, str]]:
        """What is posted: https://www.twilio.com/docs/messaging/guides/webhook-request."""
        found = [
            ("ToCountry", "US"),
            ("SmsMessageSid", message.sid),
            ("NumMedia", str(len(message.media))),
            ("FromCountry", "US"),
            ("SmsSid", message.sid),
            ("SmsStatus", message.status),
            ("Body", message.body),
            ("To", message.to),
            ("NumSegments", str(segments(message.body))),
            ("MessageSid", message.sid),
            ("AccountSid", self._account.sid),
            ("From", message.sender),
            ("ApiVersion", "2010-04-01"),
        ]
        if message.service:
            found.append(("MessagingServiceSid", message.service))
        for index, medium in enumerate(message.media):
            found.append((f"MediaUrl{index}", self._media_url(message, medium)))
            found.append((f"MediaContentType{index}", medium.content_type))
        return [*found, *message.extra.items()]

    def progress(self, sid: str, status: str, error_code: int | None = None) -> Attempt | None:
        """Let a message of ours get further; its callback hears of it. An end (delivered, failed …) may come after another."""
        message = self._one(sid)
        message.status, message.error_code = status, error_code
        if message.sent is None and status in ("sent", *_FINAL) and status != "canceled":
            message.sent = self._account.clock()
        if not message.status_callback:
            return None
        told = [("SmsSid", sid), ("SmsStatus", status), ("MessageStatus", status), ("To", message.to)]
        told += [("MessageSid", sid), ("AccountSid", self._account.sid), ("From", message.sender)]
        told += [("ErrorCode", str(error_code))] if error_code else []
        return self._webhooks.post(message.status_callback, [*told, ("ApiVersion", "2010-04-01")])

    def _one(self, sid: str) -> Stored:
        return next(each for each in self.stored if each.sid == sid)

    async def _list(self, request: Request) -> Response:
        asked = request.query_params
        inside = window(asked, "DateSent")
        found = [
            each
            for each in self.stored
            if asked.get("To", each.to) == each.to
            and asked.get("From", each.sender) == each.sender
            and (inside is None or (each.sent is not None and inside(each.sent.date())))
        ]
        found.sort(key=lambda each: (each.sent or each.created, each.sid), reverse=True)
        listed = page(request, "messages", [self.resource(each) for each in found])
        return Response(json.dumps(listed), media_type="application/json")  # ASCII: half an emoji can be in a text

    async def _create(self, request: Request) -> Response:
        asked = await request.form()
        told = {name: str(value) for name, value in asked.items()}
        if not told.get("To"):
            return refusal(400, 21604, "A 'To' phone number is required.")
        if not (told.get("From") or told.get("MessagingServiceSid")):
            return refusal(400, 21603, "A 'From' phone number is required.")
        if not (told.get("Body") or told.get("MediaUrl") or told.get("ContentSid")):
            return refusal(400, 21602, "Message body is required.")
        service = told.get("MessagingServiceSid", "")
        pool = [number for number, each in self.numbers.items() if service and each.messaging_service_sid == service]
        sender = told.get("From") or next(iter(pool), "")
        now = self._account.clock()
        made = Stored(
            self._account.new_sid("SM"),
            sender,
            told["To"],
            told.get("Body", ""),
            "outbound-api",
            "queued",
            now,
            None,
            [],
        )
        made.service, made.status_callback = service, told.get("StatusCallback", "")
        with self._account.lock:
            self.stored.append(made)
        return JSONResponse(self.resource(made), 201)

    async def _fetch(self, request: Request) -> Response:
        found = self._asked(request)
        return JSONResponse(self.resource(found)) if found else _unknown(request)

    async def _delete(self, request: Request) -> Response:
        found = self._asked(request)
        if found is None:
            return _unknown(request)
        with self._account.lock:
            self.stored.remove(found)
        return Response(status_code=204)

    async def _media_list(self, request: Request) -> Response:
        found = self._asked(request)
        if found is None:
            return _unknown(request)
        listed = [self._medium_resource(found, each) for each in found.media]
        return JSONResponse(page(request, "media_list", listed))

    async def _media(self, request: Request) -> Response:
        found, name = self._asked(request), request.path_params["medium"]
        medium = _medium(found, name.removesuffix(".json"))
        if found is None or medium is None:
            return _unknown(request)
        if name.endswith(".json"):
            return JSONResponse(self._medium_resource(found, medium))
        if medium.late > 0:
            medium.late -= 1
            return _unknown(request)
        return RedirectResponse(f"/media/{found.sid}/{medium.sid}", 307)

    async def _content(self, request: Request) -> Response:
        medium = _medium(self._asked(request), request.path_params["medium"])
        return Response(medium.content, media_type=medium.content_type) if medium else _unknown(request)

    def _asked(self, request: Request) -> Stored | None:
        return next((each for each in self.stored if each.sid == request.path_params["sid"]), None)

    def _media_url(self, message: Stored, medium: Medium) -> str:
        return f"{self._account.url}{self._account.base}/Messages/{message.sid}/Media/{medium.sid}"

    def resource(self, message: Stored) -> dict[str, Any]:
        """A message as the API gives it."""
        uri = f"{self._account.base}/Messages/{message.sid}"
        return {
            "account_sid": self._account.sid,
            "api_version": "2010-04-01",
            "body": message.body,
            "date_created": rfc2822(message.created),
            "date_sent": rfc2822(message.sent),
            "date_updated": rfc2822(message.sent or message.created),
            "direction": message.direction,
            "error_code": message.error_code,
            "error_message": None,
            "from": message.sender or None,
            "messaging_service_sid": message.service or None,
            "num_media": str(len(message.media)),
            "num_segments": str(segments(message.body)),
            "price": None,
            "price_unit": "USD",
            "sid": message.sid,
            "status": message.status,
            "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
            "to": message.to,
            "uri": f"{uri}.json",
        }

    def _medium_resource(self, message: Stored, medium: Medium) -> dict[str, Any]:
        return {
            "account_sid": self._account.sid,
            "content_type": medium.content_type,
            "date_created": rfc2822(medium.created),
            "date_updated": rfc2822(medium.created),
            "parent_sid": message.sid,
            "sid": medium.sid,
            "uri": f"{self._account.base}/Messages/{message.sid}/Media/{medium.sid}.json",
        }


def segments(body: str) -> int:
    """How many parts a text is sent in: https://www.twilio.com/docs/glossary/what-sms-character-limit."""
    one, each = _GSM if body.isascii() else _UCS2
    units = len(body.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= one else -(-units // each)


def _medium(message: Stored | None, sid: str) -> Medium | None:
    return next((each for each in message.media if each.sid == sid), None) if message else None


def _unknown(request: Request) -> Response:
    return refusal(404, 20404, f"The requested resource {request.url.path} was not found")
