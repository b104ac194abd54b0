"""The mail inside a forwarded mail, as the usual clients print it in many languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.events import Contact, Forwarded
from normalizer.mail._labels import LABELS
from normalizer.mail._phrases import FORWARDED, ORIGINAL
from normalizer.mail._subjects import FORWARD, REPLY
from normalizer.mail.forwards import find_forward

JO = Contact(scheme="email", address="jo@example.com", name="Jo Doe")
ANN = Contact(scheme="email", address="ann@example.org")
BOB = Contact(scheme="email", address="bob@example.net", name="Bob Roe")
BODY = "It broke on the first day.\n\nPlease help."
EXPECTED = Forwarded(sender=JO, to=(ANN,), cc=(BOB,), subject="A broken lamp", sent="today", text=BODY)


def block(language: str, *, colon: str = ": ") -> str:
    """The five header lines in one language, in Outlook's order."""
    label = {field: words[0] for field, words in LABELS[language].items()}
    return (
        f"{label['from']}{colon}Jo Doe <jo@example.com>\n{label['date']}{colon}today\n"
        f"{label['to']}{colon}ann@example.org\n"
        f"{label['cc']}{colon}Bob Roe <bob@example.net>\n{label['subject']}{colon}A broken lamp\n"
    )


@pytest.mark.parametrize("language", LABELS)
def test_outlook_in_every_language(language: str) -> None:
    """A block of header lines under "FW:" is a forward, whatever the language of its labels."""
    assert find_forward("FW: A broken lamp", f"See below.\n\n{block(language)}\n{BODY}\n") == EXPECTED


@pytest.mark.parametrize("language", LABELS)
def test_the_same_block_under_re_is_a_reply(language: str) -> None:
    """Outlook prints that block above replies, too: the subject decides."""
    assert find_forward("Re: A broken lamp", f"Done.\n\n{block(language)}\n{BODY}\n") is None


@pytest.mark.parametrize(
    "phrase", [phrase.strip() for row in FORWARDED.values() for phrase in row.split("/") if len(phrase) > 3]
)
def test_a_separator_between_dashes_in_every_language(phrase: str) -> None:
    """ "---------- Forwarded message ---------" says so by itself, whatever the subject."""
    text = f"See below.\n\n---------- {phrase} ---------\n{block('en')}\n{BODY}\n"
    assert find_forward("Something else", text) == EXPECTED


@pytest.mark.parametrize("language", ORIGINAL)
def test_original_message_is_a_forward_only_under_a_forwarding_subject(language: str) -> None:
    """ "-----Original Message-----" stands above replies and forwards alike."""
    text = f"See below.\n\n-----{ORIGINAL[language].split('/')[0]}-----\n{block('en')}\n{BODY}\n"
    assert find_forward("FW: A broken lamp", text) == EXPECTED
    assert find_forward("RE: A broken lamp", text) is None
    assert find_forward("", text) is None


@pytest.mark.parametrize("colon", [" : ", ":\t", "：", ":"])
def test_the_colon_as_any_client_writes_it(colon: str) -> None:
    """French clients put a space before the colon, East Asian ones use their own, Thunderbird a tab."""
    assert find_forward("Fwd: x", f"{block('fr', colon=colon)}\n{BODY}") == EXPECTED


def test_bold_labels_of_html_turned_into_text() -> None:
    """HTML bodies turned into text keep the labels' emphasis as asterisks."""
    text = "*From:* Jo Doe <jo@example.com>\n*Sent:* today\n*To:* ann@example.org\n*Subject:* A broken lamp\n\nHello"
    found = find_forward("Fw: A broken lamp", text)
    assert found == Forwarded(sender=JO, to=(ANN,), subject="A broken lamp", sent="today", text="Hello")


def test_apple_mail_quotes_the_whole_forward() -> None:
    """Apple Mail quotes headers and body; one level of marks is taken off."""
    quoted = "".join(f"> {line}\n" for line in f"Begin forwarded message:\n\n{block('en')}\n{BODY}".splitlines())
    assert find_forward("Fwd: A broken lamp", f"See below.\n\n{quoted}") == EXPECTED
    assert find_forward("A broken lamp", quoted) == EXPECTED


def test_apple_mail_quotes_all_but_the_first_line() -> None:
    """On the phone, "Début du message réexpédié :" itself is not quoted."""
    quoted = "".join(f"> {line}\n" for line in f"{block('fr')}\n{BODY}".splitlines())
    assert find_forward("Fwd: x", f"Début du message réexpédié :\n\n{quoted}") == EXPECTED


YAHOO = {
    "en": (
        "----- Forwarded Message -----",
        "From: {jo}To: {ann}Cc: {bob}Sent: Tuesday, November 2, 2021, 09:26:50 AM GMT+1Subject: A broken lamp",
    ),
    "de": (
        "----- Weitergeleitete Nachricht -----",
        "Von: {jo}An: {ann}CC: {bob}Gesendet: Dienstag, 2. November 2021, 09:26:50 MEZBetreff: A broken lamp",
    ),
    "fr": (
        "----- Message transmis -----",
        "De : {jo}À : {ann}Cc : {bob}Envoyé : mardi 2 novembre 2021 à 09:26:50 UTC+1Objet : A broken lamp",
    ),
    "es": (
        "----- Mensaje reenviado -----",
        "De: {jo}Para: {ann}CC: {bob}Enviado: martes, 2 de noviembre de 2021 09:26:50 CETAsunto: A broken lamp",
    ),
    "pt, no colon": (
        "----- Mensagem reencaminhada -----",
        "De: {jo}Para: {ann}Cc: {bob}Enviado: terça-feira, 2 de novembro de 2021, 09:26:50 CETAssunto A broken lamp",
    ),
    "pl, no colon": (
        "----- Przekazana wiadomość -----",
        "Od: {jo}Do: {ann}Dw {bob}Wysłano: wtorek, 2 listopada 2021, 09:26:50 CETTemat: A broken lamp",
    ),
    "sv": (
        "----- Vidarebefordrat meddelande -----",
        "Från: {jo}Till: {ann}Kopia: {bob}Skickat: tisdag 2 november 2021 09:26:50 CETÄmne: A broken lamp",
    ),
    "tr": (
        "----- İletilmiş Mesaj -----",
        "Kimden: {jo}Kime: {ann}Bilgi: {bob}Gönderildi: 2 Kasım 2021 Salı 09:26:50 GMT+3Konu: A broken lamp",
    ),
    "ru": (
        "----- Пересылаемое сообщение -----",
        "От: {jo}Кому: {ann}Копия: {bob}Отправлено: вторник, 2 ноября 2021 г., 09:26:50 GMT+3Тема: A broken lamp",
    ),
    "uk": (
        "----- Переслане повідомлення -----",
        "Від: {jo}Кому: {ann}Копія: {bob}Надіслано: вівторок, 2 листопада 2021 р., 09:26:50 EETТема: A broken lamp",
    ),
}


@pytest.mark.parametrize(("separator", "line"), YAHOO.values(), ids=YAHOO)
def test_yahoo_prints_all_headers_on_one_line(separator: str, line: str) -> None:
    """Yahoo's plain text runs the header lines together, and forgets a colon here and there."""
    headers = line.format(jo="Jo Doe <jo@example.com>", ann="<ann@example.org>", bob="Bob Roe <bob@example.net>")
    found = find_forward("", f"   {separator} {headers}\n {BODY}")
    assert found is not None
    assert (found.sender, found.cc, found.subject, found.text) == (JO, (BOB,), "A broken lamp", BODY)
    assert "09:26:50" in found.sent
    assert ANN in found.to


@pytest.mark.parametrize(
    "line",
    [
        'On 28/10/2021 12:46, "Jo Doe" <jo@example.com> wrote:',
        'Am 28/10/2021, 12:46 schrieb "Jo Doe" <jo@example.com>:',
        "Le 28/10/2021 12:46, « Jo Doe » <jo@example.com> a écrit :",
        'El 28/10/2021 12:46, "Jo Doe" <jo@example.com> escribió:',
        'Em 28/10/2021 12:46, "Jo Doe" <jo@example.com> escreveu:',
        'Il giorno 28/10/2021 12:46 "Jo Doe" <jo@example.com> ha scritto:',
        "Op 28/10/2021 12:46 heeft Jo Doe <jo@example.com> geschreven:",
        'Den 28/10/2021 12.46 skrev "Jo Doe" <jo@example.com>:',
        'Den 28/10/2021 12:46 skrev "Jo Doe" <jo@example.com> följande:',
        "Jo Doe <jo@example.com> skrev følgende den 28/10/2021, 12:46:",
        "Jo Doe <jo@example.com> kirjoitti 28.10.2021 kello 12.46:",
        "Dnia 28/10/2021 12:46 „Jo Doe” <jo@example.com> napisał:",
        "Dne 28/10/2021 12:46, Jo Doe <jo@example.com> napsal(a):",
        "28/10/2021 12:46 používateľ Jo Doe (<jo@example.com>) napísal:",
        "28/10/2021 12:46 időpontban Jo Doe (jo@example.com) ezt írta:",
        '28/10/2021 12:46 пользователь "Jo Doe" <jo@example.com> написал:',
        '"Jo Doe" <jo@example.com>, 28/10/2021 12:46 tarihinde şunu yazdı:',
    ],
)
def test_outlook_for_mac_heads_a_forward_with_an_attribution(line: str) -> None:
    """There the author is in the "… wrote:" line, the subject in the mail's own, and the body is indented."""
    indented = "\n".join(f"    {part}" if part else "" for part in BODY.splitlines())
    found = find_forward("FW: A broken lamp", f"\ufeff{line}\n\n{indented}\n")
    assert found is not None
    assert (found.sender, found.subject, found.text) == (JO, "A broken lamp", BODY)
    assert found.sent.startswith("28") or found.sent.endswith(("46", "46:"))
    assert find_forward("Re: A broken lamp", f"{line}\n\n{indented}\n") is None


def test_samsung_runs_header_lines_together() -> None:
    """A label inside the value of another field begins a field of its own."""
    text = (
        "-------- Message d'origine --------\nDe : Jo Doe <jo@example.com>\n"
        "Date : 23/06/24 10:46 (GMT+01:00) À : ann@example.org Objet : A broken lamp: what now?\n\nHello"
    )
    found = find_forward("TR: A", text)
    assert found is not None
    assert (found.sender, found.to, found.subject) == (JO, (ANN,), "A broken lamp: what now?")
    assert found.sent == "23/06/24 10:46 (GMT+01:00)"


@pytest.mark.parametrize("subject", ["", "   "])
def test_without_a_subject_the_ruler_of_outlook_decides(subject: str) -> None:
    """No subject says nothing; the ruler above the block is what Outlook on the web prints above a forward."""
    text = f"See below.\n\n{'_' * 32}\n{block('en')}\n{BODY}"
    assert find_forward(subject, text) == EXPECTED
    assert find_forward(subject, text.replace("_", "")) is None
    assert find_forward("A broken lamp", text) is None


def test_of_nested_forwards_the_outer_one_is_given() -> None:
    """The inner ones stay in its text."""
    inner = f"---------- Forwarded message ---------\n{block('de')}\nOlder."
    text = f"---------- Forwarded message ---------\n{block('en')}\n{BODY}\n\n{inner}\n"
    found = find_forward("Fwd: A broken lamp", text)
    assert found is not None
    assert found.sender == JO
    assert found.text == f"{BODY}\n\n{inner}"


def test_a_forward_inside_a_quoted_reply_is_nobodys_forward_now() -> None:
    """Whoever answers a forward passes nothing on, marked or not."""
    forward = f"---------- Forwarded message ---------\n{block('en')}\n{BODY}\n"
    quoted = "".join(f"> {line}\n" for line in forward.splitlines())
    assert find_forward("Re: Fwd: x", f"Thanks.\n\nOn 1 May 2024, Jo <jo@example.com> wrote:\n{quoted}") is None
    assert find_forward("RE: FW: x", f"Thanks.\n\n{block('en')}\n{forward}") is None
    assert find_forward("Re: Fwd: x", f"Thanks.\n\n> see this\n{quoted}") is None


def test_mutt_ends_its_forwards_with_a_line_of_its_own() -> None:
    """The "End forwarded message" line is none of the text."""
    text = f"----- Forwarded message from Jo Doe -----\n\n{block('en')}\n{BODY}\n\n----- End forwarded message -----\n"
    assert find_forward("(fwd)", text) == EXPECTED


def test_raw_headers_are_not_taken_for_the_text() -> None:
    """Who forwards all headers as they are forwards many that no reader wants."""
    raw = "Date: today\nFrom: Jo Doe <jo@example.com>\nMessage-ID: <1@example.com>\nX-Mailer: M\nTo: ann@example.org\n"
    found = find_forward("Fwd: x", f"{raw}Subject: A broken lamp\nMIME-Version: 1.0\n\n{BODY}")
    assert found == Forwarded(sender=JO, to=(ANN,), subject="A broken lamp", sent="today", text=BODY)


def test_outlook_repeats_the_address_as_a_name() -> None:
    """Links and repeated addresses are no names; "on behalf of" names the author first."""
    text = (
        "From: Jo Doe<mailto:jo@example.com> <jo@example.com<mailto:jo@example.com>> on behalf of team@example.com\n"
        "Sent: today\nTo: ann@example.org <ann@example.org>; 'bob@example.net' <bob@example.net>\nSubject: A\n\nB"
    )
    found = find_forward("FW: A", text)
    assert found is not None
    assert found.sender == JO
    assert found.to == (ANN, Contact(scheme="email", address="bob@example.net"))


def test_a_sender_without_an_address_keeps_the_name() -> None:
    """Outlook prints only names of people in its own directory."""
    found = find_forward("FW: A", "From: Doe, Jo\nSent: today\nTo: Roe, Ann\nSubject: A\n\nB")
    assert found is not None
    assert found.sender == Contact(scheme="email", address="", name="Doe, Jo")
    assert found.to == ()


def test_a_subject_alone_says_that_something_is_passed_on() -> None:
    """ "Fwd:" with no mark in the text: it is a forward, but nobody can say whose words are whose."""
    assert find_forward("Fwd: A", "Just words.") == Forwarded(subject="A", text="Just words.")
    assert find_forward("I: A", "Just words.") is None


@pytest.mark.parametrize("language", [name for name in FORWARD if name in LABELS])
def test_the_prefix_of_every_language_makes_a_forward(language: str) -> None:
    """Where one mark means two things ("VS:"), the language of the labels decides."""
    for prefix in FORWARD[language].split("/"):
        assert find_forward(f"{prefix}: A broken lamp", f"{block(language)}\n{BODY}") == EXPECTED, prefix


@pytest.mark.parametrize("language", [name for name in REPLY if name in LABELS])
def test_the_prefix_of_every_language_makes_a_reply(language: str) -> None:
    """No mark of a reply makes a forward of it."""
    for prefix in REPLY[language].split("/"):
        assert find_forward(f"{prefix}: A broken lamp", f"Done.\n\n{block(language)}\n{BODY}") is None, prefix


@given(st.text(), st.text())
def test_any_text_is_read(subject: str, text: str) -> None:
    """Never raises."""
    find_forward(subject, text)


LINES = st.sampled_from(
    [
        "", "> ", "> From: a@b.c", "From: a@b.c", "To: x", "Subject: y", "Fwd", "text", "---- Forwarded message ----",
        "Begin forwarded message:", "On 1 May 2024, Jo <jo@example.com> wrote:", "________________________________",
    ]
)  # fmt: skip


@given(st.sampled_from(["", "Fwd: x", "Re: x", "VS: x"]), st.lists(LINES, min_size=1, max_size=12))
def test_marks_in_any_order_are_read(subject: str, lines: list[str]) -> None:
    """Never raises, and what is passed on is part of the text."""
    found = find_forward(subject, "\n".join(lines))
    if found is not None:
        assert all(any(part in line for line in lines) for part in found.text.split("\n"))
