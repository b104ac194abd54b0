"""STOP, START and HELP: words to which carriers and the law give a meaning, and which are therefore nobody's question.

https://help.twilio.com/articles/223134027 has Twilio's words; the others are those of carriers in other countries. A word
counts only when it is all that a message says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal

Consent = Literal["stop", "start", "help"]

_WORDS: Mapping[Consent, str] = {
    "stop": """
        stop stopall stopp unsubscribe cancel end quit revoke optout stopmsg arret desabonner abmelden abbestellen
        baja parar sair afmelden avsluta 停止 退訂 退订 стоп
    """,
    "start": "start yes unstop optin subscribe commencer inicio",
    "help": "help info aide hilfe ayuda ajuda aiuto hjelp hjalp hulp 帮助 помощь",
}
KEYWORDS: Mapping[str, Consent] = {word: meaning for meaning, words in _WORDS.items() for word in words.split()}
"""For SMS, where Twilio and the carriers act on them."""

PLAIN = ("stop", "stopall", "unsubscribe", "unstop", "start", "arret", "optout", "optin")
FEW_KEYWORDS: Mapping[str, Consent] = {word: KEYWORDS[word] for word in PLAIN}
"""For WhatsApp, where no carrier acts and "yes" or "help" is what a customer answers or asks."""

_OPT_OUT: Mapping[str, Consent] = {"stop": "stop", "start": "start", "help": "help"}
_LONGEST = 20
_AROUND = re.compile(r"^\W+|\W+$")


def consent(body: str, opt_out_type: str, keywords: Mapping[str, Consent]) -> Consent | None:
    """The meaning of a message, None when it is an ordinary one. `opt_out_type` is Twilio's own finding and goes first."""
    told = _OPT_OUT.get(opt_out_type.strip().lower())
    if told is not None or len(body) > 4 * _LONGEST:
        return told
    bare = _AROUND.sub("", unicodedata.normalize("NFKD", body))
    plain = "".join(each for each in bare if not unicodedata.combining(each)).casefold()
    return keywords.get(unicodedata.normalize("NFC", plain))
