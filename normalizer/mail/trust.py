"""Is the sender who the mail says: what SPF, DKIM and DMARC found, as told by hosts that we trust.

Only headers written by a trusted host count (RFC 8601, section 5): anyone may write the others. A trusted host
writes its own at the top and removes forged ones of its name, so the topmost says most and nothing counts that
stands under an older hop's ``Received``. ARC results (RFC 8617) count when a trusted host found the chain to pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from normalizer.mail import addresses, auth_results, people
from normalizer.mail.auth_results import Result, Results
from normalizer.mail.parsed import Mail

Verdict = Literal["verified", "unknown", "spoofed"]
MAX_HEADERS = 20  # of one name; no mail has more of them in good faith
TRUSTED = "trusted"
"""The attribute of a raw mail that names the trusted hosts of its account, with one space between them."""

# How hosts write that the domain asks for nothing: in a comment (OpenDMARC, Google, rspamd) or as a property.
_NO_POLICY = re.compile(r"\bp(?:olicy)?\s{0,3}=\s{0,3}none\b", re.IGNORECASE)
_POLICIES = ("policy.published-domain-policy", "policy.dmarc", "action")


class Trust(msgspec.Struct, frozen=True):
    """What was found, and what follows. `spf`, `dkim` and `dmarc` are results of RFC 8601, "" where nobody told.

    ``verified``: the sender's domain vouches for the mail. ``spoofed``: it disowns it, or the mail contradicts
    itself. ``unknown``: neither is known, which is the case of most small domains. `because` is shown to people.
    """

    spf: str
    dkim: str
    dmarc: str
    verdict: Verdict
    because: str


def told(mail: Mail, attributes: Mapping[str, str]) -> Trust | None:
    """The trust in a raw mail with these attributes; None when no host is trusted, so that nothing can be told.

    The hosts travel with the mail and not in the reader's configuration: a replay years later judges as today.
    """
    return assess(mail, tuple(attributes[TRUSTED].split(" "))) if TRUSTED in attributes else None


def assess(mail: Mail, trusted: tuple[str, ...]) -> Trust:
    """Whether the author of `mail` is who he says, going by the results of `trusted` hosts.

    `trusted` holds authserv-ids, as in ``mx.google.com``; the empty one stands for Exchange Online, which writes
    none. With no trusted result the verdict is ``unknown``.
    """
    hosts = frozenset(host.lower() for host in trusted)
    told = _told(mail, hosts)
    spf, dkim, dmarc = _best(told, "spf"), _best(told, "dkim"), _best(told, "dmarc")
    verdict, because = _verdict(mail, told, _sealed(mail, told, hosts))
    return Trust(_value(spf), _value(dkim), _value(dmarc), verdict, because)


def _told(mail: Mail, hosts: frozenset[str]) -> tuple[Result, ...]:
    """The results of the topmost trusted header, and of those below it where a host writes one per method.

    Nothing that stands lower may say again, or otherwise, what was already said: it may be forged.
    """
    found: list[Result] = []
    host: str | None = None
    for name, value in mail.headers:
        lower = name.lower()
        if lower == "received" and host is not None:
            break
        if lower != "authentication-results":
            continue
        parsed = auth_results.parse(value)
        if parsed.host not in hosts or host not in (None, parsed.host):
            continue
        methods = {one.method for one in parsed.results}
        known = {one.method for one in found}
        if host is not None and (len(methods) > 1 or methods & known):
            break
        host = parsed.host
        found += parsed.results
        if len(methods) > 1:
            break
    return tuple(found)


def _sealed(mail: Mail, told: tuple[Result, ...], hosts: frozenset[str]) -> Results | None:
    """The newest ARC results of a trusted host, if a trusted host found the chain to pass."""
    if _value(_best(told, "arc")) != "pass":
        return None
    sets = (auth_results.parse(value) for value in mail.all("arc-authentication-results")[:MAX_HEADERS])
    return next((each for each in sets if each.host in hosts), None)


def _verdict(mail: Mail, told: tuple[Result, ...], sealed: Results | None) -> tuple[Verdict, str]:
    if not told:
        return "unknown", "no trusted host tells of SPF, DKIM or DMARC"
    domain = _domain(mail.header("from"))
    if len(mail.all("from")) > 1:
        return "spoofed", "the mail has more than one From: a host checks one, people may see the other"
    if len({each.address for each in addresses.parse(mail.header("from"))}) > 1:
        return "unknown", "the mail has more than one author"
    if _author_domain(mail) != domain:
        return "unknown", "the author is not the one in From, and only From is checked"
    if sealed is not None and (vouched := _vouched(sealed.results, domain)):
        return "verified", f"{vouched} at {sealed.host}, whose ARC seal holds"
    checked = next((d for one in told if one.method == "dmarc" and (d := one.properties.get("header.from", ""))), "")
    if checked and not _related(checked.lower(), domain):
        return "spoofed", f"DMARC was checked for {checked[:255]}, but the mail shows {domain}"
    return _own_verdict(told, domain)


def _own_verdict(told: tuple[Result, ...], domain: str) -> tuple[Verdict, str]:
    dmarc = _best(told, "dmarc")
    if _value(dmarc) == "fail" and dmarc is not None:
        if _NO_POLICY.search(dmarc.comment) or any(dmarc.properties.get(name) == "none" for name in _POLICIES):
            return "unknown", f"DMARC fails for {domain}, whose policy is to do nothing"
        return "spoofed", f"DMARC fails for {domain}"
    if vouched := _vouched(told, domain):
        return "verified", vouched
    spf = _best(told, "spf")
    if spf is not None and spf.value in ("fail", "hardfail") and _related(_spf_domain(spf), domain):
        return "spoofed", f"SPF fails for {domain}, and no signature of its own holds"
    return "unknown", f"nothing speaks for {domain} and nothing against it"


def _vouched(results: tuple[Result, ...], domain: str) -> str:
    """What shows that `domain` stands behind the mail: DMARC, or an aligned DKIM or SPF pass (RFC 7489, 3.1)."""
    for one in results:
        if one.value != "pass":
            continue
        if one.method == "dmarc" and _related(one.properties.get("header.from", domain).lower(), domain):
            return f"DMARC passes for {domain}"
        if one.method == "dkim" and any(_related(signer, domain) for signer in _signers(one)):
            return f"DKIM passes for {domain}"
        if one.method == "spf" and _related(_spf_domain(one), domain):
            return f"SPF passes for {domain}"
    return ""


def _signers(result: Result) -> Iterator[str]:
    for name in ("header.d", "header.i"):
        if name in result.properties:
            yield result.properties[name].rpartition("@")[2].lower()


def _spf_domain(result: Result) -> str:
    for name in ("smtp.mailfrom", "smtp.mfrom", "smtp.mail", "smtp.helo"):
        if name in result.properties:
            return result.properties[name].rpartition("@")[2].lower()
    return ""


def _related(one: str, other: str) -> bool:
    """Whether one domain is the other or lies in it: relaxed alignment, less what only the public suffix list tells."""
    if not one or not other or "." not in one or "." not in other:
        return False
    return one == other or one.endswith("." + other) or other.endswith("." + one)


def _best(results: tuple[Result, ...], method: str) -> Result | None:
    """The result of `method`: the first, and of several DKIM signatures one that passes."""
    found = [one for one in results if one.method == method]
    passing = [one for one in found if one.value == "pass"] if method == "dkim" else []
    return next(iter(passing or found), None)


def _value(result: Result | None) -> str:
    return result.value if result is not None else ""


def _domain(value: str) -> str:
    first = addresses.first(value)
    return first.address.rpartition("@")[2].lower() if first is not None else ""


def _author_domain(mail: Mail) -> str:
    return people.sender(mail)[0].address.rpartition("@")[2].lower()
