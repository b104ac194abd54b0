"""Whom an attribution names, and when."""

from __future__ import annotations

import pytest

from normalizer.events import Contact
from normalizer.mail import credit


@pytest.mark.parametrize(
    ("line", "name", "sent"),
    [
        ("On July 19, 2022 at 3:36 PM, Jo Doe wrote:", "Jo Doe", "July 19, 2022 at 3:36 PM"),
        ("Am 27.10.2021 um 09:31 schrieb Jo Doe:", "Jo Doe", "27.10.2021 um 09:31"),
        ("Le 27/10/2021 à 09:31, Jo Doe a écrit :", "Jo Doe", "27/10/2021 à 09:31"),
        ("27.10.2021 09:31, Jo Doe пишет:", "Jo Doe", "27.10.2021 09:31"),
        ("在 2021/10/27 9:31, Jo Doe 写道:", "Jo Doe", "2021/10/27 9:31"),
        ("Jo Doe wrote:", "Jo Doe", ""),
    ],
)
def test_without_an_address(line: str, name: str, sent: str) -> None:
    """Thunderbird names people without their addresses."""
    assert credit.author(line) == Contact(scheme="email", address="", name=name)
    assert credit.date(line) == sent


@pytest.mark.parametrize(
    "line",
    [
        "On Wed, Oct 27, 2021 at 9:31 AM Jo Doe <Jo@Example.com> wrote:",
        "Am Mi., 27. Okt. 2021 um 09:31 Uhr schrieb Jo Doe <jo@example.com>:",
        "El mié, 27 oct 2021 a las 9:31, Jo Doe (<jo@example.com>) escribió:",
        "Op wo 27 okt. 2021 om 09:31 schreef Jo Doe <jo@example.com>:",
        "Jo Doe <jo@example.com> ezt írta (időpont: 2021. okt. 27., Sze, 9:31):",
        '27.10.2021, 09:31, "Jo Doe" <jo@example.com>:',
        "2021年10月27日(水) 9:31 Jo Doe <jo@example.com>:",
        "2021-10-27 09:31 GMT+02:00 Jo Doe <jo@example.com<mailto:jo@example.com>>:",
    ],
)
def test_with_an_address(line: str) -> None:
    """The address in its normal form, and the name without the words around it."""
    assert credit.author(line) == Contact(scheme="email", address="jo@example.com", name="Jo Doe")
    assert "31" in credit.date(line)


def test_an_address_alone_is_no_name() -> None:
    """Where the address stands for the name, there is none; where there is nobody, nobody."""
    assert credit.author("On 1 May 2024, jo@example.com wrote:") == Contact(scheme="email", address="jo@example.com")
    assert credit.author("") is None
    assert credit.date("") == ""
