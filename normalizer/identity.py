"""Addresses in their normal form, so that one person at one address is one customer on every channel.

A normal form is idempotent, bounded, valid Unicode, and never raises: what cannot be understood stays what it is,
tidied. Equal normal forms give equal `normalizer.ids.customer_id`. Two addresses of one person are two customers
until somebody merges them: a merge is an alias from one customer id to another, kept beside the store, and can be
undone. A normal form that merges too much cannot.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal
from urllib.parse import unquote

import idna
import phonenumbers

from normalizer.events import Contact
from normalizer.ids import customer_id

Scheme = Literal["email", "tel", "form", "slack", "x", "chat", "meta", "other"]

MAX_ADDRESS = 320  # RFC 3696 errata 1690 and RFC 5321 section 4.5.3.1: 64 + "@" + 255 octets
MAX_NAME = 200
_MAX_INPUT = 2_000
_MAX_DOMAIN = 255
_LAYERS = 8

_PLAIN = re.compile(r"[a-z0-9_+=\-]+(?:\.[a-z0-9_+=\-]+)*@[a-z0-9]+(?:[.\-][a-z0-9]+)*")
_ATOM = re.compile(r"[^\s\x00-\x20()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x20()<>\[\]:;@\\,.\"]+)*")
_BRACKETED = re.compile(r"<([^<>]*)>[^<>]*\Z")
_COMMENT = re.compile(r"\([^()]*\)\Z")
_QUOTED_PAIR = re.compile(r"\\(.)")
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")  # the full stops of IDNA (RFC 3490 section 3.1)
_PHONE_SCHEME = re.compile(r"\s*(?:whatsapp|sms|smsto|callto)\s*:\s*(?://)?", re.IGNORECASE)
# Mexico dropped the 1 of mobile numbers in 2019; WhatsApp still sends it, the same person's SMS do not.
_MEXICO = re.compile(r"\A\+521(\d{10})\Z")
# Invisible and able to make one text look like another: controls, bidi marks, zero-width spaces, BOM.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")


def email_address(text: str) -> str:
    """The normal form of a mail address (RFC 5321, RFC 5322 section 3.4.1): lower case, domain as A-labels.

    Takes what people and programs write: ``Ann <ann@x>``, ``mailto:``, trailing dots, spaces and comments. The local
    part is lower-cased too: RFC 5321 section 2.4 allows it to be case-sensitive, no provider makes use of it, and
    people write their own address in either case. A quoted local part loses quotes it does not need. The domain of
    an internationalized address becomes A-labels (UTS 46, RFC 5891), its form in the DNS: two spellings of one domain
    are equal there, and two that only look alike stay apart. ``ann+tag@x`` is kept: what stands after a plus is
    the provider's business and may be another person's. Text that is no address comes back tidied, in lower case.
    """
    if len(text) <= MAX_ADDRESS and "--" not in text and _PLAIN.fullmatch(text):
        return text
    found = _tidy(text, _MAX_INPUT)
    # One layer may hide another (``<mailto:ann@x.>``), and each step makes the text shorter or leaves it.
    for _ in range(_LAYERS):
        before, found = found, _tidy(_email(_unwrap(found)), MAX_ADDRESS)
        if before == found:
            break
    return found


def phone_number(text: str, region: str = "") -> str:
    """The number in E.164 (``+4930123456``), read by the public metadata of libphonenumber.

    `region` (ISO 3166 alpha-2) is where a number without a country code was written; without it such a number cannot
    be told apart from a short code and stays what it is, like names of senders (``MyBank``) and ``anonymous``.
    ``tel:``, ``whatsapp:`` and ``sms:`` are left out; an extension is not part of E.164.
    """
    tidy = _tidy(_tidy(text, MAX_ADDRESS).lower(), MAX_ADDRESS)
    bare = _PHONE_SCHEME.sub("", tidy)
    try:
        number = phonenumbers.parse(bare, region.upper() or None)
    except phonenumbers.NumberParseException:
        return bare
    # Only a number that is in use is taken as written nationally: short codes would get a country code else.
    if "+" not in bare and "\uff0b" not in bare and not phonenumbers.is_valid_number(number):
        return bare
    digits = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return _MEXICO.sub(r"+52\1", digits)


def contact(scheme: Scheme, address: str, name: str = "", *, region: str = "") -> Contact:
    """A contact whose address is in its normal form. Ids of other networks are opaque: only tidied, case kept."""
    if scheme == "email":
        address = email_address(address)
    elif scheme == "tel":
        address = phone_number(address, region)
    else:
        address = _tidy(address, MAX_ADDRESS)
    return Contact(scheme, address, display_name(name))


def customer(party: Contact) -> str:
    """The id of the customer whom a normalized contact stands for: one for each address, whatever the channel."""
    return customer_id(party.scheme, party.address)


def display_name(text: str) -> str:
    """A name on one line, composed (NFC), without its quotes and invisible characters, at most 200 long."""
    name = _tidy(text, MAX_NAME)
    while len(name) >= 2 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name


def _tidy(text: str, limit: int) -> str:
    """Valid Unicode on one line, composed. Lone surrogates, which no store takes, become U+FFFD."""
    whole = text[:_MAX_INPUT].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    line = unicodedata.normalize("NFC", " ".join(_INVISIBLE.sub(" ", whole).split()))
    return line[:limit].strip()


def _unwrap(text: str) -> str:
    """What stands inside brackets, ``mailto:`` and comments."""
    if bracketed := _BRACKETED.search(text):
        text = bracketed[1].strip()
    if text[:7].lower() == "mailto:":
        text = unquote(text[7:].partition("?")[0], errors="replace")
    return _COMMENT.sub("", text).strip("<> .")


def _email(text: str) -> str:
    local, at, domain = text.rpartition("@")
    if not at:
        return text.lower()
    return f"{_local(local.strip())}@{_domain(domain)}"


def _local(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        plain = _QUOTED_PAIR.sub(r"\1", text[1:-1])
        if _ATOM.fullmatch(plain):
            text = plain
    return text.lower()


def _domain(text: str) -> str:
    """The domain as A-labels; what IDNA refuses (address literals, underscores, garbage) only in lower case."""
    plain = text.translate(_DOTS).strip(" .").lower()
    if (plain.isascii() and "xn--" not in plain) or len(plain) > _MAX_DOMAIN:
        return plain
    try:
        return idna.encode(plain, uts46=True).decode().lower()
    except idna.IDNAError:
        return plain
