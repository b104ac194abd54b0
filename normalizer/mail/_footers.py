"""What programs and companies append below the words of a sender, by language. Matched case-folded at line starts.

``*`` stands for a few words in between.
"""

from __future__ import annotations

MOBILE: dict[str, str] = {
    "en": (
        "sent from my /sent from mail/sent from outlook/sent from yahoo/sent from gmail"
        "/sent from samsung/sent from a mobile/sent from a phone/sent from an/sent from iphone"
        "/sent from ipad/sent from android/sent from mobile/sent from proton/sent from protonmail"
        "/sent from bluemail/sent from aol/sent from myself/sent from nine/sent from spark"
        "/sent from hey/sent from fastmail/sent from edison/sent from the all new/sent from the new aol"
        "/sent from airmail/sent from mailbird/sent from tutanota/sent from k-9 mail"
        "/sent from blackberry/sent from huawei/sent from xiaomi/sent from workspace/sent from surface"
        "/sent via my/sent via the samsung/sent via blackberry/sent via superhuman/sent via android"
        "/sent via iphone/sent via mobile/sent with spark/sent with proton/sent with protonmail"
        "/sent with airmail/sent with aqua mail/sent with bluemail/sent with mailspring/sent with shift"
        "/sent with unibox/sent with love from my/sent with my/sent with tutanota"
        "/sent with secure email/sent by spark/sent on the go/sent on the move/sent using my"
        "/sent using outlook/sent using hushmail/sent using zoho mail/sent using k-9 mail"
        "/sent through my/sent wirelessly from/sent secure with/sent securely with/sent through the"
        "/sent over the air/get outlook for/get bluemail for/composed on my/typed on my/written on my"
        "/please excuse * typed on/sent from sparrow/from my iphone/from my ipad/from my android"
        "/from my mobile/from my samsung/sent in haste from my/secured with tutanota"
    ),
    "de": (
        "von meinem * gesendet/von meinem * gesendet mit/gesendet von meinem/gesendet von mein"
        "/gesendet von outlook/gesendet von mail/gesendet von yahoo/gesendet von iphone"
        "/gesendet von ipad/gesendet mit der/gesendet mit meinem/gesendet mit spark/gesendet mit proton"
        "/gesendet aus der/gesendet vom/gesendet mit mozilla/gesendet über"
        "/diese nachricht wurde von meinem/diese nachricht wurde von meiner"
        "/diese e-mail wurde von meinem/von unterwegs gesendet/von iphone gesendet/von ipad gesendet"
        "/von samsung * gesendet/von samsung mobile gesendet/outlook für * beziehen"
        "/holen sie sich outlook/laden sie outlook/versendet mit/versandt mit/gesendet von der"
        "/mobil gesendet/von meinem mobiltelefon/von yahoo mail/meinem iphone gesendet/verschickt mit"
        "/verfasst auf"
    ),
    "fr": (
        "envoyé de mon/envoyé depuis mon/envoyé à partir de/envoyé depuis/envoyé de/envoyé avec"
        "/envoyé via/envoyé par mon/envoyé du/télécharger outlook pour/obtenez outlook pour"
        "/obtenir outlook pour/écrit depuis mon/transmis de mon/de mon iphone"
    ),
    "es": (
        "enviado desde mi/enviado desde/enviado de mi/enviado con/enviado por mi/enviado a través de"
        "/obtener outlook para/obtén outlook para/mandado desde mi/descargar outlook para"
    ),
    "pt": (
        "enviado do meu/enviado da minha/enviado de meu/enviado do/enviado a partir do/enviado pelo"
        "/enviado via/enviado com/enviado através/obter o outlook para/obter outlook para"
        "/baixe o outlook para/enviada do meu/enviado através do meu"
    ),
    "it": (
        "inviato da/inviato dal mio/inviato dal/inviato con/inviata da/inviato tramite/inviato mediante"
        "/scarica outlook per/ottieni outlook per/spedito dal mio/mandato dal mio"
    ),
    "nl": (
        "verstuurd vanaf mijn/verstuurd vanaf/verzonden vanaf mijn/verzonden vanaf/verzonden met"
        "/verzonden via/verstuurd met/verzonden vanuit/verstuurd vanuit/outlook voor * downloaden"
        "/outlook voor * ophalen/download outlook voor/verstuurd via/outlook voor ios"
    ),
    "af": "gestuur vanaf my",
    "sv": (
        "skickat från min/skickat från/skickades från/skickat med/skickad från/hämta outlook för"
        "/skaffa outlook för/skickat via"
    ),
    "da": "sendt fra min/sendt fra mit/sendt fra/sendt via/sendt med/hent outlook til/få outlook til",
    "no": ("sendt fra min/sendt fra mitt/sendt frå/sendt med/skaff deg outlook for/hent outlook for/få outlook for"),
    "is": "sent úr/sent frá/sent með",
    "fi": (
        "lähetetty iphonesta/lähetetty ipadista/lähetetty * iphonesta/lähetetty androidista"
        "/lähetetty outlook/lähetetty samsung/lähetetty puhelimesta/lähetetty puhelimestani"
        "/lähetetty laitteesta/lähetetty matkapuhelimesta/hanki outlook/lähetetty yahoo"
        "/lähetetty windows/lähetetty windowsin/lähetetty laitteestani/lähetetty minun"
    ),
    "et": "saadetud minu/saadetud iphone/saadetud mobiil/saadetud nutitelefon",
    "lv": "sūtīts no/nosūtīts no",
    "lt": "siųsta iš/išsiųsta iš",
    "pl": (
        "wysłane z/wysłano z/wysłane przez/wysłane ze/wysłano za pomocą/wysłane za pomocą/wysłano ze"
        "/pobierz outlook dla/pobierz program outlook/pobierz aplikację outlook/uzyskaj outlook dla"
        "/uzyskaj program outlook/napisane na"
    ),
    "cs": (
        "odesláno z/odesláno ze/posláno z/odesláno pomocí/odesláno přes/získejte outlook pro"
        "/získat outlook pro/stáhnout outlook pro/poslano z/poslané z"
    ),
    "sk": ("odoslané z/odoslané zo/poslané z/poslané zo/odoslané pomocou/získať outlook pre/získajte outlook pre"),
    "hu": (
        "iphone-ról küldve/az iphone-omról küldve/az én * küldve/küldve az/elküldve az/elküldve a"
        "/küldve a/samsung * küldve/a * készülékemről küldve/az outlook * letöltése/androidról küldve"
    ),
    "ro": (
        "trimis de pe/trimis din/trimis cu/trimis de la/obțineți outlook pentru/obţineţi outlook pentru"
        "/descărcați outlook pentru"
    ),
    "bg": "изпратено от/изпратен от/вземете outlook за",
    "ru": (
        "отправлено с/отправлено из/отправлено со/отправлено от/отправлено через/отправлено при помощи"
        "/отправлено мобильн/послано с/получить outlook для/скачать outlook для/отправлено яндекс"
    ),
    "uk": (
        "надіслано з/надіслано із/надіслано за допомогою/відправлено з/відправлено із"
        "/отримати outlook для/завантажити outlook"
    ),
    "be": "адпраўлена з/дасланa з",
    "sr": "послато са/poslato sa/poslato iz/послато из/poslato pomoću",
    "hr": ("poslano s/poslano sa/poslano iz/poslano putem/poslano pomoću/nabavite outlook/preuzmite outlook"),
    "sl": "poslano z/poslano iz/poslano s /pridobite outlook",
    "mk": "испратено од",
    "sq": "dërguar nga",
    "el": "στάλθηκε από/εστάλη από/στάλθηκε με/αποστολή από/λήψη του outlook/αποκτήστε το outlook",
    "tr": (
        "iphone'umdan gönderildi/iphone’umdan gönderildi/ipad'imden gönderildi/ipad’imden gönderildi"
        "/samsung * gönderildi/android * gönderildi/yahoo mail'den gönderildi/outlook * edinin"
        "/outlook'u edinin/telefonumdan gönderildi/windows * gönderildi/huawei * gönderildi"
        "/iphone * gönderildi/xiaomi * gönderildi/proton * gönderildi/cihazımdan gönderildi"
    ),
    "az": "iphone-dan göndərildi/mənim * göndərildi",
    "he": "נשלח מה/נשלח מ/נשלח באמצעות/קבל את outlook",
    "ar": "أرسلت من/مرسل من/تم الإرسال من/أُرسلت من/تم إرساله من/أرسل من/احصل على outlook",
    "fa": "ارسال شده از/فرستاده شده از/از * من ارسال شده",
    "hi": "मेरे * से भेजा गया/से भेजा गया",
    "th": "ส่งจาก/ส่งโดยใช้",
    "vi": "đã gửi từ/gửi từ/được gửi từ/tải outlook",
    "id": "dikirim dari/terkirim dari/dapatkan outlook",
    "ms": "dihantar dari/dihantar daripada",
    "ja": (
        "iphoneから送信/ipadから送信/androidから送信/* から送信/*から送信/私の*から送信"
        "/outlook for * を入手/* を入手/windows 版の/*から送信されました"
    ),
    "ko": (
        "나의 * 보냄/나의 * 에서 보냄/내 * 에서 보냄/내 * 보냄/* 에서 보냄/iphone에서 보냄/나의 iphone"
        "/outlook * 다운로드/*에서 보냄/*에서 보낸 메일"
    ),
    "zh": (
        "发自我的/從我的 * 傳送/從我的/从我的/發自我的/我的 * 傳送/发自/來自我的/来自我的/从 * 发送"
        "/從 * 傳送/获取适用于/取得適用於/發送自/发送自/传送自/通过*发送"
    ),
    "ca": "enviat des del meu/enviat des de/enviat amb/obteniu l'outlook",
    "gl": "enviado desde o meu/enviado dende",
    "eu": "nire * bidalia/nire * bidalita",
    "cy": "anfonwyd o/wedi'i anfon o",
    "ga": "seolta ó mo/seolta ó",
}

FOOTERS = (
    "you received this message because you are subscribed to/you are receiving this because you"
    "/to unsubscribe from this group/you received this email because"
    "/_______________________________________________/virus-free. www./virenfrei. www."
    "/this email has been checked for viruses/this e-mail has been checked for viruses"
    "/diese e-mail wurde von avast/diese e-mail wurde auf viren/l'absence de virus dans ce courrier"
    "/este correo electrónico ha sido comprobado/el software de antivirus avast"
    "/este e-mail foi verificado/este email foi escaneado/questa e-mail è stata controllata"
    "/deze e-mail is gecontroleerd/to post to this group/---this email has been checked"
    "/yahoo! groups links/mailing list/to unsubscribe, /to unsubscribe: "
    "/for additional commands, e-mail/sent via the samsung/sponsored link"
    "/this sf.net email is sponsored/this message was scanned/scanned by mailscanner"
    "/this message has been scanned/questo messaggio e' stato analizzato"
    "/questo messaggio è stato analizzato/yahoo! groups sponsor/reply to this email directly"
    "/do you yahoo!?/get your free"
)

# How a confidentiality notice begins; people begin so, too, therefore one of `LEGAL` must occur in it.
DISCLAIMERS: dict[str, str] = {
    "en": (
        "confidentiality notice/confidentiality note/confidentiality statement/confidentiality:"
        "/confidential notice/disclaimer:/legal notice/legal disclaimer/privileged and confidential"
        "/privacy notice:/important notice:/notice of confidentiality/this email is confidential"
        "/this e-mail is confidential/this email and any/this e-mail and any/this message and any"
        "/this e-mail message/this email message/this message contains confidential"
        "/this email contains confidential/this e-mail contains confidential/this message is intended"
        "/this email is intended/this e-mail is intended/this communication is/this communication may"
        "/this transmission/this electronic/this message may contain/this email may contain"
        "/this e-mail may contain/the information contained in this/the information in this"
        "/the contents of this email/the contents of this e-mail/the content of this email"
        "/information contained in this/if you are not the intended recipient/if you have received this"
        "/please consider the environment/please think of the environment/think before you print"
        "/consider the environment/save paper/save a tree/this mail and any"
    ),
    "de": (
        "diese e-mail enthält vertrauliche/diese e-mail kann/diese nachricht enthält vertrauliche"
        "/diese nachricht ist vertraulich/diese e-mail ist vertraulich/der inhalt dieser e-mail"
        "/die information in dieser/die informationen in dieser/vertraulichkeitshinweis"
        "/haftungsausschluss/wichtiger hinweis:/rechtlicher hinweis/bitte denken sie an die umwelt"
        "/bitte prüfen sie, ob diese/diese mail enthält/hinweis: diese e-mail/diese e-mail und"
    ),
    "fr": (
        "ce message et/ce message est confidentiel/ce message électronique/ce courriel et"
        "/ce courriel est/ce mail et/cet e-mail et/ce message est destiné/ce message contient"
        "/avis de confidentialité/confidentialité :/les informations contenues dans"
        "/pensez à l'environnement/pensez à l’environnement/pensez environnement/avant d'imprimer"
        "/afin de respecter l'environnement/l'intégrité de ce message"
    ),
    "es": (
        "este mensaje y/este mensaje contiene/este mensaje es confidencial/este mensaje va dirigido"
        "/este mensaje se dirige/este correo electrónico y/este correo electrónico contiene"
        "/este correo y/este correo es confidencial/aviso legal/aviso de confidencialidad"
        "/la información contenida en/la información incluida en/antes de imprimir"
        "/por favor, piense en el medio ambiente/confidencialidad:/cláusula de confidencialidad"
    ),
    "pt": (
        "esta mensagem e/esta mensagem é/esta mensagem contém/esta mensagem pode/este e-mail e"
        "/este e-mail contém/este email e/aviso legal/aviso de confidencialidade"
        "/as informações contidas/a informação contida/antes de imprimir/confidencialidade:"
        "/esta comunicação"
    ),
    "it": (
        "le informazioni contenute/questo messaggio e/questo messaggio è/questo messaggio contiene"
        "/questa e-mail e/questa e-mail è/questa email/il presente messaggio/la presente e-mail"
        "/la presente comunicazione/avviso di riservatezza/prima di stampare/riservatezza:/ai sensi del"
    ),
    "nl": (
        "dit bericht en/dit bericht is/dit bericht kan/dit e-mailbericht/deze e-mail en/deze e-mail is"
        "/de informatie in dit/de informatie verzonden/de inhoud van dit/de inhoud van deze"
        "/denk aan het milieu/vertrouwelijkheid"
    ),
    "sv": ("detta meddelande/detta e-postmeddelande/detta mail/innehållet i detta/denna e-post/tänk på miljön"),
    "da": "denne e-mail/denne mail/denne meddelelse/tænk på miljøet/fortrolighed",
    "no": "denne e-posten/denne meldingen er/denne e-post/tenk på miljøet/konfidensiell",
    "fi": "tämä viesti/tämä sähköposti/luottamuksellinen/tämän viestin",
    "pl": (
        "ta wiadomość/niniejsza wiadomość/wiadomość ta/treść tej wiadomości/informacje zawarte w"
        "/pomyśl o środowisku/zanim wydrukujesz/klauzula poufności"
    ),
    "cs": ("tato zpráva/tento e-mail/tento email/obsah této zprávy/informace obsažené/důvěrné/než vytisknete"),
    "sk": "táto správa/tento e-mail/obsah tejto správy/informácie obsiahnuté/dôverné",
    "hu": ("ez az üzenet/ez az e-mail/az üzenet tartalma/jelen üzenet/jelen e-mail/kérjük, gondoljon a környezetre"),
    "ro": "acest mesaj/acest e-mail/acest email/informațiile conținute/confidențialitate",
    "bg": "това съобщение/този имейл/тази електронна поща/поверителност",
    "ru": (
        "это сообщение/настоящее сообщение/данное сообщение/данное электронное/информация, содержащаяся"
        "/настоящее электронное/конфиденциальн/это электронное"
    ),
    "uk": "це повідомлення/цей лист/дане повідомлення/інформація, що міститься/конфіденційн",
    "el": "το παρόν μήνυμα/αυτό το μήνυμα/το μήνυμα αυτό/οι πληροφορίες που περιέχονται",
    "tr": "bu e-posta/bu mesaj/bu elektronik posta/bu ileti/yasal uyarı/gizlilik",
    "he": "הודעה זו/דואר אלקטרוני זה",
    "ar": "هذه الرسالة/هذا البريد/تحتوي هذه الرسالة/إخلاء مسؤولية",
    "ja": "このメールは/このメールには/本メールは/本メールには/この電子メール/本電子メール/【機密",
    "ko": "본 메일은/이 메일은/본 이메일/이 이메일/본 메일에",
    "zh": "本邮件及/本邮件包含/此邮件/本電子郵件/本郵件/本电子邮件/保密声明/免责声明/機密/此電子郵件",
    "ca": "aquest missatge/aquest correu/avís legal",
    "hr": "ova poruka/ova elektronička/sadržaj ove poruke",
    "sl": "to sporočilo/to elektronsko/vsebina tega sporočila",
}

LEGAL = (
    "confiden/privileged/intended/recipient/disclos/legal/vertraulich/empfänger/vertrouwelijk"
    "/geadresseerde/destinat/riservat/konfiden/fortrol/modtager/mottager/mottagare/mottaker"
    "/luottamuk/vastaanott/poufn/adresat/důvěr/dôver/bizalmas/címzett/конфиденц/адресат/получател"
    "/конфіденц/одержувач/поверител/εμπιστευτ/παραλήπτ/gizli/alıcı/povjerljiv/zaupn/סודי/נמען/سري"
    "/機密/秘密/宛先/保密/机密/收件人/기밀/비밀/수신/environment/umwelt/environnement/ambiente"
    "/milieu/miljö/miljø/ympäristö/środowisk/prostředí/környezet"
)

# Short ways to say "my": "Sent from my …" needs no product behind it, "Sent from …" does.
MY = (
    "my/myself/meinem/meiner/mein/mon/mi/meu/minha/mio/mijn/min/mit/mitt/minu/moich/mojego/mojej"
    "/mého/môjho/mog/mojega/моего/моя/мого/私の/나의/내/我的/自我的/meu/meva"
)
DEVICES = (
    "iphon/ipad/ipod/android/samsung/galaxy/huawei/honor/xiaomi/redmi/oneplus/oppo/pixel/nokia"
    "/lumia/htc/motorola/sony/xperia/lenovo/wiko/blackberry/windows/outlook/mail/yahoo/aol/proton"
    "/tutanota/spark/k-9/superhuman/thunderbird/hushmail/zoho/mobil/smartphone/phone/telefon"
    "/téléphone/teléfono/puhelim/телефон/мобил/смартфон/планшет/tablet/handy/cell/device/dispositiv"
    "/appareil/gerät/apparaat/enhet/laitte/macbook/imac/ios/apple/verizon/wireless/handheld"
    "/ordinateur/computer/unterwegs/nine/on the go/on the move/workspace/surface/hey/edison/unibox"
    "/почт/手机/手機/휴대/スマ/携帯/โทรศัพท์/điện thoại/ponsel"
)
