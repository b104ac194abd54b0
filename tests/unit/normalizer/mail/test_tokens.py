"""Reply tokens: only those we made lead to a conversation, in either case of letters and with the old secret too."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail.tokens import find, make, plus_address, verify

NEW = b"new secret of 24 bytes.."
OLD = b"old secret of 24 bytes.."
CONVERSATION = "0b87a5a6-0d5c-5d37-b6a4-4b3f0b8d2a11"
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
conversations = st.uuids().map(str)


@given(conversations)
def test_a_token_leads_back_to_its_conversation(conversation: str) -> None:
    """In lower and in upper case, with the new secret and with the old one."""
    assert verify(make(conversation, NEW), (NEW, OLD)) == conversation
    assert verify(make(conversation, OLD).upper(), (NEW, OLD)) == conversation


@given(conversations, st.integers(0, 41), st.sampled_from(ALPHABET))
def test_one_changed_letter_is_refused(conversation: str, at: int, letter: str) -> None:
    """Every bit is signed."""
    token = make(conversation, NEW)
    changed = token[:at] + letter + token[at + 1 :]
    assert verify(changed, (NEW,)) == (conversation if changed == token else None)


@given(st.text())
def test_what_we_did_not_make_is_refused(text: str) -> None:
    """No text raises, and none is a token by chance."""
    assert verify(text, (NEW, OLD)) is None
    assert find(text, (NEW, OLD)) is None


def test_a_retired_or_short_secret_verifies_nothing() -> None:
    """A secret counts as long as it is configured, and never when it could be guessed."""
    assert verify(make(CONVERSATION, OLD), (NEW,)) is None
    assert verify(make(CONVERSATION, NEW), ()) is None
    assert verify(make(CONVERSATION, NEW), (b"",)) is None


def test_the_plus_address_fits_a_local_part() -> None:
    """64 octets at most (RFC 5321, 4.5.3.1.1), letters and digits only."""
    address = plus_address("support@shop.example", make(CONVERSATION, NEW))
    local = address.partition("@")[0]
    assert address.startswith("support+")
    assert address.endswith("@shop.example")
    assert len(local) == 50
    assert local.removeprefix("support+").isalnum()


@pytest.mark.parametrize(
    "template",
    [
        "support+{}@shop.example",
        "Shop <SUPPORT+{}@shop.example>, ann@client.example",
        "<{}.1@shop.example>",
        "<a@client.example> <{}@shop.example>",
    ],
)
def test_a_token_is_found_in_addresses_and_message_ids(template: str) -> None:
    """It stands after a plus, or at the head of a Message-ID's local part."""
    assert find(template.format(make(CONVERSATION, NEW)), (NEW,)) == CONVERSATION


def test_a_forged_token_does_not_hide_a_genuine_one() -> None:
    """Anyone may write something of the same form before it."""
    text = f"support+{'a' * 42}@shop.example, support+{make(CONVERSATION, NEW)}@shop.example"
    assert find(text, (NEW,)) == CONVERSATION


def test_a_short_secret_is_refused_with_what_to_do() -> None:
    """The message names the length, and never the secret."""
    with pytest.raises(ValueError, match=r"^the secret for reply tokens has 5 bytes: set one of at least 16$"):
        make(CONVERSATION, b"short")


def test_an_id_that_is_no_uuid_is_refused() -> None:
    """Only our own conversation ids get tokens."""
    with pytest.raises(ValueError, match=r"^conversation id 'x' is no UUID: only such ids get reply tokens$"):
        make("x", NEW)


def test_tokens_do_not_change_over_releases() -> None:
    """Addresses in the mailboxes of customers must work for years."""
    assert make(str(UUID(int=0)), b"0123456789abcdef") == "aaaaaaaaaaaaaaaaaaaaaaaaacw52ny6v3xkfugx3e"
