"""Whom to believe: results of trusted hosts only, the topmost first, and nothing forged below them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail import auth_results
from normalizer.mail.parsed import Mail
from normalizer.mail.trust import Trust, assess

US = ("mx.shop.example",)
RECEIVED = ("Received", "from client.example by mx.shop.example; Mon, 2 Feb 2026 10:00:00 +0000")


def mail(*headers: tuple[str, str], sender: str = "Ann <ann@client.example>") -> Mail:
    """A mail of `sender` whose trace headers are these."""
    return Mail(headers=(*headers, ("From", sender)), text="Hello")


def results(text: str) -> tuple[str, str]:
    """An Authentication-Results header."""
    return "Authentication-Results", text


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (
            (
                "mx.shop.example; spf=pass smtp.mailfrom=bounce.mailer.example; dkim=pass header.d=client.example; "
                "dmarc=pass (p=REJECT) header.from=client.example"
            ),
            "DKIM passes for client.example",
        ),
        ("mx.shop.example; dmarc=pass header.from=client.example", "DMARC passes for client.example"),
        ("mx.shop.example; dkim=pass header.i=@mail.client.example", "DKIM passes for client.example"),
        ("MX.Shop.Example 1; spf=pass smtp.mailfrom=ann@client.example", "SPF passes for client.example"),
    ],
)
def test_the_senders_own_domain_vouches(text: str, because: str) -> None:
    """DMARC, or SPF or DKIM of the domain in From, make the sender verified, and it is told which."""
    found = assess(mail(results(text), RECEIVED), US)
    assert (found.verdict, found.because) == ("verified", because)


@pytest.mark.parametrize(
    ("text", "verdict", "because"),
    [
        (
            "dmarc=fail (p=REJECT sp=REJECT dis=NONE) header.from=client.example",
            "spoofed",
            "DMARC fails for client.example",
        ),
        (
            "spf=fail smtp.mailfrom=ann@client.example; dkim=none",
            "spoofed",
            "SPF fails for client.example, and no signature of its own holds",
        ),
        (
            "dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=client.example",
            "unknown",
            "DMARC fails for client.example, whose policy is to do nothing",
        ),
        (
            "dmarc=fail action=none header.from=client.example",
            "unknown",
            "DMARC fails for client.example, whose policy is to do nothing",
        ),
        (
            'dmarc=fail reason="no valid DKIM" header.from=client.example (policy=none)',
            "unknown",
            "DMARC fails for client.example, whose policy is to do nothing",
        ),
        ("dmarc=fail action=oreject header.from=client.example", "spoofed", "DMARC fails for client.example"),
        (
            "dmarc=pass header.from=bank.example",
            "spoofed",
            "DMARC was checked for bank.example, but the mail shows client.example",
        ),
        (
            "dkim=pass header.d=bulkmailer.example; spf=pass smtp.mailfrom=x@bulkmailer.example",
            "unknown",
            "nothing speaks for client.example and nothing against it",
        ),
        (
            "spf=softfail smtp.mailfrom=ann@client.example",
            "unknown",
            "nothing speaks for client.example and nothing against it",
        ),
        (
            "spf=pass smtp.mailfrom=ann@notclient.example",
            "unknown",
            "nothing speaks for client.example and nothing against it",
        ),
    ],
)
def test_what_does_not_vouch(text: str, verdict: str, because: str) -> None:
    """A domain that disowns the mail makes it spoofed; another domain's pass says nothing."""
    found = assess(mail(results("mx.shop.example; " + text), RECEIVED), US)
    assert (found.verdict, found.because) == (verdict, because)


def test_the_results_are_told() -> None:
    """SPF, DKIM and DMARC as the trusted host wrote them; of several signatures, one that passes."""
    text = "mx.shop.example; spf=neutral; dkim=fail header.d=a.example; dkim=pass header.d=client.example"
    assert assess(mail(results(text)), US) == Trust("neutral", "pass", "", "verified", "DKIM passes for client.example")


@pytest.mark.parametrize(
    "text",
    [
        "evil.example; dmarc=pass header.from=client.example",
        "dmarc=pass header.from=client.example",
        '"mx.shop.example.evil.example"; dmarc=pass header.from=client.example',
        "mx.shop.example.evil.example; dmarc=pass header.from=client.example",
        "evil.example (mx.shop.example); dmarc=pass header.from=client.example",
    ],
)
def test_an_untrusted_hosts_header_counts_for_nothing(text: str) -> None:
    """Anyone may write the header; only the name at its head decides who did."""
    found = assess(mail(results(text), RECEIVED), US)
    assert found == Trust("", "", "", "unknown", "no trusted host tells of SPF, DKIM or DMARC")


def test_nothing_configured_means_nothing_trusted() -> None:
    """Without trusted hosts every sender is unknown, never verified and never spoofed."""
    assert assess(mail(results("mx.shop.example; dmarc=fail header.from=client.example")), ()).verdict == "unknown"


FORGED = results("mx.shop.example; dkim=pass header.d=client.example; dmarc=pass header.from=client.example")
OURS = results(
    "mx.shop.example; spf=fail smtp.mailfrom=ann@client.example; dkim=none; dmarc=fail header.from=client.example"
)


@pytest.mark.parametrize("between", [(), (RECEIVED,), (results("evil.example; spf=pass"),)])
def test_a_forged_header_below_ours_counts_for_nothing(between: tuple[tuple[str, str], ...]) -> None:
    """Our host writes at the top; what the sender put under our name stands below and is not heard."""
    assert assess(mail(OURS, *between, FORGED), US).verdict == "spoofed"


def test_a_forged_header_of_an_older_hop_adds_nothing() -> None:
    """Ours told only SPF; a DKIM pass from before the mail came to us is not ours."""
    ours = results("mx.shop.example; spf=none smtp.mailfrom=x.example")
    assert assess(mail(ours, RECEIVED, FORGED), US).verdict == "unknown"


def test_a_host_may_write_one_header_per_method() -> None:
    """OpenDKIM and OpenDMARC stack theirs: together they are one statement."""
    stacked = (
        results("mx.shop.example; dmarc=none header.from=client.example"),
        results("mx.shop.example; dkim=pass header.d=client.example"),
    )
    assert assess(mail(*stacked, RECEIVED), US) == Trust(
        "", "pass", "none", "verified", "DKIM passes for client.example"
    )


SEAL = (
    "ARC-Authentication-Results",
    "i=1; lists.example; dkim=pass header.d=client.example; dmarc=pass header.from=client.example",
)


@pytest.mark.parametrize(
    ("arc", "trusted", "verdict"),
    [
        ("pass", ("mx.shop.example", "lists.example"), "verified"),
        ("pass", ("mx.shop.example",), "spoofed"),
        ("fail", ("mx.shop.example", "lists.example"), "spoofed"),
        ("none", ("mx.shop.example", "lists.example"), "spoofed"),
    ],
)
def test_a_trusted_sealer_speaks_for_what_it_forwarded(arc: str, trusted: tuple[str, ...], verdict: str) -> None:
    """A list breaks signatures; its ARC seal counts when we trust it and our own host found the chain to pass."""
    ours = results(f"mx.shop.example; arc={arc}; dmarc=fail (p=REJECT) header.from=client.example")
    assert assess(mail(ours, SEAL, RECEIVED), trusted).verdict == verdict


def test_exchange_online_writes_no_name() -> None:
    """Its header starts with the first result; the empty name stands for it, and only where configured."""
    text = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=client.example; dmarc=pass header.from=client.example"
    assert assess(mail(results(text)), ("",)).verdict == "verified"
    assert assess(mail(results(text)), US).verdict == "unknown"


def test_more_than_one_from_is_a_contradiction() -> None:
    """The host checked one From, a person may be shown the other (RFC 7489, 6.6.1)."""
    ours = results("mx.shop.example; dmarc=pass header.from=client.example")
    found = assess(mail(ours, RECEIVED, ("From", "Boss <boss@shop.example>")), US)
    expected = "the mail has more than one From: a host checks one, people may see the other"
    assert (found.verdict, found.because) == ("spoofed", expected)


def test_of_more_than_one_author_none_is_verified() -> None:
    """RFC 5322 allows several, but a result is about one."""
    ours = results("mx.shop.example; dmarc=pass header.from=client.example")
    found = assess(mail(ours, sender="Ann <ann@client.example>, Boss <boss@shop.example>"), US)
    assert (found.verdict, found.because) == ("unknown", "the mail has more than one author")


def test_an_author_behind_a_list_is_not_the_one_checked() -> None:
    """A list that puts itself into From is verified as the list; the author that it names is not."""
    headers = (
        results("mx.shop.example; dmarc=pass header.from=shop.example"),
        RECEIVED,
        ("List-Id", "<support.shop.example>"),
        ("To", "support@shop.example"),
        ("X-Original-From", "Ann <ann@client.example>"),
    )
    assert assess(mail(*headers, sender="'Ann' via Support <support@shop.example>"), US).verdict == "unknown"


@pytest.mark.parametrize(
    ("value", "host", "expected"),
    [
        ("mx.example; none", "mx.example", []),
        ('"mx.example"; spf=pass', "mx.example", [("spf", "pass", {}, "")]),
        (
            'mx.example 1; dkim/1 = pass (2048-bit; (nested) key) reason="good; really" header.d=a.example',
            "mx.example",
            [("dkim", "pass", {"reason": "good; really", "header.d": "a.example"}, "2048-bit; nested key")],
        ),
        ("i=2; mx.example; spf=fail", "mx.example", [("spf", "fail", {}, "")]),
        ("", "", []),
    ],
)
def test_a_header_is_taken_apart(value: str, host: str, expected: list[object]) -> None:
    """Versions, comments that hold semicolons, quoted reasons and ARC instances are understood (RFC 8601, 2.2)."""
    found = auth_results.parse(value)
    actual = [(one.method, one.value, one.properties, one.comment) for one in found.results]
    assert (found.host, [(m, v, p, " ".join(c.split())) for m, v, p, c in actual]) == (host, expected)


@given(st.lists(st.tuples(st.sampled_from(["Authentication-Results", "Received", "From"]), st.text()), max_size=6))
def test_no_header_makes_it_fail(headers: list[tuple[str, str]]) -> None:
    """Whatever the headers hold there is a verdict, and never a good one from text that no trusted host wrote."""
    assert assess(Mail(headers=tuple(headers)), US).verdict in ("unknown", "spoofed")


def test_a_huge_header_is_read_in_bounded_time() -> None:
    """A megabyte of brackets is cut."""
    for piece in ("(", "a=b;", '"', "\\", "spf=pass ", "x.y="):
        assert assess(mail(results("mx.shop.example; " + piece * 1_000_000)), US).verdict in ("unknown", "verified")
