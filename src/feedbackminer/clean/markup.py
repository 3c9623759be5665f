"""Markup: marks of Markdown, BBCode, Jira, Discourse and of forms go, the words in them stay."""

from __future__ import annotations

import re

from feedbackminer.clean.blocks import nested, toggled, without

_DATA_URI = re.compile(r"data:[\w.+-]{1,40}/[\w.+-]{1,60}(?:;[\w=.-]{1,40}){0,3},[\w+/=%-]*")
BLOB = 200  # letters without a space that are no words
_BLOB = re.compile(rf"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{{{BLOB},}}={{0,2}}(?![A-Za-z0-9+/=])")
_TRANSLATED = re.compile(
    r"\((?:translated by|übersetzt von|traduit par|traducido por|tradotto da|traduzione di"
    r"|traduzido pel[oa]|vertaald door) google\)",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\((?:original|avis d['’]origine|originale|origineel|original text|texto original)\)",
    re.IGNORECASE,
)

_QUOTE_TAG = re.compile(r"\[(/?)quote(?:[=\s:][^\[\]]{0,300})?\]", re.IGNORECASE)
_JIRA_QUOTE = re.compile(r"\{(quote)\}", re.IGNORECASE)
_JIRA_QUOTED_LINE = re.compile(r"^bq\. .*$", re.MULTILINE)

# Of these tags the content is an address or a number.
_EMBEDDED = re.compile(
    r"\[(attach|img|media|youtube|video|audio|embed|gallery|previewyoutube|vimeo)\b[^\[\]]{0,300}\]"
    r"[^\[\]\s]{0,2000}\[/\1\]",
    re.IGNORECASE,
)
_LINE_NAMES = (
    r"h[1-6]|heading|o?list|[ou]l|li|\*|table|t[rdh]|t(?:head|body)|quote|hr|center|left|right"
    r"|justify|indent|details|poll|code|spoiler|ispoiler|hide|p|br|grid|wrap"
)
_INLINE_NAMES = (
    r"b|i|u|s|strike|sub|sup|url|e?mail|img|size|colou?r|font|user|plain|tt|highlight|bgcolor"
    r"|attach|media|video|youtube|audio|date(?:-range)?|time|acronym|abbr|icode|noparse|ping"
)
_ARGUMENTS = r"(?:=[^\[\]\n]{0,300}|(?: [\w-]{1,30}=[^\[\]\n]{0,300})|(?:\s*/))?"
_NO_TAG_WHEN_BARE = r"(?!\[(?:user|date|time|left|right|media|mail|plain|hide|ping)\])"
_LINE_TAG = re.compile(
    rf"{_NO_TAG_WHEN_BARE}\[/?(?:{_LINE_NAMES}){_ARGUMENTS}\](?!\()", re.IGNORECASE
)
_INLINE_TAG = re.compile(
    rf"{_NO_TAG_WHEN_BARE}\[/?(?:{_INLINE_NAMES}){_ARGUMENTS}\](?!\()", re.IGNORECASE
)
_HTML_TAG = re.compile(
    r"<img\b[^<>]{1,2000}>|</?(?:details|summary|kbd|sub|sup|picture|source|video|a)"
    r"(?: [^<>]{1,2000})?/?>",
    re.IGNORECASE,
)

_JIRA_LINK = re.compile(
    r"\[([^\[\]|\n]{1,300})\|(?:https?://|mailto:|#|\^|~)[^\[\]\n]{1,2000}\]"
    r"|\[~[\w.@:-]{1,80}\]|\[\^[^\[\]\n]{1,200}\.\w{2,5}\]"
)
_JIRA_IMAGE = re.compile(
    r"(?<![\w!])![\w.()-][\w .()/:-]{0,200}\.\w{2,5}(?:\|[\w=%, -]{0,100})?!(?!\w)"
)
_JIRA_MARK = re.compile(
    r"\{(?:color|colour|panel|quote|code|noformat|anchor|expand|info|note|tip|warning)"
    r"(?::[^{}\n]{0,200})?\}",
    re.IGNORECASE,
)
_JIRA_HEADING = re.compile(r"^h[1-6]\. ", re.MULTILINE)
_JIRA_MONOSPACED = re.compile(r"\{\{([^{}\n]{1,200})\}\}")

_MARKDOWN_LINK = re.compile(r"(!?)\[([^\]\n]{0,300})\]\([^)\s]{1,2000}+(?: \"[^\"\n]{0,200}\")?\)")
_URL = re.compile(
    r"<?(?:https?://|www\.)[^\s<>]{0,2000}(?<![\s.,;:!?)\]}'\"])(?:\.{3})?>?", re.IGNORECASE
)
_IMAGE = re.compile(r"\[(image|img|attachment|video)[^\]]{0,100}\]", re.IGNORECASE)
_SPOILER = re.compile(r"^[ \t]{0,3}>!|!<", re.MULTILINE)


def pictures(text: str) -> str:
    """Remove pictures and files that stand in the text, in base64."""
    if "data:" in text:
        text = _DATA_URI.sub("data:", text)
    has_blob = len(text) >= BLOB and max(map(len, text.split()), default=0) >= BLOB
    return _BLOB.sub(" ", text) if has_blob else text


def comments(text: str) -> str:
    """Remove HTML comments, which forms use to tell a writer what to do."""
    parts, end = [], 0
    while (start := text.find("<!--", end)) >= 0:
        stop = text.find("-->", start + 4)
        if stop < 0:
            break
        parts.append(text[end:start])
        end = stop + 3
    return "".join([*parts, text[end:]])


def translations(text: str) -> str:
    """Leave the translation of a text that also holds the original."""
    translated = _TRANSLATED.search(text) if "oogle)" in text else None
    if not translated:
        return text
    original = _ORIGINAL.search(text, translated.end())
    return text[translated.end() : original.start() if original else None]


def quotations(text: str) -> str:
    """Remove ``[quote]`` blocks and those of Jira."""
    if "{" in text:
        text = without(text, toggled(text, _JIRA_QUOTE))
    if "bq. " in text:
        text = _JIRA_QUOTED_LINE.sub("", text)
    if "[" not in text:
        return text
    text = without(text, nested(text, _QUOTE_TAG))
    return _open_quotation(text)


def links(text: str) -> str:
    """Remove URLs and images; a link's own words stay."""
    if "[" in text:
        text = _MARKDOWN_LINK.sub(lambda link: " " if link[1] else link[2], text)
        text = _JIRA_LINK.sub(lambda link: link[1] or " ", text)
        text = _IMAGE.sub(" ", text)
    if "!" in text:
        text = _JIRA_IMAGE.sub(" ", text)
    return _URL.sub(" ", text) if "://" in text or "www." in text.lower() else text


def tags(text: str) -> str:
    """Remove the marks of BBCode, Discourse, Jira and HTML around words."""
    if "[" in text:
        text = _INLINE_TAG.sub(" ", _LINE_TAG.sub("\n", _EMBEDDED.sub(" ", text)))
    if "<" in text:
        text = _HTML_TAG.sub(" ", text)
    if "{" in text:
        text = _JIRA_MARK.sub(" ", _JIRA_MONOSPACED.sub(r"\1", text))
    if ". " in text:
        text = _JIRA_HEADING.sub("", text)
    return _SPOILER.sub(" ", text) if "!<" in text else text


def _open_quotation(text: str) -> str:
    """Remove the paragraph after a mark whose end is missing, if something stands below it."""
    opening = _QUOTE_TAG.search(text)
    if not opening or opening[1]:
        return _QUOTE_TAG.sub("", text)
    paragraph = text.find("\n\n", opening.end())
    rest = text[paragraph:] if paragraph >= 0 else ""
    if not rest.strip():
        return _QUOTE_TAG.sub("", text)
    return text[: opening.start()] + _QUOTE_TAG.sub("", rest)
