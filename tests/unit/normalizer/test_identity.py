"""Addresses in their normal form."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.events import Contact
from normalizer.identity import MAX_ADDRESS, MAX_NAME, contact, customer, display_name, email_address, phone_number
from normalizer.ids import customer_id
from tests.servers.corpora import CORPORA, needs_corpora

# Mostly the characters that addresses are made of, so that hypothesis meets every branch.
ADDRESSLIKE = st.text(st.one_of(st.sampled_from('aB.@<>"\\()[]: +-%?;,\u3002é\u0130ßxn'), st.characters()), max_size=60)
NUMBERLIKE = st.text(st.one_of(st.sampled_from("+0123456789 -()/.xtel:;wap\uff0b"), st.characters()), max_size=40)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann.Lee@Example.COM", "ann.lee@example.com"),
        ("  ann@example.com.  ", "ann@example.com"),
        ("<ann@example.com>", "ann@example.com"),
        ("Ann Lee <ann@example.com>", "ann@example.com"),
        ('"Lee, Ann" <ann@example.com> (work)', "ann@example.com"),
        ("ann@example.com (Ann Lee)", "ann@example.com"),
        ("mailto:ann@example.com?subject=Hi", "ann@example.com"),
        ("<MAILTO:ann%40example.com>", "ann@example.com"),
        ("ann+shop@example.com", "ann+shop@example.com"),
        ('"ann.lee"@example.com', "ann.lee@example.com"),
        ('"a\\nn"@example.com', "ann@example.com"),
        ('"ann lee"@example.com', '"ann lee"@example.com'),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BU\u0308CHER.example", "ann@xn--bcher-kva.example"),
        ("ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example"),
        ("ann@例え。テスト", "ann@xn--r8jz45g.xn--zckzah"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("JOSE\u0301@example.com", "josé@example.com"),
        ("ann@under_score.example", "ann@under_score.example"),
        ("ann\u200b@example.com\u202e", "ann @example.com".replace(" ", "")),
        ("<>", ""),
        ("", ""),
        ("Undisclosed Recipients:;", "undisclosed recipients:;"),
        ("not an address", "not an address"),
        ("ann@", "ann@"),
        ("\udcff@example.com", "\ufffd@example.com"),
    ],
)
def test_a_mail_address_has_one_form(written: str, normal: str) -> None:
    """However an address is written, its normal form is the same; garbage stays what it is, in lower case."""
    assert normal == email_address(written)


def test_domains_that_only_look_alike_stay_apart() -> None:
    """A Cyrillic letter in a domain never becomes the Latin one."""
    assert email_address("ann@paypal.example") != email_address("ann@p\u0430ypal.example")


@given(ADDRESSLIKE)
def test_a_mail_address_in_its_normal_form_stays(text: str) -> None:
    """The normal form is idempotent, bounded, valid Unicode, and never raises."""
    once = email_address(text)
    assert once == email_address(once)
    assert len(once) <= MAX_ADDRESS
    assert once == once.encode().decode()


@given(st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8})?@[a-z]{1,8}\.(com|de)", fullmatch=True), st.randoms())
def test_case_and_wrapping_do_not_matter(address: str, random: Any) -> None:
    """Any mix of cases and any usual wrapping of an address gives the address."""
    mixed = "".join(c.upper() if random.random() < 0.5 else c for c in address)
    wrapped = random.choice(["{}", "<{}>", "Ann <{}>", "mailto:{}", " {} ", "{}.", "{} (Ann)"]).format(mixed)
    assert address == email_address(wrapped)


def test_a_huge_address_is_cut() -> None:
    """Work and result are bounded whatever comes in."""
    assert len(email_address("a@" + "é." * 1_000_000)) <= MAX_ADDRESS
    assert len(email_address("(" * 1_000_000 + "<" * 1_000_000)) <= MAX_ADDRESS


@needs_corpora
def test_every_written_form_of_the_example_numbers_gives_its_e164() -> None:
    """All countries' example numbers, as written nationally, internationally, as tel:, dialled and as WhatsApp id."""
    numbers = json.loads((CORPORA / "phonenumbers" / "example_numbers.json").read_text())
    wrong = [
        (form["text"], number["e164"], phone_number(form["text"], form["default_region"] or ""))
        for number in numbers
        for form in number["inputs"]
        if number["e164"] != phone_number(form["text"], form["default_region"] or "")
    ]
    assert len(numbers) > 0
    assert wrong == []


@pytest.mark.parametrize(
    ("written", "region", "normal"),
    [
        ("030 / 901820", "de", "+4930901820"),
        ("+1 (212) 555-0123 ext. 7", "", "+12125550123"),
        ("\uff0b49 30 901820", "", "+4930901820"),
        ("sms:+4930901820", "", "+4930901820"),
        ("tel:030-901820;phone-context=+49", "", "+4930901820"),
        ("whatsapp:+5215512345678", "", "+525512345678"),
        ("030901820", "", "030901820"),
        ("12345", "DE", "12345"),
        ("+999 12", "", "+999 12"),
        ("MyBank", "DE", "mybank"),
        ("Anonymous", "US", "anonymous"),
        ("030901820", "nowhere", "030901820"),
        ("", "US", ""),
    ],
)
def test_a_phone_number_has_one_form(written: str, region: str, normal: str) -> None:
    """Numbers become E.164; short codes, names and numbers without a country stay what they are."""
    assert normal == phone_number(written, region)


@given(NUMBERLIKE, st.sampled_from(["", "DE", "US", "IT", "MX"]))
def test_a_phone_number_in_its_normal_form_stays(text: str, region: str) -> None:
    """The normal form is idempotent, bounded, and never raises."""
    once = phone_number(text, region)
    assert once == phone_number(once, region)
    assert len(once) <= MAX_ADDRESS


def test_a_contact_is_normalized_by_its_scheme() -> None:
    """Mail addresses and numbers get their normal form; the opaque ids of other networks keep their case."""
    assert Contact("email", "ann@example.com", "Ann Lee") == contact("email", "ANN@example.com", " 'Ann \n Lee' ")
    assert Contact("tel", "+4930901820") == contact("tel", "030 901820", region="DE")
    assert Contact("slack", "T1:UaB") == contact("slack", " T1:UaB\x00")


def test_one_person_on_two_phone_channels_is_one_customer() -> None:
    """A customer is known by scheme and normalized address; the name and the channel do not matter."""
    sms, whatsapp = contact("tel", "030 901820", "A", region="DE"), contact("tel", "whatsapp:+4930901820", "B")
    assert customer(sms) == customer(whatsapp) == customer_id("tel", "+4930901820")


@given(st.text(max_size=300))
def test_a_name_is_one_bounded_line(text: str) -> None:
    """Names are idempotent, on one line, and bounded."""
    name = display_name(text)
    assert name == display_name(name)
    assert len(name) <= MAX_NAME
    assert len(name.splitlines()) <= 1
