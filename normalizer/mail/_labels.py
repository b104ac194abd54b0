"""What mail clients call the header fields when they print them above a quoted or forwarded mail.

One row per language and field; a row lists every wording that the usual clients use in that language
(Outlook, Apple Mail, Gmail, Yahoo, Thunderbird, Lotus Notes, Zimbra and others).
"""

from __future__ import annotations

from typing import Literal

Field = Literal["from", "to", "cc", "bcc", "subject", "date", "reply_to", "other"]

# A row is "from | to | cc | subject | date and sent | reply-to"; wordings are separated by "/".
_ROWS: dict[str, str] = {
    "en": (
        "From | To/Recipient/Recipients | Cc/Copy/Carbon copy | Subject/Re | Date/Sent/Sent on/Sent at "
        "| Reply-To/Reply to/Respond to/Please respond to"
    ),
    "de": (
        "Von/Absender | An/Empfänger | Cc/Kopie/Kopie an | Betreff/Thema | Datum/Gesendet/Gesendet am"
        "/Versendet | Antwort an/Antworten an/Antwort"
    ),
    "fr": (
        "De/Expéditeur/Envoyé par | À/A/Pour/Destinataire/Destinataires | Cc/Copie/Copie à | Objet"
        "/Sujet | Date/Envoyé/Envoyé le/Date d'envoi/Date d’envoi | Répondre à/Répondre-à/Réponse à"
    ),
    "es": (
        "De/Remitente | Para/A/Destinatario | Cc/Copia/Con copia | Asunto | Fecha/Enviado/Enviado el"
        "/Enviada/Enviada el/Fecha de envío | Responder a/Responder-a"
    ),
    "pt": (
        "De/Remetente | Para/A/Destinatário | Cc/Cópia/Com cópia | Assunto | Data/Enviado/Enviada"
        "/Enviado em/Enviada em/Enviado a/Data de envio | Responder a/Responder para"
    ),
    "it": (
        "Da/Mittente | A/Destinatario/Per | Cc/Copia/Per conoscenza/Cc/p.c. | Oggetto | Data/Inviato"
        "/Inviato il/Data invio | Rispondi a/Risposta/Rispondi-A"
    ),
    "nl": (
        "Van/Afzender | Aan/Ontvanger | Cc/Kopie | Onderwerp/Betreft | Datum/Verzonden/Verstuurd"
        "/Verzonden op | Antwoord aan/Beantwoorden/Antwoord-aan/Antwoordadres"
    ),
    "af": "Van | Aan | Cc/Afskrif | Onderwerp | Datum/Gestuur | Antwoord aan",
    "sv": (
        "Från/Avsändare | Till/Mottagare | Cc/Kopia | Ämne | Datum/Skickat/Skickades/Skickad | Svara till/Svar till"
    ),
    "da": "Fra/Afsender | Til/Modtager | Cc/Kopi | Emne | Dato/Sendt | Svar til/Svar-til",
    "no": "Fra/Frå/Avsender | Til/Mottaker | Cc/Kopi | Emne | Dato/Sendt | Svar til",
    "is": "Frá | Til | Afrit | Efni | Dags/Dagsetning/Sent | Svara til",
    "fi": (
        "Lähettäjä | Vastaanottaja | Cc/Kopio | Aihe | Päivämäärä/Päiväys/Lähetetty/Pvm/Lähetysaika "
        "| Vastausosoite/Vastaa"
    ),
    "et": ("Saatja/Kellelt | Adressaat/Saaja/Kellele | Koopia | Teema | Kuupäev/Saadetud/Saatmisaeg | Vastus"),
    "lv": "No/Sūtītājs | Kam/Saņēmējs | Kopija | Temats/Tēma | Datums/Nosūtīts | Atbildēt",
    "lt": "Nuo/Siuntėjas | Kam/Gavėjas | Kopija | Tema | Data/Išsiųsta | Atsakyti",
    "pl": (
        "Od/Nadawca | Do/Adresat/Odbiorca | Dw/Kopia/Do wiadomości/Cc | Temat | Data/Wysłano/Wysłane"
        "/Data wysłania | Odpowiedz do/Odpowiedź do"
    ),
    "cs": (
        "Od/Odesílatel | Komu/Příjemce | Kopie/Cc | Předmět/Věc | Datum/Odesláno/Posláno/Odeslané "
        "| Odpovědět komu/Odpověď/Odpovědět"
    ),
    "sk": (
        "Od/Odosielateľ | Komu/Pre/Adresát/Príjemca | Kópia/Cc | Predmet/Vec | Dátum/Odoslané/Poslané "
        "| Odpovedať komu/Odpovedať"
    ),
    "hu": (
        "Feladó/Küldő | Címzett/Címzettek | Másolat/Másolatot kap/Cc | Tárgy | Dátum/Elküldve/Küldve"
        "/Küldés ideje/Küldés dátuma | Válaszcím/Válasz"
    ),
    "ro": (
        "De la/Expeditor/De | Către/Catre/Pentru/Destinatar | Cc/Copie | Subiect/Subiectul | Dată/Data"
        "/Data trimiterii/Trimis/Trimis la/Trimisă | Răspuns către/Răspunde la/Răspuns la"
    ),
    "bg": ("От/Подател | До/Получател | Копие | Тема/Относно | Дата/Изпратено/Изпратен/Изпратено на | Отговор до"),
    "ru": (
        "От/От кого/Отправитель | Кому/Получатель | Копия | Тема | Дата/Отправлено/Отправлен"
        "/Дата отправки | Ответить/Обратный адрес/Кому ответить"
    ),
    "uk": ("Від/Від кого/Відправник | Кому/Отримувач | Копія | Тема | Дата/Надіслано/Відправлено | Відповісти"),
    "be": "Ад/Ад каго | Каму | Копія | Тэма | Дата/Адпраўлена | Адказаць",
    "sr": (
        "Од/Od/Šalje/Пошиљалац/Pošiljalac | За/Za/Коме/Kome/Прима | Копија/Kopija | Предмет/Naslov"
        "/Наслов/Tema | Датум/Datum/Послато/Poslato | Одговори"
    ),
    "hr": (
        "Šalje/Od/Pošiljatelj | Prima/Za/Primatelj | Kopija/Cc | Predmet/Naslov/Tema | Datum/Poslano "
        "| Odgovori na/Odgovor"
    ),
    "sl": ("Od/Pošiljatelj | Za/Komu/Prejemnik | Kp/Kopija/V vednost | Zadeva | Datum/Poslano | Odgovor/Odgovori"),
    "mk": "Од/Испраќач | До/За/Примач | Копија | Предмет/Наслов | Датум/Испратено | Одговори",
    "sq": "Nga/Dërguesi | Për/Drejt/Marrësi | Kopje | Subjekti/Tema/Titulli | Data/Dërguar | Përgjigju",
    "el": (
        "Από/Αποστολέας | Προς/Παραλήπτης | Κοιν/Κοιν./Κοινοποίηση | Θέμα | Ημερομηνία/Ημ/νία/Εστάλη"
        "/Στάλθηκε/Αποστολή/Ημερομηνία αποστολής | Απάντηση σε"
    ),
    "tr": (
        "Kimden/Gönderen | Kime/Alıcı | Bilgi/Cc | Konu | Tarih/Gönderildi/Gönderme Tarihi"
        "/Gönderilme Tarihi/Gönderim | Yanıt adresi/Yanıtla"
    ),
    "az": "Kimdən/Göndərən | Kimə | Surət | Mövzu | Tarix/Göndərildi | Cavab",
    "kk": "Кімнен | Кімге | Көшірме | Тақырып | Күні/Жіберілді | Жауап",
    "hy": "Ումից | Ում | Պատճենը | Թեմա | Ամսաթիվ/Ուղարկված | Պատասխանել",
    "ka": "გამგზავნი/ვისგან | მიმღები/ვის | ასლი | თემა | თარიღი/გაგზავნილია | პასუხი",
    "he": "מאת | אל/ל | עותק/העתק | נושא | תאריך/נשלח/נשלח בתאריך | השב אל",
    "ar": (
        "من/المرسل | إلى/الى | نسخة/نسخة إلى/نسخة الى | الموضوع/موضوع | التاريخ/تاريخ الإرسال"
        "/تم الإرسال/تاريخ/أرسلت | الرد على"
    ),
    "fa": "از/فرستنده | به/گیرنده | رونوشت | موضوع | تاریخ/ارسال/ارسال شده | پاسخ به",
    "hi": "प्रेषक/से | प्रति/को/प्राप्तकर्ता | प्रतिलिपि | विषय | दिनांक/तारीख/भेजा गया/तिथि | उत्तर",
    "th": "จาก | ถึง | สำเนา/สำเนาถึง | เรื่อง/หัวเรื่อง/หัวข้อ | วันที่/ส่ง/ส่งเมื่อ | ตอบกลับ",
    "vi": (
        "Từ/Người gửi | Tới/Đến/Người nhận | Đồng gửi/Đồng kính gửi/Bản sao | Chủ đề/Tiêu đề | Ngày"
        "/Đã gửi/Gửi/Vào ngày/Thời gian | Trả lời"
    ),
    "id": (
        "Dari/Pengirim | Kepada/Ke/Untuk/Penerima | Tembusan/Cc | Perihal/Subjek/Judul/Hal | Tanggal"
        "/Dikirim/Terkirim | Balas ke"
    ),
    "ms": "Daripada/Dari | Kepada/Ke | Salinan/Sk | Subjek/Perkara | Tarikh/Dihantar | Balas kepada",
    "ja": (
        "差出人/送信元/送信者/発信者 | 宛先/送信先/受信者/宛て先 | Cc/写し | 件名/題名 | 日付/日時"
        "/送信日時/送信日/送信済み | 返信先"
    ),
    "ko": (
        "보낸 사람/보낸사람/발신자/보낸이 | 받는 사람/받는사람/수신자/받는이 | 참조 | 제목 | 날짜"
        "/보낸 날짜/보낸날짜/보낸 시간/일시/전송/전송일/발송일 | 답장 받는 사람/회신"
    ),
    "zh": (
        "发件人/发送人/寄件者/寄件人/發件人/寄信人/发送者 | 收件人/收件者/收信人/接收人/至 | 抄送/副本"
        "/抄送人/抄送人员 | 主题/主旨/主題/标题/標題 | 日期/发送时间/发送日期/發送時間/發送日期"
        "/寄件日期/傳送時間/傳送日期/已傳送/时间/時間/寄件時間 | 答复/回复/回覆/回复至"
    ),
    "ca": (
        "De/Remitent | A/Per a/Destinatari | A/c/Còpia | Assumpte/Tema | Data/Enviat/Enviat el"
        "/Data d'enviament | Respon a"
    ),
    "gl": "De/Remitente | Para/A | Copia | Asunto | Data/Enviado | Responder a",
    "eu": "Nork/Igorlea/Nondik | Nori/Hartzailea/Nora | Kopia | Gaia | Data/Bidalia/Noiz | Erantzun",
    "cy": "Oddi wrth/Oddi | At/I | Copi | Pwnc/Testun | Dyddiad/Anfonwyd | Ateb i",
    "ga": "Ó | Chuig/Go | Cóip | Ábhar | Dáta/Seolta | Freagra chuig",
}

# Lines that some clients put into the same block, in no language of interest to us.
_OTHER = (
    "Sender/Received/References/Status/Precedence/Importance/Priority/Attachments/Attachment"
    "/Organization/Sensitivity/Resent-From/Message-ID/Wichtigkeit/Priorität/Anlagen/Anhänge/Anlage"
    "/Pièces jointes/Pièce jointe/Importance/Importancia/Datos adjuntos/Adjuntos/Importância/Anexos"
    "/Anexo/Priorità/Allegati/Urgentie/Bijlagen/Bijlage/Prioritet/Prioritering/Bifogade filer"
    "/Vedhæftede filer/Vedlegg/Liitteet/Tärkeys/Ważność/Załączniki/Důležitost/Přílohy/Dôležitosť"
    "/Prílohy/Fontosság/Mellékletek/Важность/Вложения/Важливість/Вкладення/Prioridad/Prioridade"
    "/重要度/添付ファイル/중요도/첨부/첨부파일/重要性/附件/Önem/Ekler"
)
_BCC = (
    "Bcc/Blind copy/Bcc-an/Cci/Cco/Ccn/Bcc/Hemlig kopia/Skjult kopi/Piilokopio/UDW/Skrytá kopie"
    "/Скрытая копия/Gizli/密件抄送/密件副本"
)
_ORDER: tuple[Field, ...] = ("from", "to", "cc", "subject", "date", "reply_to")


def _words(cell: str) -> list[str]:
    """The wordings of one cell; "A/c", "p.c." and "Ημ/νία" are single wordings in spite of their slash."""
    whole = cell.replace("A/c", "A\0c").replace("Ημ/νία", "Ημ\0νία").replace("Cc/p.c.", "Cc\0p.c.")
    return [word.strip().replace("\0", "/") for word in whole.split("/") if word.strip()]


def _table() -> dict[str, dict[Field, tuple[str, ...]]]:
    return {
        language: dict(zip(_ORDER, (tuple(_words(cell)) for cell in row.split(" | ")), strict=True))
        for language, row in _ROWS.items()
    }


LABELS: dict[str, dict[Field, tuple[str, ...]]] = _table()
"""Language → field → wordings, as a native speaker would read them."""


def _index() -> dict[str, Field]:
    index: dict[str, Field] = {}
    for fields in LABELS.values():
        for field, words in fields.items():
            for word in words:
                index.setdefault(word.casefold(), field)
    for word in _words(_BCC):
        index.setdefault(word.casefold(), "bcc")
    for word in _words(_OTHER):
        index.setdefault(word.casefold(), "other")
    return index


FIELD_OF: dict[str, Field] = _index()
"""Case-folded wording → the field that it names. Where languages disagree, the one listed first wins."""

LONGEST = max(map(len, FIELD_OF))
"""Length of the longest wording: a label is never searched further into a line."""
