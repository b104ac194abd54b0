"""What mail clients write around a quoted or forwarded mail, in the languages they are sold in.

Plain tables: one row per language, wordings separated by "/". They are matched case-folded.
"""

from __future__ import annotations

# The verb of "On … somebody wrote:". Endings like "(a)", "/la" or "(ла)" are allowed behind every form.
WROTE: dict[str, str] = {
    "en": "wrote/writes/has written/said",
    "de": "schrieb/schreibt/hat geschrieben/geschrieben/schrieben",
    "fr": "a écrit/a ecrit/écrivait/écrit/ont écrit",
    "es": "escribió/escribio/escribe/ha escrito",
    "pt": "escreveu/escreve/escreveram",
    "it": "ha scritto/scrive/scriveva/scrisse",
    "nl": "schreef/geschreven/schrijft",
    "af": "het geskryf/geskryf",
    "sv": "skrev/skriver/skrev följande",
    "da": "skrev/skriver/skrev følgende",
    "no": "skrev/skreiv/skrev følgende",
    "is": "skrifaði/ritaði",
    "fi": "kirjoitti/kirjoittaa",
    "et": "kirjutas/kirjutanud",
    "lv": "rakstīja",
    "lt": "rašė/parašė",
    "pl": "napisał/napisała/napisali/pisze",
    "cs": "napsal/napsala/napsali/píše",
    "sk": "napísal/napísala/napísali/píše",
    "hu": "írta/ezt írta/a következőt írta/ezt a levelet írta/írt",
    "ro": "a scris/scria",
    "bg": "написа/написал/написала",
    "ru": "написал/написала/написали/пишет/писал/писала",
    "uk": "пише/написав/написала/писав/писала",
    "be": "піша/напісаў/напісала",
    "sr": "је написао/је написала/je napisao/je napisala/пише/piše/написао је",
    "hr": "napisao je/napisala je/je napisao/je napisala/piše",
    "sl": "je napisal/je napisala/piše/napisal/napisala",
    "mk": "напиша/пишува",
    "sq": "shkroi/ka shkruar",
    "el": "έγραψε/έγραψαν/γράφει",
    "tr": "yazdı/şunu yazdı/şöyle yazdı/şunları yazdı/yazmış",
    "az": "yazıb/yazdı",
    "kk": "жазды/деп жазды",
    "hy": "գրել է/գրեց",
    "ka": "დაწერა/წერდა",
    "he": "כתב/כתבה/כותב/מאת",
    "ar": "كتب/كتبت/تمت كتابة ما يلي بواسطة",
    "fa": "نوشت/نوشته است/نوشته",
    "hi": "ने लिखा/लिखा/ने लिखा है",
    "th": "เขียนว่า/เขียน",
    "vi": "đã viết/viết/đã ghi",
    "id": "menulis/telah menulis",
    "ms": "menulis/telah menulis",
    "ja": "のメール/さんは書きました/は書きました/さんが書きました/のメッセージ/さんのメッセージ/wrote",
    "ko": "님이 작성/작성/님이 썼습니다/님의 말/님이 쓴 글",
    "zh": "写道/寫道/写到/写/撰寫/来信/來信/编写",
    "ca": "va escriure/ha escrit/escrigué",
    "gl": "escribiu",
    "eu": "idatzi du/igorleak hau idatzi du/idatzi zuen/hau idatzi zuen",
    "cy": "ysgrifennodd",
    "ga": "scríobh",
}

# How such a line begins; a blank at the end is part of it. It counts only together with a date, so that short
# everyday words do no harm.
OPENERS = (
    "On /At /In article /Le /En date /El /Con fecha /En /O /Em /No dia /Aos /A /Il /Il giorno "
    "/In data /Alle /Am /Den /Op /På /Kl/Þann /Dnia /W dniu /Dne /Dňa /Dana /Na dan /U /V /Vo /În "
    "/Pe /La data /La /Data /На /В /Во /У /Дана /Στις /Την /Στις: /Datë /Më /Ar /Pada /Vào /Lúc "
    "/Ngày /เมื่อ/ในวันที่/在/于/於/בתאריך/ב-/‫בתאריך/في /فی /در /بتاريخ /Zitat von /Citando "
    "/Citazione di /Citat /Selon /Quoth /Kuupäeval /Ühel /"
)

# How some begin it, with the verb or with no date, as Horde's "Quoting Ann <ann@example.org>:".
QUOTING = (
    "Quoting /Zitat von /Citando a /Citando /Citazione di /Quoting from /Selon /Citat från "
    "/Citat fra /Citace /Цитирую /Wiadomość napisana przez /Missatge de "
)

# Words that stand between the time and the name in such a line.
FILLERS = (
    "at/on/the/from/user/um/am/uhr/von/der/benutzer/à/le/de/du/par/a las/las/a/el/los/às/em/o/il"
    "/alle/ore/da/heeft/op/om/door/kl/kl./klo/kello/den/från/fra/af/av/użytkownik/godz/godz."
    "/o godz./uživatel/v/hodin/používateľ/dňa/o/időpontban/ora/la/utilizatorul/пользователь/от/в/г"
    "/г./користувач/р/р./о/korisnik/kullanıcı/tarihinde/saat/ο/η/χρήστης/στις/в/час/ч/ч./pukul/jam"
    "/lúc/เวลา/于/在/より/から/さん/님이/pm/am/p.m./a.m./h/hrs/hs"
)

# The lines "-----Original Message-----" and "---------- Forwarded message ---------".
ORIGINAL: dict[str, str] = {
    "en": (
        "Original Message/Original Mail/Original Email/Original e-mail/Reply Message"
        "/Original Appointment/Original text/Replied message/Previous message/Message from"
    ),
    "de": (
        "Ursprüngliche Nachricht/Originalnachricht/Original-Nachricht/Original Nachricht"
        "/Ursprüngliche E-Mail/Originaltermin/Ursprünglicher Termin/Originalmail/Original-Mail"
    ),
    "fr": (
        "Message d'origine/Message d’origine/Message original/Message initial/Courriel original"
        "/Mail original/E-mail d'origine/Message de"
    ),
    "es": "Mensaje original/Correo original",
    "pt": "Mensagem original/Mensagem Original",
    "it": "Messaggio originale/Messaggio Originario/Messaggio da",
    "nl": ("Oorspronkelijk bericht/Oorspronkelijke bericht/Origineel bericht/Origineel Bericht/Oorspronkelijke e-mail"),
    "sv": "Ursprungligt meddelande/Originalmeddelande/Ursprungsmeddelande",
    "da": (
        "Oprindelig meddelelse/Original meddelelse/Oprindelig besked/Oprindelig mail/Originalmeddelelse/Original besked"
    ),
    "no": "Opprinnelig melding/Original melding/Originalmelding/Opprinneleg melding",
    "fi": "Alkuperäinen viesti",
    "et": "Algne kiri/Algne sõnum/Originaalsõnum/Algne e-kiri",
    "lv": "Sākotnējais ziņojums/Oriģinālais ziņojums/Sākotnējā ziņa",
    "lt": "Originalus laiškas/Pradinis laiškas/Pirminis pranešimas/Originali žinutė",
    "pl": "Wiadomość oryginalna/Oryginalna wiadomość/Wiadomość pierwotna/Treść oryginalnej wiadomości",
    "cs": "Původní zpráva/Původní e-mail/Původní mail",
    "sk": "Pôvodná správa/Originálna správa/Pôvodný e-mail",
    "hu": "Eredeti üzenet/Eredeti levél",
    "ro": "Mesaj original/Mesajul original/Mesaj iniţial/Mesaj inițial/Mesajul inițial",
    "bg": "Оригинално съобщение/Първоначално съобщение",
    "ru": ("Исходное сообщение/Оригинальное сообщение/Исходное письмо/Оригинал сообщения/Первоначальное сообщение"),
    "uk": "Оригінальне повідомлення/Початкове повідомлення/Вихідне повідомлення/Оригінал повідомлення",
    "sr": "Оригинална порука/Originalna poruka/Изворна порука",
    "hr": "Izvorna poruka/Originalna poruka",
    "sl": "Izvirno sporočilo/Originalno sporočilo/Prvotno sporočilo",
    "el": "Αρχικό μήνυμα/Αρχικό Μήνυμα/Αυθεντικό μήνυμα/Πρωτότυπο μήνυμα",
    "tr": "Özgün İleti/Özgün Mesaj/Orijinal Mesaj/Orijinal İleti/Asıl ileti/Orjinal Mesaj",
    "he": "הודעה מקורית",
    "ar": "الرسالة الأصلية/رسالة أصلية/الرسالة الاصلية",
    "fa": "پیام اصلی/پیغام اصلی",
    "th": "ข้อความต้นฉบับ/ข้อความเดิม",
    "vi": "Thư gốc/Tin nhắn gốc/Tin nhắn ban đầu",
    "id": "Pesan asli/Pesan Asal",
    "ms": "Mesej asal/Mesej Asli",
    "ja": "元のメッセージ/元のメール/オリジナルメッセージ/転送元のメッセージ",
    "ko": "원본 메시지/원본 메일/원본 이메일/원래 메시지/원본메시지",
    "zh": "原始邮件/原邮件/原始郵件/原始信件/原始消息/原始訊息/原件/回复的原邮件/回复邮件信息",
    "ca": "Missatge original",
    "gl": "Mensaxe orixinal",
    "eu": "Jatorrizko mezua",
}

FORWARDED: dict[str, str] = {
    "en": (
        "Forwarded message/Begin forwarded text/Forwarded text/Forwarded mail/Forwarded email"
        "/Forwarded by/Forwarded Letter/Forwarded message from/Fwd message/Begin forwarded message"
        "/Begin forwarded email/Start of forwarded message/Forwarded from/Forwarding messages"
    ),
    "de": (
        "Weitergeleitete Nachricht/Weitergeleitete E-Mail/Weitergeleitet von/Weitergeleitete Mail"
        "/Anfang der weitergeleiteten Nachricht/Anfang der weitergeleiteten E-Mail"
    ),
    "fr": (
        "Message transféré/Message transmis/Message réexpédié/Courriel transféré/E-mail transféré"
        "/Début du message réexpédié/Début du message transféré/Début du message réacheminé"
        "/Réacheminé par/Transféré par/Message forwardé"
    ),
    "es": (
        "Mensaje reenviado/Correo reenviado/Inicio del mensaje reenviado/Reenviado por/Comienzo del mensaje reenviado"
    ),
    "pt": (
        "Mensagem encaminhada/Mensagem reencaminhada/Início da mensagem reencaminhada"
        "/Início da mensagem encaminhada/Encaminhado por/Reencaminhado por"
    ),
    "it": (
        "Messaggio inoltrato/Messaggio Inoltrato/Inizio messaggio inoltrato/Inoltrato da/Inizio del messaggio inoltrato"
    ),
    "nl": (
        "Doorgestuurd bericht/Begin doorgestuurd bericht/Doorgestuurd door/Doorgezonden bericht"
        "/Doorgestuurde e-mail/Begin van doorgestuurd bericht"
    ),
    "af": "Aangestuurde boodskap",
    "sv": (
        "Vidarebefordrat meddelande/Vidarebefordrat mejl/Vidarebefordrat e-postmeddelande"
        "/Vidarebefordrat mail/Vidarebefordrat brev/Början på vidarebefordrat meddelande"
    ),
    "da": (
        "Videresendt meddelelse/Videresendt besked/Start på videresendt besked/Videresendt mail"
        "/Videresendt af/Start på videresendt meddelelse"
    ),
    "no": (
        "Videresendt melding/Vidaresend melding/Videresendt e-post/Begynnelsen på videresendt melding"
        "/Videresendt av/Start på videresendt melding"
    ),
    "is": "Framsend skilaboð/Áframsend skilaboð/Áframsendur póstur",
    "fi": (
        "Välitetty viesti/Edelleenlähetetty viesti/Välitetty viesti alkaa/Välitetty viesti / Fwd.Msg"
        "/Välittänyt/Edelleen lähetetty viesti"
    ),
    "et": "Edastatud kiri/Edastatud sõnum/Edastatud e-kiri/Edastatud meil/Edastatud kirja algus",
    "lv": "Pārsūtīts ziņojums/Pārsūtīta ziņa/Pārsūtītā vēstule/Pārsūtīta vēstule",
    "lt": "Persiųstas laiškas/Persiunčiamas laiškas/Persiųsta žinutė/Persiųstas pranešimas",
    "pl": (
        "Treść przekazanej wiadomości/Przekazana wiadomość/Wiadomość przekazana"
        "/Wiadomość przesłana dalej/Początek przekazywanej wiadomości/Przesłana wiadomość"
        "/Początek przesłanej wiadomości/Wiadomość przekazana przez/Treść przesłanej wiadomości"
        "/Przekazane przez"
    ),
    "cs": (
        "Přeposlaná zpráva/Začátek přeposílané zprávy/Předaná zpráva/Přeposlaný e-mail"
        "/Začátek přeposlané zprávy/Přeposlal"
    ),
    "sk": ("Preposlaná správa/Začiatok preposlanej správy/Postúpená správa/Preposlaný e-mail/Odovzdaná správa"),
    "hu": ("Továbbított üzenet/Továbbított levél/Továbbított levél kezdete/Továbbított üzenet kezdete/Továbbította"),
    "ro": (
        "Mesaj redirecționat/Mesaj redirecţionat/Mesaj transmis/Începe mesajul redirecționat"
        "/Începutul mesajului redirecționat/Mesaj înaintat/Mesaj retransmis/Mesajul redirecționat"
    ),
    "bg": ("Препратено съобщение/Препратено писмо/Начало на препратеното съобщение/Препратена поща/Препратено писмо"),
    "ru": (
        "Пересылаемое сообщение/Перенаправленное сообщение/Пересланное сообщение"
        "/Переадресованное сообщение/Начало переадресованного сообщения/Начало пересылаемого сообщения"
        "/Пересланное письмо/Пересылаемое письмо/Завершение пересылаемого сообщения"
        "/Начало переадресованного письма/Перенаправленное письмо"
    ),
    "uk": (
        "Переслане повідомлення/Пересланий лист/Початок листа, що пересилається"
        "/Перенаправлене повідомлення/Початок переадресованого повідомлення"
        "/Початок пересланого повідомлення/Переадресоване повідомлення/Пересилане повідомлення"
    ),
    "be": "Перасланае паведамленне/Перасланы ліст",
    "sr": "Прослеђена порука/Prosleđena poruka/Прослеђено писмо/Почетак прослеђене поруке",
    "hr": "Proslijeđena poruka/Započni proslijeđenu poruku/Početak proslijeđene poruke/Prosljeđena poruka",
    "sl": "Posredovano sporočilo/Začetek posredovanega sporočila/Posredovana pošta",
    "mk": "Препратена порака/Проследена порака",
    "sq": "Mesazh i përcjellë/Mesazhi i përcjellur/Mesazh i Përcjellë",
    "el": (
        "Προωθημένο μήνυμα/Προωθούμενο μήνυμα/Έναρξη προωθημένου μηνύματος/Αρχή προωθημένου μηνύματος"
        "/Μήνυμα που προωθήθηκε"
    ),
    "tr": (
        "İletilen İleti/İletilmiş Mesaj/Yönlendirilen ileti/Yönlendirilmiş ileti/İleti başlangıcı"
        "/İletilen mesaj/Yönlendirilen mesaj/İletilen e-posta/Yönlendirilmiş mesaj/Forward edilen ileti"
    ),
    "az": "Yönləndirilmiş mesaj/Ötürülmüş məktub",
    "kk": "Қайта жіберілген хабар",
    "hy": "Փոխանցված նամակ/Վերահասցեագրված նամակ",
    "ka": "გადაგზავნილი წერილი/გადამისამართებული შეტყობინება",
    "he": "הודעה שהועברה/הודעה מועברת/התחלת ההודעה שהועברה/הודעה מועברת",
    "ar": (
        "رسالة مُعاد توجيهها/رسالة معاد توجيهها/رسالة محولة/الرسالة المعاد توجيهها"
        "/بداية الرسالة المعاد توجيهها/رسالة معاد إرسالها"
    ),
    "fa": "پیام بازارسال شده/پیام هدایت شده/پیام فوروارد شده/پیام ارجاع شده",
    "hi": "अग्रेषित संदेश/फ़ॉरवर्ड किया गया संदेश/फ़ॉरवर्ड किया गया मैसेज",
    "th": "ข้อความที่ส่งต่อ/ข้อความส่งต่อ/เริ่มข้อความที่ส่งต่อ",
    "vi": (
        "Thư được chuyển tiếp/Tin nhắn được chuyển tiếp/Bắt đầu thư được chuyển tiếp/Thư đã chuyển tiếp"
        "/Tin nhắn đã chuyển tiếp/Thư chuyển tiếp"
    ),
    "id": ("Pesan terusan/Pesan yang diteruskan/Mulai pesan yang diteruskan/Pesan diteruskan/Awal pesan terusan"),
    "ms": "Mesej yang dimajukan/Mesej dimajukan/Mula mesej yang dimajukan/Mesej yang diserahkan",
    "ja": ("メッセージを転送/転送されたメッセージ/転送メッセージ/転送されたメール/ここから転送/転送メール/転送"),
    "ko": "전달된 메시지/전달된 메일/전달 메시지/전달받은 메일/전달한 메시지/받은 메시지 전달",
    "zh": (
        "转发邮件信息/转发的邮件/转发邮件/轉寄郵件/轉寄的郵件/下面是被转发的邮件/以下是轉寄的郵件"
        "/转发的消息/轉寄訊息/已转发的消息/轉寄信件/以下為轉寄信件/已轉寄郵件/转发信息"
    ),
    "ca": "Missatge reenviat/Inici del missatge reenviat",
    "gl": "Mensaxe reenviada/Mensaxe reencamiñada",
    "eu": "Birbidalitako mezua/Bidalitako mezua/Berbidalitako mezua",
    "cy": "Neges wedi'i hanfon ymlaen/Neges a anfonwyd ymlaen/Neges a Yrrwyd Ymlaen",
    "ga": "Teachtaireacht curtha ar aghaidh/Teachtaireacht seolta ar aghaidh",
}

# Helpdesks ask for the reply above such a line; what stands below is theirs.
REPLY_ABOVE = (
    "please type your reply above this line/reply above this line/please reply above this line"
    "/write your reply above this line/type your response above this line"
    "/in replies all text above this line/please do not write below this line"
    "/do not write below this line/bitte antworten sie oberhalb dieser linie"
    "/antworten sie oberhalb dieser zeile/bitte geben sie ihre antwort über dieser zeile ein"
    "/antwort bitte über dieser linie/répondez au-dessus de cette ligne"
    "/veuillez répondre au-dessus de cette ligne/merci de répondre au-dessus de cette ligne"
    "/responda por encima de esta línea/por favor responda encima de esta línea"
    "/escriba su respuesta por encima de esta línea/responda acima desta linha"
    "/digite sua resposta acima desta linha/rispondi sopra questa riga"
    "/scrivi la tua risposta sopra questa riga/antwoord boven deze regel"
    "/typ uw antwoord boven deze regel/svara ovanför denna rad/skriv dit svar over denne linje"
    "/svar over denne linje/vastaa tämän rivin yläpuolelle/proszę odpowiedzieć powyżej tej linii"
    "/prosimy o odpowiedź powyżej tej linii/odpovězte nad tuto čáru"
    "/пожалуйста, введите ответ над этой строкой/ответьте выше этой строки/bu satırın üstüne yazın"
    "/この線より上に返信してください/この行より上に返信を入力してください/请在此行上方回复"
    "/이 줄 위에 회신해 주세요"
)
