"""The policy of an installation that has not written one: words in the languages that customers write most.

Words are looked for in subject and text. A wrong guess costs little: it moves a ticket to another queue, and the
decision shows the word that did it.
"""

from __future__ import annotations

from normalizer.policy import Policy, Rule

_URGENT = (
    "urgent, urgently, asap, emergency, as soon as possible, right away, system is down, production is down, "
    "outage, dringend, eilig, notfall, so schnell wie möglich, ausfall, urgence, en urgence, au plus vite, dès "
    "que possible, urgente, urgentemente, emergencia, lo antes posible, emergenza, il prima possibile, "
    "emergência, o mais rápido possível, spoed, dringende, zo snel mogelijk, pilne, pilny, jak najszybciej, "
    "brådskande, akut, haster, acil, ivedi, срочно, как можно скорее, терміново, عاجل, तुरंत, 紧急, 緊急, 急ぎ, 至急, "
    "긴급, 급해요"
)
_HIGH = (
    "fraud, hacked, stolen card, unauthorized charge, data breach, lawyer, legal action, cannot log in, can't "
    "log in, betrug, gehackt, anwalt, datenleck, fraude, piraté, avocat, abogado, hackeado, avvocato, truffa, "
    "advogado, advocaat, oszustwo, prawnik, мошенничество, взломали, адвокат, احتيال, 诈骗, 被盗, 詐欺, 弁護士, 사기"
)
_BILLING = (
    "invoice, billing, refund, payment, charged, credit card, receipt, subscription, rechnung, erstattung, "
    "zahlung, abbuchung, facture, remboursement, paiement, factura, reembolso, pago, fattura, rimborso, "
    "pagamento, fatura, factuur, terugbetaling, betaling, faktura, zwrot, płatność, återbetalning, betalning, "
    "iade, ödeme, счёт, счет, возврат, оплата, "
    "فاتورة, استرداد, 发票, 退款, 付款, 請求書, 返金, 支払い, 청구서, 환불, 결제"
)
_TECHNICAL = (
    "error, bug, crash, crashes, broken, not working, doesn't work, does not work, password, login, log in, "
    "install, fehler, absturz, kaputt, funktioniert nicht, geht nicht, passwort, erreur, panne, ne fonctionne "
    "pas, ne marche pas, mot de passe, no funciona, contraseña, errore, non funziona, erro, não funciona, "
    "senha, werkt niet, wachtwoord, błąd, nie działa, hasło, fel, fungerar inte, lösenord, hata, çalışmıyor, "
    "şifre, ошибка, не работает, пароль, خطأ, لا يعمل, 错误, 故障, 密码, エラー, 不具合, パスワード, 오류, 비밀번호"
)
_SALES = (
    "quote, pricing, price, discount, demo, upgrade, buy, free trial, reseller, angebot, preis, preise, "
    "rabatt, kaufen, devis, tarif, tarifs, prix, remise, acheter, presupuesto, precio, precios, descuento, "
    "comprar, preventivo, prezzo, sconto, orçamento, preço, desconto, offerte, prijs, korting, oferta, rabat, "
    "offert, teklif, fiyat, indirim, цена, скидка, купить, "
    "سعر, خصم, 报价, 价格, 折扣, 見積もり, 価格, 割引, 견적, 가격, 할인"
)


def _says(words: str) -> str:
    return f'message.subject.mentions("{words}") || message.text.mentions("{words}")'


_FROM_MACHINES = 'message.kind in ["bounce", "delay", "auto_reply", "feedback", "receipt"]'

POLICY = Policy(
    priority=(
        Rule("from-machines", _FROM_MACHINES, "low"),
        # Before the words: whoever writes in another's name also writes that it is urgent.
        Rule("spoofed-sender", 'message.trust == "spoofed"', "low"),
        Rule("urgent-words", _says(_URGENT), "urgent"),
        Rule("serious-words", _says(_HIGH), "high"),
    ),
    queue=(
        Rule("billing-words", _says(_BILLING), "billing"),
        Rule("technical-words", _says(_TECHNICAL), "technical"),
        Rule("sales-words", _says(_SALES), "sales"),
    ),
)
"""Priority by words of urgency, queue by subject matter (billing, technical, sales, else general)."""
