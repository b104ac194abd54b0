"""Only who has a secret can sign, only what was signed passes, and only for a while."""

import base64
import hashlib
import hmac
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._guard import Problem
from connectors._signature import fresh, keys, matches, verify
from normalizer.errors import Misconfigured

NOW = 1_700_000_000.0
OLD, NEW = b"the secret of last year.", b"the secret of this year."
PAGE = Path(__file__).parents[3] / "docs" / "web-form.md"
BODY = b'{"message": "hello"}'


def signed(key: bytes, *, body: bytes = BODY, at: float = NOW, delivery: str = "msg_1") -> dict[str, str]:
    """The headers of a Standard Webhooks post."""
    content = b".".join([delivery.encode(), str(int(at)).encode(), body])
    signature = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    return {"webhook-id": delivery, "webhook-timestamp": str(int(at)), "webhook-signature": f"v1,{signature}"}


def refusal(headers: dict[str, str], body: bytes = BODY) -> str:
    """The reason for which a post is refused."""
    with pytest.raises(Problem) as caught:
        verify([NEW, OLD], headers, body, NOW)
    assert caught.value.status_code == 401
    return caught.value.reason


def test_knows_the_example_of_the_standard() -> None:
    """The example of the Standard Webhooks specification verifies."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    found = keys(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "secrets")
    assert verify(found, headers, b'{"test": 2432232314}', 1614265330.0) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


@pytest.mark.parametrize("key", [OLD, NEW])
def test_two_secrets_are_valid_while_one_is_rotated(key: bytes) -> None:
    """Posts signed with the old secret pass until it is taken away."""
    assert verify([NEW, OLD], signed(key), BODY, NOW) == "msg_1"


def test_one_of_several_signatures_is_enough() -> None:
    """A sender that rotates signs with both secrets."""
    headers = signed(NEW)
    headers["webhook-signature"] = f"v1,AAAA v1a,xyz {headers['webhook-signature']}"
    assert verify([NEW], headers, BODY, NOW) == "msg_1"


def test_another_secret_is_refused() -> None:
    """Nobody signs without the secret."""
    assert refusal(signed(b"a guess, as long as it is")) == "bad-signature"


def test_who_signs_with_the_text_of_a_key_is_told_so() -> None:
    """The secret of the standard is the base64 of its key, which is easily overlooked."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with pytest.raises(Problem, match="starts with whsec_ is what the rest decodes to from base64"):
        verify(keys([secret], "secrets"), signed(secret.encode()), BODY, NOW)


class Posts(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    def do_POST(self) -> None:
        """Verify it as a door does, and answer as one."""
        body = self.rfile.read(int(self.headers["content-length"]))
        head = {name.lower(): value for name, value in self.headers.items()}
        delivery = verify(self.server.keys, head, body, time.time())  # type: ignore[attr-defined]
        self.send_response(202)
        self.end_headers()
        self.wfile.write(json.dumps({"id": delivery}).encode())


@pytest.mark.parametrize("secret", ["any text of some length", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_the_code_of_the_page_signs_with_either_kind_of_secret(secret: str) -> None:
    """What docs/web-form.md gives to senders, as it stands there."""
    [code] = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    page: dict[str, Any] = {}
    exec(code, page)  # noqa: S102 - it is ours
    with HTTPServer(("127.0.0.1", 0), Posts) as server:
        server.keys = keys([secret], "secrets")  # type: ignore[attr-defined]
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert page["send"](f"http://127.0.0.1:{server.server_port}/", secret, {"message": "hello"}, "msg_7") == "msg_7"


@given(body=st.binary(max_size=60))
def test_any_other_body_is_refused(body: bytes) -> None:
    """A signature is for one body."""
    if body != BODY:
        assert refusal(signed(NEW), body) == "bad-signature"


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_part_is_needed(name: str) -> None:
    """A post without one of the headers is unsigned."""
    headers = signed(NEW)
    del headers[name]
    assert refusal(headers) == "unsigned"


def test_id_and_time_are_signed_too() -> None:
    """A recorded post cannot be sent again under another id or a later time."""
    assert refusal(signed(NEW) | {"webhook-id": "msg_2"}) == "bad-signature"
    assert refusal(signed(NEW, at=NOW - 290) | {"webhook-timestamp": str(int(NOW))}) == "bad-signature"


@pytest.mark.parametrize(("age", "ok"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_replay_window(age: int, ok: bool) -> None:
    """A post is good for five minutes, by either clock."""
    headers = signed(NEW, at=NOW - age)
    assert (verify([NEW], headers, BODY, NOW) == "msg_1") if ok else (refusal(headers) == "stale-signature")


@given(text=st.text(max_size=20), signature=st.text(max_size=60))
def test_garbage_is_refused_and_never_crashes(text: str, signature: str) -> None:
    """Whatever a stranger sends in the headers, he is refused."""
    headers = {"webhook-id": text, "webhook-timestamp": text, "webhook-signature": signature}
    assert refusal(headers) in {"unsigned", "stale-signature", "bad-signature"}
    headers = {"webhook-id": text, "webhook-timestamp": str(int(NOW)), "webhook-signature": f"v1,{signature}"}
    assert refusal(headers) in {"unsigned", "bad-signature"}


@pytest.mark.parametrize(
    "timestamp", ["", "-1700000000", "1700000000.5", "1_700_000_000", "٣", "9" * 13, " 1700000000"]
)
def test_only_digits_are_a_time(timestamp: str) -> None:
    """What Python's int would take generously is no time."""
    assert fresh(timestamp, NOW) is False


def test_fits_other_schemes() -> None:
    """A vendor with another digest and another signed text uses the same comparison."""
    digest = hmac.new(NEW, b"v0:1:body", hashlib.sha1).digest()
    assert matches([OLD, NEW], b"v0:1:body", [b"short", digest], "sha1") is True
    assert matches([OLD], b"v0:1:body", [digest], "sha1") is False


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        (["a" * 20] * 3, "channels.webform.shop.secrets has 3 secrets: keep the new one and the one before it"),
        (["short"], r"secrets\[0\] has 5 bytes: use at least 16 random ones"),
        (["a" * 20, "whsec_%%%"], r"secrets\[1\] starts with whsec_ and is not base64: copy it whole"),
    ],
)
def test_bad_secrets_are_told_without_showing_them(secrets: list[str], message: str) -> None:
    """The error names the setting and the remedy, never the secret."""
    with pytest.raises(Misconfigured, match=message) as caught:
        keys(secrets, "channels.webform.shop.secrets")
    assert not any(secret in str(caught.value) for secret in secrets)
