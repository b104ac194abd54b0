"""What kind of mail is it: one hand-written sample per family of mail system, and what must hold for every mail."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail.kinds import Classified, classify
from normalizer.mail.parse import parse
from normalizer.mail.parsed import Mail, Part

SAMPLES = Path(__file__).parent / "kinds"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())

names = st.sampled_from(
    ["From", "Subject", "Return-Path", "X-Failed-Recipients", "Auto-Submitted", "Precedence", "List-Id", "X-Spam-Flag"]
)
words = st.sampled_from(
    [
        "<>",
        "MAILER-DAEMON@mx.example",
        "postmaster",
        "<a@b.example>:",
        "550",
        "5.1.1",
        "user unknown",
        "\n",
        "\n\n",
        "{",
        "Final-Recipient: rfc822;",
        "Action: failed",
        "Status:",
        "could not be delivered to",
        "--- Original message ---",
    ]
)
texts = st.one_of(st.text(max_size=200), st.lists(words, max_size=40).map(" ".join))
parts = st.builds(
    Part,
    content_type=st.sampled_from(
        ["text/plain", "message/delivery-status", "message/rfc822", "text/calendar", "message/feedback-report"]
    ),
    content=st.one_of(st.binary(max_size=200), texts.map(str.encode)),
)
mails = st.builds(
    Mail,
    headers=st.lists(st.tuples(names, texts.map(lambda text: " ".join(text.split()))), max_size=8).map(tuple),
    content_type=st.sampled_from(["text/plain", "multipart/report", "multipart/mixed"]),
    parameters=st.dictionaries(st.just("report-type"), st.text(max_size=20)),
    parts=st.lists(parts, max_size=4).map(tuple),
    text=texts,
)


def mail(subject: str = "", **headers: str) -> Mail:
    """A mail with these headers; an underscore in a name stands for a hyphen."""
    given_headers = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Mail(headers=(("Subject", subject), ("From", "Ann <ann@client.example>"), *given_headers), text="Hello")


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_of_each_family_is_read_right(name: str) -> None:
    """Kind, recipients with their status and reason, and the original's Message-ID are those of the sample."""
    found = classify(parse((SAMPLES / f"{name}.eml").read_bytes()))
    actual = {
        "kind": found.kind,
        "bounces": [[each.address, each.hard, each.status, each.reason] for each in found.bounces],
        "original": found.original_message_id,
    }
    assert actual == EXPECTED[name]


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Your order",
        "Out of Office: Your order",
        "Out of the office",
        "Automatische Antwort: Ihre Bestellung",
        "Abwesenheitsnotiz: Ihre Bestellung",
        "Réponse automatique : Votre commande",
        "Respuesta automática: Su pedido",
        "Resposta automática: O seu pedido",
        "Risposta automatica: Il tuo ordine",
        "Automatisch antwoord: Uw bestelling",
        "Automatiskt svar: Din order",
        "Automaattinen vastaus: Tilauksesi",
        "Odpowiedź automatyczna: Zamówienie",
        "Automatická odpověď: Objednávka",
        "Автоматический ответ: Ваш заказ",
        "Otomatik Yanıt: Siparişiniz",
        "自動応答: ご注文",
        "自动答复: 您的订单",
        "자동 회신: 주문",
        "מענה אוטומטי: הזמנה",
    ],
)
def test_a_programs_own_subject_shows_an_automatic_reply(subject: str) -> None:
    """Mail programs put fixed words and a colon before the subject they answer, in the language of their user."""
    assert classify(mail(subject)).kind == "auto_reply"


@pytest.mark.parametrize(
    "subject",
    ["Vacation request", "Out of office policy question", "Away next week", "How do I set up an automatic reply?", ""],
)
def test_a_person_may_write_about_absence(subject: str) -> None:
    """The words alone, without the form that programs write, leave a message a message."""
    assert classify(mail(subject)).kind == "message"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, "Auto-Submitted: auto-replied"),
        ({"Auto_Submitted": "auto-generated"}, "Auto-Submitted: auto-generated"),
        ({"Precedence": "auto_reply"}, "Precedence: auto_reply"),
        ({"X_Autoreply": "yes"}, "X-Autoreply"),
        ({"X_Autorespond": "Your order"}, "X-Autorespond"),
        ({"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, "X-Auto-Response-Suppress"),
        ({"X_FC_MachineGenerated": "true"}, "X-FC-MachineGenerated"),
        ({"Delivered_To": "Autoresponder"}, "an autoresponder's mark"),
    ],
)
def test_a_header_shows_an_automatic_reply_and_is_named(headers: dict[str, str], reason: str) -> None:
    """The signal that decided is told, as people will see it."""
    found = classify(mail("Re: Your order", **headers))
    assert (found.kind, found.reason) == ("auto_reply", reason)


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "no"}, {"X_Auto_Response_Suppress": "DR, RN"}, {"X_Autoreply": "no"}]
)
def test_a_header_that_denies_it_shows_nothing(headers: dict[str, str]) -> None:
    """``Auto-Submitted: no`` means what it says (RFC 3834, 5), and suppressed receipts are no automatic reply."""
    assert classify(mail("Your order", **headers)).kind == "message"


@pytest.mark.parametrize("precedence", ["bulk", "list", "junk"])
def test_precedence_alone_makes_a_mail_of_a_list(precedence: str) -> None:
    """It is a class, no more: the mail is there all the same."""
    assert classify(mail("Hello", Precedence=precedence)).kind == "list"


def test_a_notice_of_a_service_to_many_is_of_a_list() -> None:
    """What a machine sent to a list is not an answer to anyone."""
    assert classify(mail("Build 7", Auto_Submitted="auto-generated", List_Id="<ci.example>")).kind == "list"


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Spam_Flag": "YES"},
        {"X_Spam_Status": "Yes, score=12.3 required=5.0 tests=BAYES_99"},
        {"X_MS_Exchange_Organization_SCL": "6"},
        {"X_Forefront_Antispam_Report": "CIP:192.0.2.1;CTRY:US;LANG:en;SCL:9;SRV:;SFV:SPM"},
        {"X_SES_Spam_Verdict": "FAIL"},
        {"X_Bogosity": "Spam, tests=bogofilter"},
    ],
)
def test_upstream_spam_headers_are_heard(headers: dict[str, str]) -> None:
    """A filter before us said spam: a flag, never a kind."""
    found = classify(mail("Hello", **headers))
    assert (found.spam, found.kind) == (True, "message")


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Spam_Flag": "NO"},
        {"X_Spam_Status": "No, score=1.0 required=5.0"},
        {"X_MS_Exchange_Organization_SCL": "-1"},
        {"X_Forefront_Antispam_Report": "SCL:1;SFV:NSPM"},
    ],
)
def test_a_clean_verdict_is_no_spam(headers: dict[str, str]) -> None:
    """What the filter cleared stays clear."""
    assert classify(mail("Hello", **headers)).spam is False


def test_an_ordinary_mail_says_so() -> None:
    """The reason is never empty, so that it can always be shown."""
    assert classify(mail("Hello")) == Classified(kind="message", reason="nothing shows that a machine sent it")


@given(mails)
def test_every_mail_has_one_kind_and_the_same_one_each_time(given_mail: Mail) -> None:
    """Pure: it never raises, gives equal results for equal mails, and bounds what it makes."""
    first, second = classify(given_mail), classify(given_mail)
    assert first == second
    assert first.reason
    assert all(len(each.diagnostic) <= 500 for each in first.bounces)


@given(mails)
def test_only_reports_name_bounces(given_mail: Mail) -> None:
    """A message, a list mail or an automatic reply carries no bounced address."""
    found = classify(given_mail)
    assert not found.bounces or found.kind in ("bounce", "delay")


@pytest.mark.parametrize(
    "piece",
    [
        "<a@b.example>: 550 ",
        "a" * 990 + "@ \n",
        "to " * 300 + "@\n",
        "failed recipients address " * 35 + "@\n",
        "<" * 900 + "a@\n",
        "-" * 78 + "\n",
        "\n",
        "Final-Recipient: rfc822; a@b\n",
        "To: a\n b\n",
        "delivery to ",
        "5.1.",
        ">>> data ",
        "https://",
        '"',
        "(",
    ],
)
def test_a_huge_notice_is_read_in_bounded_time(piece: str) -> None:
    """Text without end is cut, whatever it repeats: no expression runs away (some 0.1 s, five allowed)."""
    text = piece * (2_000_000 // len(piece))
    part = Part(content_type="message/delivery-status", content=text.encode())
    huge = Mail(headers=(("From", "MAILER-DAEMON@mx.example"), ("Return-Path", "<>")), text=text, parts=(part,))
    started = time.process_time()
    assert classify(huge).kind in ("bounce", "receipt")
    assert time.process_time() - started < 5
