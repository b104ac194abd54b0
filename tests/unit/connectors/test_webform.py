"""The web form: its door over real loopback connections, and its reader."""

import base64
import hmac
import time
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from connectors._blobs import BlobStore
from connectors.webform import WebForm, WebFormSettings
from normalizer.errors import Misconfigured
from normalizer.events import Attachment, Contact, Message, ThreadRefs
from normalizer.ids import message_id
from tests.unit.connectors.webform_door import BROWSER, GOOD, Door, serving

SECRET = "a secret that is long enough"


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """A form that many tests share."""
    with serving() as found:
        yield found


def signed(body: bytes) -> dict[str, str]:
    """The headers of a signed post of JSON."""
    now = str(int(time.time()))
    digest = hmac.digest(SECRET.encode(), b".".join([b"msg_00001", now.encode(), body]), "sha256")
    return {
        "content-type": "application/json",
        "webhook-id": "msg_00001",
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


@pytest.mark.parametrize("encoding", ["json", "data", "files"])
def test_post_becomes_a_message(door: Door, encoding: str) -> None:
    """JSON, a form post and a multipart post say the same; the answer is the id of the message."""
    files = {name: (None, value) for name, value in GOOD.items()}
    answer = door.post(**{encoding: files if encoding == "files" else GOOD})
    message = door.last()
    assert (answer.status_code, answer.json()) == (202, {"id": message.id})
    assert message == Message(
        id=message_id("webform", "shop", message.source_id),
        channel="webform",
        account="shop",
        source_id=message.source_id,
        sender=Contact("email", "ann@example.org", "Ann"),
        received_at=message.received_at,
        subject="Help",
        text="It is broken.",
        visible_text="It is broken.",
        refs=ThreadRefs(own=message.source_id),
        degradations=("unverified-sender",),
    )


def test_raw_record_is_the_untouched_post(door: Door) -> None:
    """History keeps what was sent, byte for byte, and what else is known of it."""
    body = b'{ "message":"hi",  "email":"ann@example.org" }'
    door.post(content=body, headers={"Content-Type": "application/json", "Referer": "http://x.org/p?token=1"})
    raw = door.broker.events[-1]
    assert (raw.body, raw.content_type, raw.dataref) == (body, "application/json", None)
    assert raw.attributes == {"remoteaddress": "127.0.0.1", "useragent": "test", "referer": "http://x.org/p"}


def test_files_are_stored_before_anything_is_published(door: Door) -> None:
    """Attachments and the whole post are in the blob store, and the record refers to them."""
    file = ("C:\\photo.jpg", b"\xff\xd8 photo", "image/jpeg")
    answer = door.post(data=GOOD | {"order": "7"}, files={"attachments": file})
    (attachment,) = door.last().attachments
    raw = door.broker.events[-1]
    assert answer.status_code == 202
    expected = msgspec.structs.replace(
        Attachment.of(file[1], name="photo.jpg", content_type="image/jpeg"), content=None
    )
    assert attachment == expected
    assert door.last().fields == {"order": "7"}
    assert door.blobs.get(attachment.sha256) == file[1]
    assert file[1] in door.blobs.get(raw.dataref or "")
    assert raw.attributes["contenttype"].startswith("multipart/form-data; boundary=")


def test_not_acknowledged_when_the_broker_is_away() -> None:
    """503 with the seconds to wait, and nothing is said to be taken."""
    with serving() as door:
        door.broker.down = True
        answer = door.post(json=GOOD)
        page = door.post(data=GOOD, headers=BROWSER)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert "id" not in answer.json()
    assert (page.status_code, page.headers["retry-after"]) == (503, "7")
    assert "Your message was not sent" in page.text


def test_a_second_click_has_the_same_id(door: Door) -> None:
    """The same key and content is the same message, whether the key is a header or a hidden field."""
    ids = {
        door.post(json=GOOD, headers={"Idempotency-Key": '"0f8a-4c55-9d"'}).json()["id"],
        door.post(json=GOOD, headers={"Idempotency-Key": "0f8a-4c55-9d"}).json()["id"],
        door.post(data=GOOD | {"submission_id": "0f8a-4c55-9d"}).json()["id"],
    }
    assert len(ids) == 1


@profile(max_examples=25, deadline=None)
@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_any_text_is_a_key(door: Door, key: str) -> None:
    """Nobody's message is refused because a page has a strange hidden field."""
    answers = [door.post(data=GOOD | {"submission_id": key}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert (answers[0].json() == answers[1].json()) is bool(key.strip())


def test_an_edited_message_is_another_one(door: Door) -> None:
    """After "back", an edit and a second send under the same hidden key, the edit is not taken for a copy."""
    first, second = (door.post(data=GOOD | {"submission_id": "0f8a-4c55-9e", "message": text}) for text in "ab")
    assert first.json()["id"] != second.json()["id"]


def test_posts_without_a_key_are_each_their_own(door: Door) -> None:
    """Two people may say the same words."""
    assert door.post(json=GOOD).json()["id"] != door.post(json=GOOD).json()["id"]


def test_honeypot_is_taken_and_marked(door: Door) -> None:
    """A robot is answered like a person, and its post has a fate of its own."""
    answer = door.post(data=GOOD | {"Website": "https://spam.example"})
    assert answer.status_code == 202
    assert door.last().degradations == ("unverified-sender", "honeypot")
    assert door.last().fields == {}


def test_header_injection_is_undone_and_noted(door: Door) -> None:
    """Line breaks of a subject or a name end before they reach anybody's mail header."""
    door.post(json=GOOD | {"subject": "Hi\r\nBcc: all@example.org", "name": "A\x00nn"})
    message = door.last()
    assert (message.subject, message.sender.name) == ("Hi Bcc: all@example.org", "A nn")
    assert message.degradations == ("unverified-sender", "control-characters")


@pytest.mark.parametrize(
    ("fields", "status", "reason", "words"),
    [
        ({"email": ""}, 422, "missing-field", "email is missing: fill it in"),
        ({"message": " \r\n "}, 422, "missing-field", "message is missing: fill it in"),
        ({"email": "ann"}, 422, "bad-email", "email is no mail address: check it"),
        ({"email": "a@x.org, b@x.org"}, 422, "bad-email", "email is no mail address: check it"),
        ({"subject": "x" * 501}, 422, "too-long", "subject is longer than 500 characters: shorten it"),
        ({"order": {"number": 1}}, 422, "nested-field", "send it flat"),
        ({"order": "x" * 270_000}, 413, "too-large", "larger than 262144 bytes"),
    ],
)
def test_refusals_say_what_to_do(door: Door, fields: dict[str, str], status: int, reason: str, words: str) -> None:
    """What cannot be taken is refused with a slug and a sentence, and leaves no trace."""
    before = len(door.broker.events)
    answer = door.post(json=GOOD | fields)
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert words in answer.json()["detail"]
    assert len(door.broker.events) == before


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("multipart/form-data; boundary=B", b"nonsense", 400),
        ("text/plain", b"message=hi", 415),
        ("", b"message=hi", 415),
    ],
)
def test_broken_posts_have_their_status(door: Door, content_type: str, body: bytes, status: int) -> None:
    """The status tells a program who is at fault."""
    assert door.post(content=body, headers={"Content-Type": content_type}).status_code == status


def test_files_are_bounded() -> None:
    """Too many or too large files are 413, before anything is stored or published."""
    with serving(WebFormSettings(max_files=1, max_bytes=2_000)) as door:
        many = door.post(data=GOOD, files=[("f", ("a", b"1")), ("f", ("b", b"2"))])
        large = door.post(data=GOOD, files={"f": ("a", b"x" * 3_000)})
    assert (many.status_code, many.json()["reason"]) == (413, "too-many-files")
    assert (large.status_code, large.json()["reason"]) == (413, "too-large")
    assert door.broker.events == []


def test_one_address_may_not_flood() -> None:
    """Over the rate an address is told the seconds to wait; behind a trusted proxy its own address counts."""
    with serving(WebFormSettings(posts_per_minute=2, trusted_proxies=("127.0.0.0/8",))) as door:
        codes = [
            door.post(json=GOOD, headers={"X-Forwarded-For": f"203.0.113.9, {address}"}).status_code
            for address in ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2")
        ]
        refused = door.post(json=GOOD, headers={"X-Forwarded-For": "192.0.2.1"})
    assert codes == [202, 202, 429, 202]
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert "too many posts from this address: wait" in refused.json()["detail"]
    assert [raw.attributes["remoteaddress"] for raw in door.broker.events] == ["192.0.2.1", "192.0.2.1", "192.0.2.2"]


def test_forwarded_address_of_a_stranger_is_not_believed() -> None:
    """Without a trusted proxy nobody can choose his address."""
    with serving(WebFormSettings(posts_per_minute=1)) as door:
        codes = [
            door.post(json=GOOD, headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code for number in range(2)
        ]
    assert codes == [202, 429]


def test_signed_form_takes_only_signed_posts() -> None:
    """A form with a secret is for servers: signed posts pass at any rate, there is no page."""
    body = msgspec.json.encode(GOOD)
    with serving(WebFormSettings(secrets=(SECRET,), posts_per_minute=1)) as door:
        taken = [door.post(content=body, headers=signed(body)) for _ in range(3)]
        unsigned = door.post(json=GOOD)
        forged = door.post(content=body + b" ", headers=signed(body))
        page = door.client.get("/webform/shop")
    assert [answer.status_code for answer in taken] == [202] * 3
    assert len({answer.json()["id"] for answer in taken}) == 1
    assert (unsigned.status_code, unsigned.json()["reason"]) == (401, "unsigned")
    assert (forged.status_code, forged.json()["reason"]) == (401, "bad-signature")
    assert page.status_code == 405
    assert len(door.broker.events) == 3


def test_only_configured_origins_may_post_with_javascript() -> None:
    """CORS names the sites of the configuration, also on refusals, and no other."""
    with serving(WebFormSettings(origins=("https://www.example.org",))) as door:
        friend, stranger = ({"Origin": f"https://{host}.example.org"} for host in ("www", "evil"))
        asking = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
        preflight = door.client.options("/webform/shop", headers=friend | asking)
        refused_preflight = door.client.options("/webform/shop", headers=stranger | asking)
        answers = [door.post(json=GOOD, headers=friend), door.post(json={}, headers=friend)]
        strange = door.post(json=GOOD, headers=stranger)
    assert (preflight.status_code, refused_preflight.status_code) == (200, 400)
    assert [answer.status_code for answer in answers] == [202, 422]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"https://www.example.org"}
    assert "access-control-allow-origin" not in strange.headers


def test_options_without_cors(door: Door) -> None:
    """OPTIONS tells the methods."""
    assert door.client.options("/webform/shop").headers["allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    ("account", "settings", "words"),
    [
        ("a/b", {}, r"channels\.webform\.a/b: an account is part of a url"),
        ("shop", {"posts_per_minute": 0}, r"posts_per_minute is 0: set 1 or more"),
        ("shop", {"origins": ("https://x.org/path",)}, r"origins has 'https://x\.org/path': write https://host"),
        ("shop", {"thanks_url": "javascript:alert(1)"}, r"thanks_url is .* write a whole https:// url"),
        ("shop", {"secrets": ("short",)}, r"channels\.webform\.shop\.secrets\[0\] has 5 bytes"),
    ],
)
def test_settings_are_checked(account: str, settings: dict[str, object], words: str) -> None:
    """A wrong setting is named with its remedy before anything starts."""
    with pytest.raises(Misconfigured, match=words):
        WebForm(account, msgspec.convert(settings, WebFormSettings), BlobStore("memory://x"))


def test_secrets_are_not_shown() -> None:
    """Settings can be printed."""
    assert SECRET not in repr(WebFormSettings(secrets=(SECRET,)))
