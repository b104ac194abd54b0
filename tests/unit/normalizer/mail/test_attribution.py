"""The "… wrote:" line of the usual clients in many languages, as each prints it."""

from __future__ import annotations

import pytest

from normalizer.mail import attribution
from normalizer.mail._phrases import WROTE
from normalizer.mail.quotes import visible_reply
from normalizer.mail.signatures import is_name_of

GMAIL = {
    "en": "On Wed, Oct 27, 2021 at 9:31 AM Jo Doe <jo@example.com> wrote:",
    "de": "Am Mi., 27. Okt. 2021 um 09:31 Uhr schrieb Jo Doe <jo@example.com>:",
    "fr": "Le mer. 27 oct. 2021 à 09:31, Jo Doe <jo@example.com> a écrit :",
    "es": "El mié, 27 oct 2021 a las 9:31, Jo Doe (<jo@example.com>) escribió:",
    "it": "Il giorno mer 27 ott 2021 alle ore 09:31 Jo Doe <jo@example.com> ha scritto:",
    "pt-br": "Em qua., 27 de out. de 2021 às 09:31, Jo Doe <jo@example.com> escreveu:",
    "pt": "Jo Doe <jo@example.com> escreveu no dia quarta, 27/10/2021 à(s) 09:31:",
    "nl": "Op wo 27 okt. 2021 om 09:31 schreef Jo Doe <jo@example.com>:",
    "sv": "Den ons 27 okt. 2021 kl 09:31 skrev Jo Doe <jo@example.com>:",
    "da": "Den ons. 27. okt. 2021 kl. 09.31 skrev Jo Doe <jo@example.com>:",
    "no": "ons. 27. okt. 2021 kl. 09:31 skrev Jo Doe <jo@example.com>:",
    "is": "Þann mið., 27. okt. 2021 kl. 09:31 skrifaði Jo Doe <jo@example.com>:",
    "fi": "ke 27. lokak. 2021 klo 9.31 Jo Doe (jo@example.com) kirjoitti:",
    "pl": "śr., 27 paź 2021 o 09:31 Jo Doe <jo@example.com> napisał(a):",
    "cs": "st 27. 10. 2021 v 9:31 odesílatel Jo Doe <jo@example.com> napsal:",
    "sk": "st 27. 10. 2021 o 9:31 Jo Doe <jo@example.com> napísal(a):",
    "hu": "Jo Doe <jo@example.com> ezt írta (időpont: 2021. okt. 27., Sze, 9:31):",
    "ro": "În mie., 27 oct. 2021 la 09:31, Jo Doe <jo@example.com> a scris:",
    "bg": "На ср, 27.10.2021 г. в 9:31 Jo Doe <jo@example.com> написа:",
    "ru": "ср, 27 окт. 2021 г. в 09:31, Jo Doe <jo@example.com>:",
    "uk": "ср, 27 жовт. 2021 р. о 09:31 Jo Doe <jo@example.com> пише:",
    "hr": "sri, 27. lis 2021. u 09:31 Jo Doe <jo@example.com> napisao je:",
    "sr": "сре, 27. окт 2021. у 09:31 Jo Doe <jo@example.com> је написао/ла:",
    "sl": "V V sre., 27. okt. 2021 ob 09:31 je oseba Jo Doe <jo@example.com> napisala:",
    "et": "Kontakt Jo Doe (<jo@example.com>) kirjutas kuupäeval K, 27. oktoober 2021 kell 09:31:",
    "lv": "trešd., 2021. g. 27. okt., plkst. 09:31 — lietotājs Jo Doe (<jo@example.com>) rakstīja:",
    "lt": "2021-10-27, tr, 09:31 Jo Doe <jo@example.com> rašė:",
    "el": "Στις Τετ 27 Οκτ 2021 στις 9:31 π.μ., ο/η Jo Doe <jo@example.com> έγραψε:",
    "tr": "Jo Doe <jo@example.com>, 27 Eki 2021 Çar, 09:31 tarihinde şunu yazdı:",
    "he": "\u202bבתאריך יום ד׳, 27 באוק׳ 2021 ב-9:31 מאת \u202aJo Doe\u202c\u200f <jo@example.com\u202c\u200f>:\u202c",
    "ar": "في الأربعاء، ٢٧ أكتوبر ٢٠٢١ في ٩:٣١ ص تمت كتابة ما يلي بواسطة Jo Doe <jo@example.com>:",
    "fa": "در تاریخ چهارشنبه ۲۷ اکتبر ۲۰۲۱ ساعت ۹:۳۱ Jo Doe <jo@example.com> نوشت:",
    "hi": "27 अक्तू॰ 2021 को पूर्वाह्न 9:31 बजे Jo Doe <jo@example.com> ने लिखा:",
    "ja": "2021年10月27日(水) 9:31 Jo Doe <jo@example.com>:",
    "ko": "2021년 10월 27일 (수) 오전 9:31, Jo Doe <jo@example.com>님이 작성:",
    "zh-cn": "Jo Doe <jo@example.com> 于2021年10月27日周三 09:31写道：",
    "zh-tw": "Jo Doe <jo@example.com> 於 2021年10月27日 週三 上午9:31寫道：",
    "vi": "Vào Th 4, 27 thg 10, 2021 vào lúc 09:31 Jo Doe <jo@example.com> đã viết:",
    "id": "Pada tanggal Rab, 27 Okt 2021 pukul 09.31 Jo Doe <jo@example.com> menulis:",
    "th": "ในวันที่ พ. 27 ต.ค. 2021 เวลา 9:31 Jo Doe <jo@example.com> เขียนว่า:",
    "ca": "Missatge de Jo Doe <jo@example.com> del dia dc., 27 d’oct. 2021 a les 9:31:",
}
APPLE = {
    "en": "On Oct 27, 2021, at 9:31 AM, Jo Doe <jo@example.com> wrote:",
    "en-gb": "On 27 Oct 2021, at 09:31, Jo Doe <jo@example.com> wrote:",
    "de": "Am 27.10.2021 um 09:31 schrieb Jo Doe <jo@example.com>:",
    "fr": "Le 27 oct. 2021 à 09:31, Jo Doe <jo@example.com> a écrit :",
    "es": "El 27 oct 2021, a las 9:31, Jo Doe <jo@example.com> escribió:",
    "it": "Il giorno 27 ott 2021, alle ore 09:31, Jo Doe <jo@example.com> ha scritto:",
    "pt": "No dia 27/10/2021, às 09:31, Jo Doe <jo@example.com> escreveu:",
    "nl": "Op 27 okt. 2021 om 09:31 heeft Jo Doe <jo@example.com> het volgende geschreven:",
    "pl": "Wiadomość napisana przez Jo Doe <jo@example.com> w dniu 27.10.2021, o godz. 09:31:",
    "cs": "27. 10. 2021 v 9:31, Jo Doe <jo@example.com>:",
    "sv": "27 okt. 2021 kl. 09:31 skrev Jo Doe <jo@example.com>:",
    "fi": "Jo Doe <jo@example.com> kirjoitti 27.10.2021 kello 9.31:",
    "hu": "2021. okt. 27. dátummal, 9:31 időpontban Jo Doe <jo@example.com> írta:",
    "ru": "27 окт. 2021 г., в 09:31, Jo Doe <jo@example.com> написал(а):",
    "uk": "27 жовт. 2021 р. о 09:31 Jo Doe <jo@example.com> написав(ла):",
    "tr": "Jo Doe <jo@example.com> şunları yazdı (27 Eki 2021 09:31):",
    "ja": "2021/10/27 9:31、Jo Doe <jo@example.com>のメール:",
    "ko": "2021. 10. 27. 오전 9:31, Jo Doe <jo@example.com> 작성:",
    "zh-cn": "在 2021年10月27日，09:31，Jo Doe <jo@example.com> 写道：",
}
THUNDERBIRD = {
    "en": "On 10/27/21 9:31 AM, Jo Doe wrote:",
    "de": "Am 27.10.2021 um 09:31 schrieb Jo Doe:",
    "fr": "Le 27/10/2021 à 09:31, Jo Doe a écrit :",
    "es": "El 27/10/21 a las 09:31, Jo Doe escribió:",
    "it": "Il 27/10/2021 09:31, Jo Doe ha scritto:",
    "pt": "Em 27/10/2021 09:31, Jo Doe escreveu:",
    "nl": "Op 27-10-2021 om 09:31 schreef Jo Doe:",
    "sv": "Den 2021-10-27 kl. 09:31, skrev Jo Doe:",
    "fi": "Jo Doe kirjoitti 27.10.2021 klo 9.31:",
    "pl": "W dniu 27.10.2021 o 09:31, Jo Doe pisze:",
    "cs": "Dne 27. 10. 2021 v 9:31 Jo Doe napsal(a):",
    "hu": "2021. 10. 27. 9:31 keltezéssel, Jo Doe írta:",
    "ru": "27.10.2021 09:31, Jo Doe пишет:",
    "el": "Στις 27/10/2021 9:31 π.μ., ο Jo Doe έγραψε:",
    "zh": "在 2021/10/27 9:31, Jo Doe 写道:",
}
OTHERS = {
    "yahoo en": "On Wednesday, October 27, 2021, 09:31:50 AM GMT+1, Jo Doe <jo@example.com> wrote:",
    "yahoo de": "Am Mittwoch, 27. Oktober 2021 um 09:31:50 MESZ hat Jo Doe <jo@example.com> Folgendes geschrieben:",
    "yahoo es": "En miércoles, 27 de octubre de 2021, 09:31:50 CEST, Jo Doe <jo@example.com> escribió:",
    "yahoo, old": "--- On Wed, 10/27/21, Jo Doe <jo@example.com> wrote:",
    "proton": "On Wednesday, October 27th, 2021 at 09:31, Jo Doe <jo@example.com> wrote:",
    "spark": "On Oct 27, 2021, 9:31 AM +0200, Jo Doe <jo@example.com>, wrote:",
    "superhuman": "On Wed, Oct 27 2021 at 9:31 AM, Jo Doe < jo@example.com > wrote:",
    "mailbird": "On 10/27/2021 9:31:50 AM, Jo Doe <jo@example.com> wrote:",
    "fastmail": "On Wed, 27 Oct 2021, at 9:31 AM, Jo Doe wrote:",
    "hey": "On October 27, 2021, Jo Doe <jo@example.com> wrote:",
    "k-9": "Am 27. Oktober 2021 09:31:50 MESZ schrieb Jo Doe <jo@example.com>:",
    "aqua mail": "On October 27, 2021 9:31:50 AM Jo Doe <jo@example.com> wrote:",
    "freshdesk": "On Wed, 27 Oct at 9:31 AM , Support <support@example.com> wrote:",
    "front": "On October 27, 2021 at 9:31 AM GMT+2 jo@example.com wrote:",
    "tutanota": "27 Oct 2021, 09:31 by jo@example.com:",
    "mail.ru": "Среда, 27 октября 2021, 9:31 +03:00 от Jo Doe <jo@example.com>:",
    "yandex": '27.10.2021, 09:31, "Jo Doe" <jo@example.com>:',
    "163": '在 2021-10-27 09:31:50，"Jo Doe" <jo@example.com> 写道：',
    "163 en": 'At 2021-10-27 09:31:50, "Jo Doe" <jo@example.com> wrote:',
    "zoho": "---- On Wed, 27 Oct 2021 09:31:50 +0200 Jo Doe <jo@example.com> wrote ----",
    "notes": "Jo Doe <jo@example.com> wrote on 10/27/2021 09:31:50 AM:",
    "notes, name": "Jo Doe/ACME@ACME wrote on 10/27/2021 09:31:50 AM:",
    "roundcube de": "Am 27.10.2021 09:31, schrieb Jo Doe:",
    "discourse": "Jo Doe via Lamp Forum wrote:",
    "horde": "Quoting Jo Doe <jo@example.com>:",
    "horde de": "Zitat von Jo Doe <jo@example.com>:",
    "kmail": "On Wednesday, 27 October 2021 09:31:50 CEST Jo Doe wrote:",
    "kmail de": "Am Mittwoch, 27. Oktober 2021, 09:31:50 CEST schrieb Jo Doe:",
    "evolution": "On Wed, 2021-10-27 at 09:31 +0200, Jo Doe wrote:",
    "evolution de": "Am Mittwoch, dem 27.10.2021 um 09:31 +0200 schrieb Jo Doe:",
    "mutt": "On Wed, Oct 27, 2021 at 09:31:50AM +0200, Jo Doe wrote:",
    "mutt, address": "* Jo Doe (jo@example.com) wrote:",
    "gnus": "Jo Doe <jo@example.com> writes:",
    "alpine": "On Wed, 27 Oct 2021, Jo Doe wrote:",
    "usenet": "In article <abc123@news.example.com>, Jo Doe <jo@example.com> wrote:",
    "seamonkey": "Jo Doe wrote on 27/10/2021 09:31:",
    "outlook, mac": 'On 28/10/2021, 12:46, "Jo Doe" <jo@example.com> wrote:',
    "outlook, mac, no": "Jo Doe <jo@example.com> skrev følgende den 28/10/2021, 12:46:",
    "outlook, mac, hu": "28/10/2021 12:46 időpontban Jo Doe (jo@example.com) ezt írta:",
    "outlook, mac, sk": "28/10/2021 12:46 používateľ Jo Doe (<jo@example.com>) napísal:",
    "bold": "*On Wed, Oct 27, 2021 at 9:31 AM, Jo Doe <jo@example.com> wrote:*",
}
EVERY = [
    pytest.param(line, id=f"{client} {name}")
    for client, table in (("gmail", GMAIL), ("apple", APPLE), ("thunderbird", THUNDERBIRD), ("", OTHERS))
    for name, line in table.items()
]


@pytest.mark.parametrize("line", EVERY)
def test_the_line_and_what_stands_below_it_is_old_text(line: str) -> None:
    """Above an attribution stands the reply; below it old text, marked or not."""
    assert visible_reply(f"Thank you, that works.\n\n{line}\n\nOld words.\n") == "Thank you, that works."
    assert visible_reply(f"Thank you, that works.\n\n{line}\n> Old words.\n") == "Thank you, that works."


@pytest.mark.parametrize("line", EVERY)
def test_an_answer_below_the_quote_is_the_reply(line: str) -> None:
    """A quote at the top goes with its attribution; the answer below it stays."""
    assert visible_reply(f"{line}\n> Old words.\n\nThank you, that works.\n") == "Thank you, that works."


@pytest.mark.parametrize("line", EVERY)
def test_a_line_wrapped_behind_any_word_is_the_same(line: str) -> None:
    """Mailers wrap a line where they like, but never a short one."""
    words = line.split(" ")
    for at in range(3, len(words)):
        if len(" ".join(words[:at])) < 32:
            continue
        wrapped = " ".join(words[:at]) + "\n" + " ".join(words[at:])
        assert visible_reply(f"Thank you, that works.\n\n{wrapped}\n> Old words.\n") == "Thank you, that works.", (
            wrapped
        )


@pytest.mark.parametrize("verb", sorted({verb for row in WROTE.values() for verb in row.split("/")}))
def test_every_verb_of_the_table(verb: str) -> None:
    """Behind an address, with its endings and before a colon of either width, each of them heads a quote."""
    for ending in ("", "(a)", "/la", " (ла)"):
        assert attribution.is_attribution(f"Jo Doe <jo@example.com> {verb}{ending}:")
        assert attribution.is_attribution(f"Jo Doe <jo@example.com> {verb}{ending}：")


@pytest.mark.parametrize(
    "text",
    [
        "On the other hand we have 3 offers.\nOn balance, Ann wrote: I like it.",
        "On average it takes 20 minutes.",
        "On 5 May we met Ann and agreed on the price.",
        "Le 3 mai nous avons reçu le colis.",
        "Am 3. Mai haben wir bestellt:\n- ein Rad\n- ein Licht",
        "2024-01-15 14:30:25\n2024/01/15 14:30\n15.01.2024 14:30",
        "Meeting at 10:30:\n- budget\n- hiring",
        "Please write to ann@example.org.",
        "These people can help:\nann@example.org\nbob@example.org",
        "He wrote to me.\nShe wrote back.",
        "Questions for 2024:\n1. Why?\n2. How?",
        "Order 4711 of 12.03.2024:\nit never arrived.",
        "In 2019 Ann wrote a book.",
        "3 things I need from ann@example.org by Monday",
        "The error says: user@host:",
    ],
)
def test_prose_is_no_attribution(text: str) -> None:
    """Dates, addresses, colons and the word "wrote" occur in plain prose, too."""
    assert visible_reply(text) == text


def test_early_gmail_has_neither_verb_nor_colon() -> None:
    """A date and an address above a quote are enough."""
    assert visible_reply("Yes.\n\n2011/3/1 Jo Doe <jo@example.com>\n\n> Old") == "Yes."
    text = "It was\n2011/3/1 Jo Doe <jo@example.com>\nwho said so."
    assert visible_reply(text) == text


def test_a_paragraph_with_an_address_is_not_drawn_into_the_line_below_it() -> None:
    """Only the attribution is taken, not the words right above it."""
    text = "Please use ann@example.org\nOn Wed, Oct 27, 2021 at 9:31 AM Jo <jo@example.com> wrote:\n> Old"
    assert visible_reply(text) == "Please use ann@example.org"


def test_a_weak_attribution_needs_a_quote_below_it() -> None:
    """ "Ann wrote:" heads a quote, or is prose."""
    assert attribution.find_weak(["Ann wrote:", "> so"], 0) == attribution.Attribution(0, 1, weak=True)
    assert attribution.find_weak(["Ann wrote:", "so"], 0) is None
    assert attribution.find(["Ann wrote:", "> so"], 0) is None


def test_a_name_above_the_ruler_of_what_he_wrote_is_part_of_it() -> None:
    """Some clients write who it was over the line, and the header below it."""
    block = "From: bob@example.com\nTo: ann@example.org\nSent: Friday, July 22, 2011 6:20 PM\nSubject: Hello"
    assert visible_reply(f"Hi\nthere\n\nBob\n____________\n{block}\n\nHello") == "Hi\nthere"
    assert visible_reply(f"Hi\nthere\n\nAnn\n____________\n{block}\n\nHello") == "Hi\nthere\n\nAnn"
    assert visible_reply(f"Bob\n____________\n{block}\n\nHello") == "Bob"


@pytest.mark.parametrize(
    ("line", "mailbox", "named"),
    [
        ("Bob", "bob@example.com", True),
        ("- Bob Jones", '"Bob Jones" <bj@example.com>', True),
        ("Bob", "Bob Jones <bj@example.com>", True),
        ("Bobby", "Bob Jones <bj@example.com>", False),
        ("", "", False),
        ("---", "<>", False),
    ],
)
def test_a_name_of_a_mailbox(line: str, mailbox: str, named: bool) -> None:
    """The display name, its first word, or the local part; never a part of a word."""
    assert is_name_of(line, mailbox) is named
