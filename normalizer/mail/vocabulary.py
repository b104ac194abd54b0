"""The words by which machines that write mail are known: senders, subjects and sentences, in many languages.

Each table holds alternatives of one regular expression, apart from each other by `` | ``, in any case of letters.
Every repetition in them is bounded, so that looking takes time in proportion to the text.
"""

from __future__ import annotations

import re

from normalizer.mail.sought import Sought


def pattern(table: str, before: str = "", after: str = "") -> re.Pattern[str]:
    """The alternatives of `table` as one expression between `before` and `after`."""
    alternatives = " ".join(table.split()).replace(" | ", "|")
    return re.compile(f"{before}(?:{alternatives}){after}", re.IGNORECASE | re.MULTILINE)


def words(table: str) -> tuple[str, ...]:
    """The words of `table`, apart by white space."""
    return tuple(table.split())


# What mail systems call themselves in From.
MAIL_SYSTEM = Sought(
    pattern(r"""
mailer[-_.]?daemon | \bpost_?mast[eo]r | mail[-_. ]?delivery[-_. ]?(?:sub)?system | mail ?administrator
| mail[-_. ]?system | delivery[-_. ]?(?:failure|status|notif) | system administrator | system attendant
| internet mail delivery | mail delivery service | mdaemon | <> | mmsc ndr | mail router
| bounce[-_.]?(?:handler|daemon) | symantec_antivirus | poost?master | mail[-_. ]?gateway | mail[-_ ]?server
| interscan | microsoftexchange[0-9a-f]{32}@ | \bmajordomo@ | daemon@ | systemadministrator | postmeister | mail system | почтов
""")
)

# Subjects of delivery reports.
FAILURE_SUBJECT = Sought(
    pattern(r"""
undeliver(?:able|ed) | \bnot delivered | returned (?:mail|e-?mail|message|to sender)
| return(?:ing)? (?:message )?to sender
| delivery (?:failure|failed|status|notification|error|report|problem|delayed|warning|has failed)
| delivery (?:incomplete|unsuccessful)
| mail (?:delivery|system error|failure|error|could not|status) | e-?mail (?:delivery|error|failure|rejected)
| message (?:delivery|status|undeliver|delayed|could not|rejected|you sent blocked|not delivered)
| fail(?:ed|ure) (?:delivery|notice|notification|to deliver|mail|message) | non[- ]?delivery | nondeliver | \bndn\b
| \bndr\b | could not (?:be delivered|send message|deliver)
| (?:could not|couldn't|can(?:no|')t|unable to) (?:be )?(?:deliver|send) | permanent error
| delayed (?:mail|message|\d) | processing error | error sending | bounce[ds]? (?:mail|message|e-?mail)
| see transcript | not member | reject mail | loop (?:alert|back warning) | fml (?:command|system|report)
| recipient (?:unknown|rejected) | rejected (?:mail|message) | mail rejected
| warning: (?:could not|message) | your mail was not | unzustellbar | nicht zugestellt | zustell(?:ung|fehler)
| nicht zustellbar | fehlgeschlagen | échec de | non remis | non[- ]distribu | no se puede entregar | no entregado
| error de entrega | no se ha podido entregar | não (?:entregue|foi possível) | falha na entrega
| mancat[oa] (?:recapito|consegna) | impossibile recapitare | non recapitabile | niet bezorgd | onbestelbaar
| kan niet worden bezorgd | kunne ikke leveres | kan ikke leveres | går inte att leverera | ei voi(?:tu)? toimittaa
| niedostarczon | nie można dostarczyć | nedoručiteln | kézbesíthetetlen | недоставл | не доставлено | не доставлен
| невозможно доставить | teslim edilemedi | 配信不能 | 配信できません | 送信できません | 送信エラー | エラーメール
| 届きません | 未配達 | 退信
| 无法送达 | 無法傳遞 | 投递失败 | 系统退信 | 전송 실패 | 배달되지 | 반송 | تعذر
""")
)

# Sentences of delivery reports.
FAILURE_NOTICE = Sought(
    pattern(r"""
could not be (?:delivered|sent|reached) | (?:was|were|been|is|be) (?:un)?able to (?:be )?deliver
| not able to deliver | unable to deliver | did not reach | was (?:not|un) ?deliver | not been delivered
| has been delayed | not yet been delivered | undeliverable | undelivered | delivery (?:has )?failed
| delivery (?:to|of) [^\n]{0,80}(?:failed|delayed|postponed|was not) | failed (?:permanently|addresses|recipients)
| (?:fatal|permanent|delivery) (?:errors?|failure|problems?) | has been returned | did not receive
| transcript of session | failure reasons | returned to (?:the )?sender
| (?:following|these) (?:recipient|address)(?:\(s\)|s|es|\(es\))? | cannot be delivered | can(?:'t|not) deliver
| error (?:delivering|sending|occurred while|following) | trouble delivering | reply from (?:the )?(?:remote|server)
| remote (?:host|server) (?:said|replied|returned) | mailbox is full | user (?:is )?unknown | unknown user
| no such user | rejected by | could ?n[o']t (?:be )?deliver | could not deliver | \bare not member | is rejected
| loop condition | original mail as follows | failed to deliver | failed recipients | was rejected | not delivered
| couldn't (?:be )?deliver | wasn't delivered | mail system error
| invalid (?:user|recipient) | final-recipient: | bounced
| konnte nicht zugestellt | n'a pas pu être | no se pudo | não pôde | impossibile recapitare | kon niet worden
| не может быть доставлен | не (?:было )?доставлен | 送信できませんでした | 配信できません | 送信に失敗
| お届けできません | 无法投递 | 退信 | 전송하지
""")
)

# A server's answer at the head of a line, which says the same.
FAILURE_REPLY = pattern(r"^\W{0,4}5\d\d[ -](?:#?5\.\d|<?\S{1,64}@)")

# Sentences of reports that a mail is late and will be tried again.
DELAY_NOTICE = Sought(
    pattern(r"""
has been delayed | is delayed for | not yet been delivered | just a warning | not delivered yet | warning message only
| (?:this is a|advisory)[ -](?:warning )?only | \bdo not need to re-?send | do not resend | no need to re-?send
| still being retried | continue to (?:try|be made|attempt) | delivery attempts will continue
| will (?:continue|keep) (?:to try|trying) | will be retried | been postponed
| (?:will )?try again (?:for|later automatically) | still trying | could not send message for past
| temporary failure report | will be re-?attempted | wird weiter versucht | nouvelle tentative
""")
)

# What mail programs put at the head of the subject of an automatic reply.
AUTOMATIC_REPLY = pattern(
    before=r"^\W{0,4}(?P<answer>(?:re|aw|sv|fwd?|rv|res|antw|vs|odp|ynt)\s?:\s?)?\W{0,4}",
    after=r"(?=\W|$|の)",
    table=r"""
automatic reply | auto[- ]?reply | auto[- ]?response | auto[- ]?responder | automated? (?:reply|response|answer)
| automatic response | out of (?:the )?office(?: auto-?reply| reply| notification| response)? | on vacation
| vacation (?:reply|response|message|notice|auto-?reply) | away from (?:the |my )?(?:office|desk|mail|e-?mail) | ooo
| automatische (?:antwort|antw|rückantwort|e-?mail-?antwort) | auto(?:matische)?[- ]?antwort
| abwesenheits(?:notiz|meldung|benachrichtigung|nachricht|info|assistent) | abwesend(?:heit)? | abwesenheit
| außer haus | nicht im büro | réponse automatique | reponse automatique | absence du bureau | absent du bureau
| message d['’]absence | notification d['’]absence | je suis absent | respuesta autom[aá]tica | respuesta automática
| fuera de(?: la)? oficina | ausente | resposta autom[aá]tica | resposta automàtica | fora do escrit[oó]rio
| ausência tempor[aá]ria | aviso de ausência | risposta automatica | fuori (?:sede|ufficio)
| assenza dall['’]ufficio | automatisch antwoord | automatisch bericht
| afwezig(?:heids(?:bericht|melding|assistent))? | niet aanwezig | automatisk svar | automatiskt svar | autosvar
| frånvaro(?:meddelande)? | fraværsmelding | fraværsbesked | fravær | ikke til stede | ikke på kontoret
| ej på kontoret | automaattinen vastaus | poissa(?:olo)?(?:ilmoitus)? | automaatvastus | sjálfvirkt svar
| odpowied[źz] automatyczna | automatyczna odpowied[źz] | autoodpowied[źz] | poza biurem | nieobecno[śs][ćc]
| automatick[áa] odpov[ěe][ďd] | mimo kancelá[řr] | nepřítomnost | neprítomnos[ťt] | automatikus válasz
| házon kívül | r[ăa]spuns automat | automatski odgovor | samodejni odgovor | automatinis atsakymas
| automātiskā? atbilde | автоматический ответ | автоответ(?:чик)? | автоматична відповідь | автоматичен отговор
| нет на месте | вне офиса | αυτόματη απάντηση | εκτός γραφείου | otomatik (?:yanıt|cevap) | ofis dışında
| balasan automatis | balasan otomatis | balasan automatik | trả lời tự động | ตอบกลับอัตโนมัติ
| ข้อความตอบกลับอัตโนมัติ | מענה אוטומטי | תשובה אוטומטית | רد تلقائي | رد تلقائي | الرد التلقائي | پاسخ خودکار
| स्वचालित उत्तर | 自動応答 | 自動返信 | 自动答复 | 自动回复 | 自動回覆 | 自動回復 | 外出 | 不在 | 不在通知
| 자동 ?회신 | 자동 ?응답 | 부재 ?중
""",
)
