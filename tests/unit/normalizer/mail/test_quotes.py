"""What a sender newly wrote: top, bottom and interleaved replies, separators, signatures, footers."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail._labels import LABELS
from normalizer.mail._phrases import FORWARDED, ORIGINAL, REPLY_ABOVE
from normalizer.mail.header_block import MARKS
from normalizer.mail.quotes import Span, dissect, visible_reply

ON = "On 1 May 2024 at 10:00, Jo Doe <jo@example.com> wrote:"
BLOCK = "From: Jo Doe <jo@example.com>\nSent: Wednesday, 1 May 2024 10:00\nTo: ann@example.org\nSubject: Lamp"


def test_text_without_marks_is_kept_as_it_is() -> None:
    """Only blank lines at both ends go; blanks inside and indentation stay."""
    assert visible_reply("\n\n  One\n\n\n    - two\n\n") == "  One\n\n\n    - two"


def test_line_ends_of_every_kind() -> None:
    """CRLF and CR are line ends, too."""
    assert visible_reply(f"One\r\ntwo\r\n\r\n{ON}\r\n> old\r\n") == "One\ntwo"
    assert visible_reply(f"One\rtwo\r\r{ON}\r> old") == "One\ntwo"


def test_a_reply_above_the_quote() -> None:
    """The quote goes, with blank lines and nested quotes in it."""
    assert visible_reply(f"Yes.\n\n{ON}\n> old\n\n> older\n>> oldest\n") == "Yes."


def test_a_reply_below_the_quote() -> None:
    """The quote above goes with its attribution."""
    assert visible_reply(f"{ON}\n> old\n>\n> older\n\nYes.\n\nAnn") == "Yes.\n\nAnn"


def test_answers_between_quotes_keep_what_they_answer() -> None:
    """Without the questions the answers could not be read; the trailing quote still goes."""
    text = f"{ON}\n> Is it red?\n\nNo.\n\n> Is it blue?\n\nYes.\n\n> Bye\n> Jo\n"
    assert visible_reply(text) == "> Is it red?\n\nNo.\n\n> Is it blue?\n\nYes."


def test_a_greeting_above_and_an_answer_below() -> None:
    """One quote between a greeting and the answer is context."""
    assert visible_reply(f"Hi,\n{ON}\n> Is it red?\n\nNo.") == "Hi,\n> Is it red?\n\nNo."


def test_a_quote_that_nobody_is_named_for_stays_above_its_answer() -> None:
    """A passage quoted by hand is part of what is said."""
    assert visible_reply("> Is it red?\n\nNo.") == "> Is it red?\n\nNo."


def test_a_signature_above_the_quote_does_not_hide_answers_in_it() -> None:
    """Some programs put the signature above the quote; the answers are below it."""
    text = f"See below.\n\n-- \nAnn\n\n{ON}\n> Is it red?\n\nNo.\n"
    assert visible_reply(text) == "See below.\n\n> Is it red?\n\nNo."


def test_the_tail_of_a_quoted_line_that_was_wrapped_on_the_way() -> None:
    """A mailer that wraps long lines leaves their tails without a mark."""
    long = "> " + "word " * 14
    assert visible_reply(f"Yes.\n\n{ON}\n{long}\ntail\n> more\n") == "Yes."
    assert visible_reply(f"{ON}\n> short\nYes.\n") == "Yes."


@pytest.mark.parametrize("mark", ["JD> ", "J> ", "# ", "| ", ": "])
def test_quotes_marked_in_other_ways(mark: str) -> None:
    """Initials or another sign, once an attribution has two lines marked so below it."""
    quote = f"{mark}Is it red?\n{mark}Is it big?\n"
    assert visible_reply(f"{ON}\n\n{quote}\nNo.") == "No."
    assert visible_reply(f"Jo Doe wrote:\n\n{quote}\nNo.") == "No."
    assert visible_reply(f"No.\n\n{ON}\n{quote}") == "No."
    assert visible_reply(f"{ON}\n{quote}\nNo.\n\n{quote}\nYes.") == f"{quote}\nNo.\n\n{quote}\nYes."
    assert visible_reply(quote).strip() == quote.strip()


def test_an_mbox_escape_is_no_quote() -> None:
    """>From stands for From at the start of a line, as mbox files write it."""
    assert visible_reply(f"Yes.\n>From my view it works.\n\n{ON}\n> old") == "Yes.\n>From my view it works."


@pytest.mark.parametrize("language", LABELS)
def test_outlook_in_every_language(language: str) -> None:
    """Below a block of header lines everything is old, marked or not."""
    label = {field: words[0] for field, words in LABELS[language].items()}
    block = (
        f"{label['from']}: Jo <jo@example.com>\n{label['date']}: today\n{label['to']}: Ann\n{label['subject']}: Lamp"
    )
    assert visible_reply(f"Yes.\n\nAnn\n\n{block}\n\nold\n\nold") == "Yes.\n\nAnn"
    assert visible_reply(f"Yes.\n\n{'_' * 32}\n{block}\n\nold\n") == "Yes."


@pytest.mark.parametrize(
    "phrase",
    [row.split("/")[0].strip() for row in (*ORIGINAL.values(), *FORWARDED.values())]
    + [row.split("/")[-1].strip() for row in ORIGINAL.values()],
)
def test_a_separator_in_every_language(phrase: str) -> None:
    """-----Original Message----- ends the new text, in any case and with any number of dashes."""
    assert visible_reply(f"Yes.\n\n-----{phrase}-----\n\nold") == "Yes."
    assert visible_reply(f"Yes.\n\n-------- {phrase.upper()} --------\n{BLOCK}\n\nold") == "Yes."
    assert visible_reply(f"Yes.\n\n{phrase}\n{BLOCK}\n\nold") == "Yes."


def test_header_lines_that_ran_together() -> None:
    """Some phones print several header lines as one."""
    text = (
        "Yes.\n\nDe : Jo <jo@example.com>\nDate : 01/05/2024 10:00 (GMT+01:00) À : ann@example.org Objet : Lamp\n\nold"
    )
    assert visible_reply(text) == "Yes."
    assert (
        visible_reply("Yes.\n\nFrom: Jo <jo@example.com> Sent: today To: ann@example.org Subject: Lamp\n\nold")
        == "Yes."
    )


def test_a_separator_in_a_language_nobody_listed() -> None:
    """Any words between dashes, with header lines right below them."""
    assert visible_reply(f"Yes.\n\n----- Xyzzy plugh -----\n{BLOCK}\n\nold") == "Yes."
    assert visible_reply("Yes.\n\n----- Part two -----\n\nmore") == "Yes.\n\n----- Part two -----\n\nmore"


@pytest.mark.parametrize("phrase", REPLY_ABOVE.split("/"))
def test_reply_above_this_line(phrase: str) -> None:
    """What stands below a helpdesk's line is the helpdesk's."""
    assert visible_reply(f"Yes.\n\n##- {phrase.capitalize()} -##\n\nold") == "Yes."


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone", "Sent from my Samsung Galaxy smartphone.", "Get Outlook for iOS",
        "Sent from Mail for Windows 10",
        "Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows", "Get [Outlook for iOS](https://aka.ms/o0ukef)",
        "Sent from Yahoo Mail on Android", "Sent with Proton Mail secure email.", "Sent via BlackBerry from T-Mobile",
        "Von meinem iPhone gesendet", "Gesendet von Mail für Windows", "Holen Sie sich Outlook für Android",
        "Diese Nachricht wurde von meinem Android-Mobiltelefon mit K-9 Mail gesendet.",
        "Envoyé de mon iPhone", "Télécharger Outlook pour Android", "Enviado desde mi iPhone",
        "Obtener Outlook para iOS",
        "Enviado do meu iPhone", "Obter o Outlook para iOS", "Inviato da iPhone", "Ottieni Outlook per Android",
        "Verstuurd vanaf mijn iPhone", "Outlook voor iOS downloaden", "Skickat från min iPhone",
        "Hämta Outlook för iOS",
        "Sendt fra min iPhone", "Hent Outlook til iOS", "Lähetetty iPhonesta", "Hanki Outlook for iOS",
        "Wysłane z iPhone’a", "Pobierz program Outlook dla systemu iOS", "Odesláno z iPhonu", "Odoslané z iPhonu",
        "Az iPhone-omról küldve", "Trimis de pe iPhone-ul meu", "Изпратено от моя iPhone", "Отправлено с iPhone",
        "Отправлено из мобильной Почты Mail.ru", "Надіслано з iPhone", "Poslano s mog iPhonea", "Poslano z iPhone",
        "Στάλθηκε από το iPhone μου", "iPhone'umdan gönderildi", "נשלח מה-iPhone שלי", "أرسلت من الـ iPhone",
        "ส่งจาก iPhone ของฉัน", "Đã gửi từ iPhone của tôi", "Dikirim dari iPhone saya", "iPhoneから送信",
        "나의 iPhone에서 보냄", "发自我的 iPhone", "從我的 iPhone 傳送", "Enviat des del meu iPhone",
    ],
)  # fmt: skip
def test_the_advertisement_of_a_phone(line: str) -> None:
    """It goes, with the old text that some phones leave unmarked below it."""
    assert visible_reply(f"Yes.\n\n{line}\n") == "Yes."
    assert visible_reply(f"Yes.\n\n{line}\n\n{ON}\n> old") == "Yes."
    assert visible_reply(f"Yes.\n{line}\n\nold\n") == "Yes."


@pytest.mark.parametrize(
    "text",
    [
        "The notice was sent from my iPhone app to all users.",
        "Hello,\nSent from my house to yours, it took three whole weeks to arrive here, can that be?",
        "Hi,\n\n--\n\nis the sign that I see. What does it mean?\n\n--"[:3],
        "A table:\n\nName     Price\n------------------\nLamp     20\nBulb     3",
        "# Title\n----\n\n1. One\n2. Two\n\n----\n\nAnd some more words about it.",
        "```\nFrom: a@b.c\nTo: x\nSubject: y\n-- \nnot a signature\n```\nDone.",
        "From: Berlin\nTo: Paris\nDate: 3 May 2024\n\nHow much is a ticket?",
        "Hello,\n\nplease unsubscribe me from everything.",
        "Hello,\n\nThis message is what I see: no such file.",
        "Hello,\n\nBefore printing the label I had an error.",
        "Best regards\n\nAnn Example\nSales",
        "Subject: the lamp\n\nIt is broken.",
        "Here it is.\n\nSent from my desk, is much easier than my mobile phone.",
        "Hello,\n\nОтправлено из Москвы 3 мая.\n\nWhere is it?",
        "Hello,\nInviato da casa.\nCiao",
        "Hello,\nSent from my phone\nit looks different.",
        "In the original message you said three weeks.",
    ],
)
def test_what_only_looks_like_a_mark_is_kept(text: str) -> None:
    """Tables, code, travel dates and plain prose are the sender's own words."""
    assert visible_reply(text) == text


@pytest.mark.parametrize(
    "closing",
    [
        "-- \nAnn\nSales", "--\nAnn\nSales\n\nAny number of lines and of words, since the separator is explicit.",
        "_____\nAnn Example\n+49 30 1234567", "***\nAnn\nhttps://example.org", "—\nAnn\nann@example.org",
        "----------------\n\nAnn\n\nTel. 030 1234567",
        "_______________________________________________\nlamps mailing list\nhttps://x.example/mailman/listinfo/lamps",
        "-- \nYou received this message because you are subscribed to the Google Groups \"lamps\" group.",
        "CONFIDENTIALITY NOTICE: This e-mail is for its recipient only.\nDelete it otherwise.",
        "Diese E-Mail enthält vertrauliche Informationen. Bitte löschen Sie sie.",
        "Ce message et ses pièces jointes sont confidentiels.", "________\n\nVirus-free. www.avast.com",
        "Please consider the environment before printing this email.",
        "This email and any attachments are confidential.\n\nIf you are not the intended recipient, delete it.",
    ],
)  # fmt: skip
def test_what_ends_a_mail_without_being_its_words(closing: str) -> None:
    """Signatures, list footers and notices go from the end; `keep_signature` keeps them."""
    assert visible_reply(f"Yes.\n\nAnn\n\n{closing}\n") == "Yes.\n\nAnn"
    assert visible_reply(f"Yes.\n\nAnn\n\n{closing}\n\n{ON}\n> old") == "Yes.\n\nAnn"
    assert visible_reply(f"{ON}\n> old\n\nYes.\n\nAnn\n\n{closing}\n") == "Yes.\n\nAnn"
    assert visible_reply(f"Yes.\n\n{closing}", keep_signature=True) == f"Yes.\n\n{closing}"


def test_a_footer_below_the_quote_does_not_make_it_an_answered_one() -> None:
    """What a list appends is no answer to the quote above it."""
    assert visible_reply(f"Yes.\n\n{ON}\n> old\n\nhttp://x.example/mailman/listinfo/lamps\n") == "Yes."


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("> all\n> quoted", "> all\n> quoted"),
        (f"{BLOCK}\n\nForwarded words.", "Forwarded words."),
        (f"---------- Forwarded message ---------\n{BLOCK}\n\nForwarded words.", "Forwarded words."),
        (f"{ON}\n\nUnmarked words.", "Unmarked words."),
        (f"{ON}\n> old", "> old"),
        ("-- \nAnn", "-- \nAnn"),
        (ON, ON),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_a_mail_of_old_text_alone_shows_it(text: str, visible: str) -> None:
    """Nothing newly written: what was passed on is what a person wants to see."""
    assert visible_reply(text) == visible


def test_the_spans_cover_every_line_once() -> None:
    """What was cut can be shown again: every line has one role."""
    reply = dissect(f"Yes.\n\n-- \nAnn\n{ON}\n> old")
    assert reply.spans == (Span("reply", 0, 2), Span("signature", 2, 4), Span("attribution", 4, 5), Span("quote", 5, 6))
    assert reply.confidence == 1.0


def test_a_guessed_cut_says_so() -> None:
    """Unmarked text below a phone's advertisement is only probably old; a mail of old text alone has no reply."""
    assert dissect("Yes.\n\nSent from my iPhone\n\nold").confidence == 0.7
    assert dissect("> old").confidence == 0.0


LINES = st.sampled_from(
    [
        "", "", "words", "Yes.", "> quoted", ">> nested", ON, "Ann wrote:", "-----Original Message-----", "-- ", "____",
        "Ann", *BLOCK.split("\n"), "Sent from my iPhone", "```", "ann@example.org", "This email is confidential.", "\tx\xa0",
    ]
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=20).map("\n".join) | st.text()


@given(TEXTS)
def test_visible_lines_are_lines_of_the_text_in_order(text: str) -> None:
    """Nothing is added, changed or moved."""
    rest = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    *lines, last = visible_reply(text).split("\n")
    assert all(any(line == other for other in rest) for line in lines)
    assert any(other.startswith(last) for other in rest)


@given(TEXTS)
def test_text_gives_visible_text(text: str) -> None:
    """Words come out wherever words go in, and the spans cover the text."""
    reply = dissect(text)
    words = [line.strip(" \t\xa0\u200b\u200c\u200d\ufeff") for line in reply.visible.split("\n")]
    assert bool(reply.visible) == any(words)
    assert [span.start for span in reply.spans[1:]] == [span.end for span in reply.spans[:-1]]
    assert reply.spans[0].start == 0


@given(TEXTS)
def test_what_is_visible_is_part_of_what_is_visible_with_signatures(text: str) -> None:
    """`keep_signature` only ever shows more; nothing but the blanks at the very end is trimmed from what is shown."""
    more = iter(visible_reply(text, keep_signature=True).split("\n"))
    *lines, last = visible_reply(text).split("\n")
    if dissect(text).confidence:
        assert all(any(line == other for other in more) for line in lines if line)
        assert not last or any(last == other.rstrip(MARKS) for other in more)


@pytest.mark.parametrize(
    "line", [
        ">", "> \n", "On ", "On 1 May 2024 wrote\n", "From: a@b.c\n", "To: a@b,\n c@d,\n", "-- \n", "-",
        "---\nTel 12345678\n", "Sent from my iPhone\n", "> q\na\n", "____\na\n\n", ":\n", "```\n",
    ],
)  # fmt: skip
def test_a_megabyte_of_anything_is_read_in_linear_time(line: str) -> None:
    """Well under a second of an idle processor, whatever the text; twice that much for a busy one."""
    text = line * (1_000_000 // len(line))
    start = time.process_time()
    visible_reply(text)
    assert time.process_time() - start < 2.0
