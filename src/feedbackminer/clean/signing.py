"""What programs, lists and forums add to what a writer wrote, and how a writer signs."""

from __future__ import annotations

import re

from feedbackminer.clean.markup import links
from feedbackminer.text.words import PSEUDONYM_PATTERN, WORD

_ADVERT_START = re.compile(
    r"(?:sent (?:from|with|via|using|by)|diese (?:nachricht|e-?mail) wurde"
    r"|gesendet (?:von|mit|über|aus)|(?:von|mit) mein(?:em|er)"
    r"|envoy[ée]e? (?:de|depuis|avec|à partir)|mandado (?:desde|do)"
    r"|enviad[oa] (?:desde|con|do|de|da|pelo|a partir)|inviat[oa] (?:da|dal|con)"
    r"|(?:verzonden|verstuurd) (?:vanaf|met|via|vanuit|van)|outlook (?:für|voor|pour)"
    r"|(?:get|télécharge[rz]|obtene[rz]|obtén|scarica|obt(?:er|enha)(?: o)?) \[?outlook)\b",
    re.IGNORECASE,
)
_ADVERT_WORDS = re.compile(
    r"(?i:sent|from|with|via|using|by|get|my|the|a|an|on|for|and|or|of|over|free|secure|e?-?mails?|phone"
    r"|mobile|cell|smart-?phone|tablet|device|handheld|wireless|laptop|computer|pc|app|client"
    r"|diese[rs]?|nachricht|wurde|gesendet|verschickt|geschickt|von|vom|mit|über|aus|meine[mr]?|der"
    r"|dem|für|handy|mobiltelefon|mobilger(?:ä|ae)t|ger(?:ä|ae)t|beziehen|herunterladen|holen"
    r"|envoy[ée]e?|de|depuis|avec|à|partir|mon|ma|l['’]application|téléphone|portable|pour"
    r"|télécharge[rz]|obtene[rz]|obtén|enviad[oa]|desde|con|do|da|pelo|mi|meu|minha|un|una|mandado|m[óo]vil"
    r"|tel[ée]fono|celular|telem[óo]vel|dispositivo|correo|seguro|sécurisée?|sicura|sichere?|beveiligde?|para|obt(?:er|enha)|o|inviat[oa]|dal|dalla|mio"
    r"|mia|cellulare|per|scarica|verzonden|verstuurd|vanaf|vanuit|met|mijn|mobiele?|telefoon|voor"
    r"|downloaden|iphone|ipad|ipod|android|ios|outlook|gmail|yahoo|proton|protonmail|tapatalk|k-9)"
    r"|[A-ZÀ-Þ0-9][\w.+/-]{0,40}|\w{0,20}\d\w{0,20}|[|&+,-]"
)
_PRODUCT = re.compile(r"[^\W\d_]*[A-Z]|\d|phone|mobile|handy|mobil|téléphone|cellulare|tablet|móvil"
                      r"|telefo|celular|device|iphone|android")  # fmt: skip
_LONGEST_ADVERT = 160
_FOOTER = re.compile(
    r"[\W_]{0,4}(?:reply to this e-?mail directly"
    r"|you(?: a|['’])re receiving this (?:e-?mail |message )?because"
    r"|you (?:have )?received this (?:e-?mail|message) because"
    r"|to (?:unsubscribe|stop receiving e?-?mails) from this (?:group|list|thread|topic)"
    r"|to (?:view|see) this discussion (?:on|visit)|to post to this (?:group|list),? send"
    r"|for more options,? visit|groups?(?:\.io)? links:|view/reply online|message id: ?<"
    r"|(?:sie erhalten|du erhältst) diese (?:nachricht|e-?mail),? (?:weil|da)\b"
    r"|vous (?:recevez|avez reçu) ce (?:message|mail|courriel|e-mail) (?:car|parce)"
    r"|(?:has recibido|recibi[óo]|recibes|ha recibido) este (?:mensaje|correo) porque"
    r"|(?:hai ricevuto|ricevi) quest[oa] (?:messaggio|e-?mail) perché"
    r"|você (?:recebeu|está recebendo) (?:essa|esta) mensagem porque"
    r"|(?:u|je) (?:ontvangt|hebt) dit bericht (?:ontvangen )?omdat"
    r"|(?:this e-?mail|diese e-?mail|cet e-?mail) (?:has been|wurde|a été) .{0,20}(?:virus|viren)"
    r"|virus-?free\.|virenfrei\.)",
    re.IGNORECASE,
)
_LIST_FOOTER = re.compile(  # below a rule only
    r".{0,100}\b(?:mailing[ -]?list[ae]?|mailingliste|liste de diffusion"
    r"|lista de (?:correo|discussão)|mailinglijst|unsubscribe|abmelden|désabonner"
    r"|désinscri\w+|abbestellen|afmelden)\b"
    r"|.{0,100}/listinfo/|\S{1,64}-(?:request|leave|unsubscribe)@",
    re.IGNORECASE,
)
_LIST_RULE_LENGTH = 20  # underscores
_RULE_SIGNS = tuple("-—–_=*")
_RULE = re.compile(r"[-—–_=*]{1,80}\s?$")
_LIST_RULE = re.compile(r"(?:-=){4,60}-?\s?$")
_FOOTER_LINES = 15

_MOVED = re.compile(  # by a forum's software (Discourse), in the name of whoever moved it
    r"^(?:An?|\d{1,4}) posts? (?:was|were) (?:merged into|split to|moved to) an? (?:existing|new)"
    r" topic(?:: .*)?$",
    re.MULTILINE,
)
_MARK = re.compile(r"^--[ \u00a0]?$", re.MULTILINE)
_SIGNATURE_LINES = 12  # more than this below the mark is no signature
_CARD_LINES = 8
_LONGEST_CLOSING = 80
_REGARDS = (
    r"(?:(?:with )?(?:my )?(?:best|kind|warm|many|kindest|warmest) (?:regards|wishes|greetings)"
    r"|best|regards|cheers|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|all the best"
    r"|greetings|br|rgds|mfg|vg|lg|mvh"
    r"|mit (?:freundlichen|besten|lieben|vielen) gr(?:ü|ue)(?:ß|ss)en"
    r"|mit freundlichem gru(?:ß|ss)|(?:viele|beste|liebe|freundliche|herzliche|schöne) "
    r"gr(?:ü|ue)(?:ß|ss)e|gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|(?:bien )?cordialement"
    r"|(?:meilleures |cordiales )?salutations|bien à vous"
    r"|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|(?:cordiali|distinti) saluti"
    r"|cordialmente|saluti|atenciosamente|(?:melhores )?cumprimentos|abraços?"
    r"|(?:met )?(?:vriendelijke|hartelijke) groet(?:en)?|groet(?:en|jes)?)"
)
_CLOSING = re.compile(rf"{_REGARDS}\s?[,.!]{{0,2}}", re.IGNORECASE)
_CLOSING_AND_NAME = re.compile(rf"{_REGARDS}\s?[,.!-]{{0,2}}\s(?P<name>.{{1,50}})", re.IGNORECASE)
_THANKS = re.compile(
    r"(?:many )?(?:thanks|thank you|thx|danke|vielen dank|merci|gracias|grazie|obrigad[oa]|bedankt)"
    r"(?: (?:again|in advance|im voraus|so much|very much|a lot|you))?\s?[,.!]{0,2}",
    re.IGNORECASE,
)
_NAME = re.compile(
    rf"[-–—~/*_\s]{{0,3}}(?:(?:{PSEUDONYM_PATTERN}|[A-ZÀ-Þ][\w.'’-]{{0,25}}|v[oa]n|de[rnl]?|la|dos)"
    r"(?:[ ,]{1,2}|$)){1,5}"
)
_CONTACT = re.compile(
    r"\||<(?:email|phone|address|name)>|@|\bwww\.|https?://|\b(?:tel|phone|fax|mobile?|cell)\b|\+\d{2}",
    re.IGNORECASE,
)
_ENDS_SENTENCE = re.compile(r"[.!?:…][)\"'’”]?$")
_FIRST_PERSON = re.compile(
    r"\b(?:I|we|ich|wir|my|je|it|is|are|P\.?S)\b|^(?:PS|P\.S)", re.IGNORECASE
)


def footers(text: str) -> str:
    """Remove what lists and trackers write below a mail: who gets it why, and how to leave."""
    lines = text.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        length = _length_of_footer(lines, at)
        if not length:
            kept.append(lines[at])
        at += length or 1
    return "\n".join(kept)


def moves(text: str) -> str:
    """Leave out notices that posts were moved to another topic."""
    return _MOVED.sub("", text)


def adverts(text: str) -> str:
    """Remove lines in which mail programs name themselves."""
    return "\n".join(line for line in text.split("\n") if not _is_advert(line.strip()))


def signatures(text: str) -> str:
    """Remove what follows a ``-- `` line, or a closing formula and a name."""
    marks = list(_MARK.finditer(text)) if "--" in text else []
    if marks and _is_signature(text[marks[-1].end() :], marks):
        text = text[: marks[-1].start()]
    return _without_card(text)


def _length_of_footer(lines: list[str], at: int) -> int:
    """Return how many lines from ``at`` on are a footer, 0 for none."""
    line = lines[at]
    is_rule = line[:1] in _RULE_SIGNS and bool(_RULE.match(line))
    if is_rule and _LIST_RULE.match(line):
        window = range(at + 1, min(at + _FOOTER_LINES, len(lines)))
        rules = [n for n in window if _LIST_RULE.match(lines[n])]
        return (rules[-1] + 1 if rules else _to_empty_line(lines, at)) - at
    first = at
    if is_rule:
        below = range(at + 1, min(at + 3, len(lines)))
        first = next((n for n in below if lines[n].strip()), at)
    is_below_rule = first > at and len(line.strip("_ ")) == 0 and len(line) >= _LIST_RULE_LENGTH
    is_footer = _FOOTER.match(lines[first]) or (is_below_rule and _LIST_FOOTER.match(lines[first]))
    return _to_empty_line(lines, first) - at if is_footer else 0


def _to_empty_line(lines: list[str], at: int) -> int:
    end = at
    while end < len(lines) and end - at < _FOOTER_LINES and lines[end].strip():
        end += 1
    return end


def _is_advert(line: str) -> bool:
    if len(line) > _LONGEST_ADVERT or not _ADVERT_START.match(line.lstrip("[_*-—– ")):
        return False
    words = links(line).strip("[]_*-—–. \t!").split()
    is_all_known = all(_ADVERT_WORDS.fullmatch(word.strip("()[]<>.,*_")) for word in words)
    return is_all_known and any(map(_PRODUCT.search, words[1:]))


def _is_signature(below: str, marks: list[re.Match[str]]) -> bool:
    """Tell whether what stands below a mark is signed; two dashes may also part paragraphs."""
    if below.count("\n") > _SIGNATURE_LINES:
        return False
    is_plain = marks[-1][0] == "--"
    return _is_card(below.split("\n")) or not (is_plain or len(marks) > 1)


def _without_card(text: str) -> str:
    """Remove a closing formula, the name below it and the lines of a card below that."""
    lines = text.rstrip().split("\n")
    for n in range(max(len(lines) - _CARD_LINES - 3, 0), len(lines)):
        length = _length_of_card(lines, n)
        if length and WORD.search("\n".join(lines[:n])):
            keeps_thanks = n + bool(_THANKS.fullmatch(lines[n].strip()))
            return "\n".join([*lines[:keeps_thanks], *lines[n + length :]])
    return text


def _length_of_card(lines: list[str], n: int) -> int:
    """Return how many lines a signature has that begins with the formula in line ``n``."""
    closing = lines[n].strip()
    if len(closing) > _LONGEST_CLOSING:
        return 0
    inline = _CLOSING_AND_NAME.fullmatch(closing)
    if inline and _is_name(inline["name"]):
        end = _end_of_card(lines, n + 1)
        return end - n if end == len(lines) else 0
    if not (_CLOSING.fullmatch(closing) or _THANKS.fullmatch(closing)):
        return 0
    name = n + 1
    while name < len(lines) and name < n + 3 and not lines[name].strip():
        name += 1
    if name == len(lines) or not _is_name(lines[name]):
        return 0
    return _end_of_card(lines, name + 1) - n


def _is_name(line: str) -> bool:
    name = line.strip(" .,")
    return bool(_NAME.fullmatch(name)) and not (_CLOSING.match(name) or _THANKS.match(name))


def _end_of_card(lines: list[str], start: int) -> int:
    """Return the end of the card from ``start`` on: all lines, those to an empty one, or none."""
    if _is_card(lines[start:]):
        return len(lines)
    end = _to_empty_line(lines, start)
    return end if _is_card(lines[start:end]) else start


def _is_card(lines: list[str]) -> bool:
    """Tell whether lines are short and say who somebody is, not a sentence."""
    rows = [line.strip() for line in lines if line.strip()]
    return len(rows) <= _CARD_LINES and all(map(_is_of_card, rows))


def _is_of_card(row: str) -> bool:
    if len(row) > 100 or _FIRST_PERSON.search(row):
        return False
    n_words = len(WORD.findall(row))
    is_sentence = n_words > 3 and _ENDS_SENTENCE.search(row)
    return bool(_CONTACT.search(row)) or (n_words <= 8 and not is_sentence)
