"""Signatures of Twilio: their published vectors, what proxies do to addresses, and garbage."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import HMAC_SHA256, RequestValidator  # type: ignore[import-untyped]  # it ships no types

from connectors._twilio.signature import FORM, genuine, public_address
from tests.servers.corpora import CORPORA, needs_corpora

KEY = b"12345"
_UNICODE = st.characters(exclude_categories=["Cs"])


def headers(signature: str, kind: str = FORM, **more: str) -> dict[str, str]:
    """As they arrive."""
    return {"x-twilio-signature": signature, "content-type": kind, **more}


def signed(url: str, fields: Mapping[str, str]) -> dict[str, str]:
    """The headers of a form that the package's own code signs."""
    return headers(RequestValidator(KEY.decode()).compute_signature(url, fields))


@needs_corpora
def test_published_vectors_hold_and_one_changed_byte_does_not() -> None:
    """Those of the client package: with ports as Twilio signs them, with several values under a name, and JSON."""
    cases = json.loads((CORPORA / "signatures" / "vectors.json").read_text())["twilio"]["cases"]
    assert {case["valid"] for case in cases} == {True}
    for case in cases:
        kind = "application/json" if "body" in case else FORM
        several = case.get("params_multi") or list(case.get("params", {}).items())
        body = case.get("body") or urlencode([(name, value) for name, value in several])
        told = headers(case["signature"], kind)
        assert genuine([KEY], case["uri"], told, body.encode()), case["uri"]
        changed = bytes([body.encode()[0] ^ 1]) + body.encode()[1:]
        assert not genuine([KEY], case["uri"], told, changed), case["uri"]
        assert not genuine([KEY], case["uri"] + "x", told, body.encode()), case["uri"]
        assert not genuine([b"12346"], case["uri"], told, body.encode()), case["uri"]


def test_two_tokens_are_valid_while_they_are_rotated() -> None:
    """The old and the new, in any order; and no third."""
    told = signed("https://a.example/sms", {"Body": "hi"})
    assert genuine([b"another", KEY], "https://a.example/sms", told, b"Body=hi")
    assert genuine([KEY, b"another"], "https://a.example/sms", told, b"Body=hi")
    assert not genuine([b"another"], "https://a.example/sms", told, b"Body=hi")
    assert not genuine([], "https://a.example/sms", told, b"Body=hi")


def test_a_shared_key_signs_with_sha256() -> None:
    """The algorithm is named in a header; one that nobody knows is refused."""
    url = "https://a.example/sms?x=1"
    signature = RequestValidator(KEY.decode()).compute_signature(url, {"Body": "hi"}, HMAC_SHA256)
    settings_header = "x-twilio-webhooks-signature-settings"
    told = headers(signature) | {settings_header: "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
    assert genuine([KEY], url, told, b"Body=hi")
    assert not genuine([KEY], url, headers(signature), b"Body=hi")
    assert not genuine([KEY], url, told | {settings_header: "algorithm=HMAC_MD5"}, b"Body=hi")


@pytest.mark.parametrize(
    ("called", "as_signed"),
    [
        ("https://[2001:db8::1]/sms", "https://[2001:db8::1]/sms"),
        ("https://[2001:db8::1]:8443/sms", "https://[2001:db8::1]/sms"),
        ("https://[2001:db8::1]/sms", "https://[2001:db8::1]:443/sms"),
        ("http://a.example/sms", "http://a.example:80/sms"),
        ("https://u:p@a.example:8443/sms?a=%20b", "https://u:p@a.example/sms?a=%20b"),
    ],
)
def test_ports_and_hosts_of_ipv6(called: str, as_signed: str) -> None:
    """With and without a port, as Twilio may sign either; brackets are part of a host."""
    mac = hmac.digest(KEY, (as_signed + "Bodyhi").encode(), hashlib.sha1)
    assert genuine([KEY], called, headers(base64.b64encode(mac).decode()), b"Body=hi")


def test_empty_values_emoji_nul_and_plus_are_signed_as_they_are_meant() -> None:
    """An empty Body with media, and any character."""
    fields = {"Body": "", "To": "+15005550006", "Text": "1 + 1 = 2 & \x00 😀", "NumMedia": "1"}
    body = urlencode(fields).encode()
    assert genuine([KEY], "https://a.example/sms", signed("https://a.example/sms", fields), body)


def test_a_body_that_no_signature_covers_is_refused() -> None:
    """JSON without its digest in the query: the signature is of the address alone, and anybody could exchange the body."""
    mac = hmac.digest(KEY, b"https://a.example/sms", hashlib.sha1)
    told = headers(base64.b64encode(mac).decode(), "application/json")
    assert genuine([KEY], "https://a.example/sms", told, b"")
    assert not genuine([KEY], "https://a.example/sms", told, b"{}")


@settings(max_examples=60, deadline=None)
@given(
    url=st.one_of(
        st.text(max_size=40), st.just("https://a:b:c/"), st.just("https://[::1/"), st.just("http://a:99999/")
    ),
    signature=st.text(max_size=40),
    kind=st.sampled_from((FORM, "application/json", "", "multipart/form-data")),
    body=st.binary(max_size=60),
)
def test_garbage_is_refused_and_never_raises(url: str, signature: str, kind: str, body: bytes) -> None:
    """Whatever a stranger sends."""
    assert genuine([KEY], url, headers(signature, kind), body) is False


def test_the_public_address_is_ours_and_the_path_as_it_came() -> None:
    """Behind a proxy only the origin differs; the query is not decoded and encoded again."""
    found = public_address("https://hooks.example.com/", "/sms/main", "a=%2B1&b=")
    assert found == "https://hooks.example.com/sms/main?a=%2B1&b="


@settings(max_examples=60, deadline=None)
@given(
    fields=st.lists(st.tuples(st.text(_UNICODE, min_size=1, max_size=8), st.text(_UNICODE, max_size=12)), max_size=8),
    query=st.dictionaries(st.text(_UNICODE, min_size=1, max_size=5), st.text(_UNICODE, max_size=8), max_size=3),
)
def test_whatever_the_package_signs_is_genuine(fields: list[tuple[str, str]], query: dict[str, str]) -> None:
    """Any names, any texts, several values under a name, any query."""
    url = f"https://a.example/sms?{urlencode(query)}" if query else "https://a.example/sms"
    many: dict[str, list[str]] = {}
    for name, value in fields:
        many.setdefault(name, []).append(value)
    body = urlencode(fields).encode()
    assert genuine([KEY], url, headers(RequestValidator(KEY.decode()).compute_signature(url, Several(many))), body)


class Several(dict[str, list[str]]):
    """As the package takes several values."""

    def getall(self, name: str) -> list[str]:
        """All of them."""
        return self[name]
