"""Code and logs: fenced, tagged, folded away, indented, or known by their signs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from feedbackminer.clean.blocks import Span, nested, toggled, without
from feedbackminer.clean.prose import is_code, is_prose

_BBCODE = re.compile(
    r"\[(/?)(?:code|icode|php|html|css|sql|xml|pre|noparse)(?:=[^\[\]]{0,200})?\]", re.IGNORECASE
)
_PRE = re.compile(r"<(/?)pre(?: [^<>]{0,200})?>", re.IGNORECASE)
_JIRA = re.compile(r"\{(code|noformat)(?::[^{}\n]{0,200})?\}", re.IGNORECASE)
_BACKTICKS = re.compile(r"`{3,}")
_TILDES = re.compile(r"^[ \t]{0,8}~{3,}[ \t]?[\w+.-]{0,30}[ \t]*$", re.MULTILINE)
_FOLDED = (
    re.compile(r"\[(/?)(?:details|spoiler|hide|collapse)(?:=[^\[\]]{0,200})?\]", re.IGNORECASE),
    re.compile(r"<(/?)details(?: [^<>]{0,200})?>", re.IGNORECASE),
)
_HIDDEN = ("[spoiler", "[hide")  # for the sake of suspense, whatever stands there
_SUMMARY = re.compile(
    r"\[\w{1,10}=[\"“]?([^\[\]\"”]{0,200})[\"”]?\]|<summary[^<>]{0,200}>([^<>]{0,300})",
    re.IGNORECASE,
)
_NAMES_A_LOG = re.compile(
    r"\b(?:logs?|logging|output|trace|traceback|backtrace|stack|stacktrace|console|dump|dmesg|config"
    r"|configuration|settings|yaml|json|code|script|environment|diagnostics?|debug|system info"
    r"|journal|protokoll|ausgabe|konfiguration|sortie|registro|salida)\b",
    re.IGNORECASE,
)
_INDENTED = re.compile(r" {0,3}\t| {4}")
_LIST_ITEM = re.compile(r"[ \t]{0,12}(?:[-*+•–]|\w{1,3}[.)])[ \t]")


def blocks(text: str) -> str:
    """Remove code in fences and tags, and what is folded away or indented and is no prose."""
    if "[/" in text or "</" in text:
        text = without(without(text, nested(text, _BBCODE)), nested(text, _PRE))
    if "{" in text:
        text = without(text, toggled(text, _JIRA))
    return _indented(_folded(_fenced(text)))


def lines(text: str) -> str:
    """Remove lines of logs, and lines that are mostly code."""
    return "\n".join(line for line in text.split("\n") if not is_code(line.strip()))


def _fenced(text: str) -> str:
    if "```" in text:
        text = without(text, _between_backticks(text), kept=_after_an_open_fence)
    if "~~~" in text:
        marks = list(_TILDES.finditer(text))
        pairs = zip(marks[::2], marks[1::2], strict=False)
        spans = [(opening.start(), closing.end()) for opening, closing in pairs]
        text = without(text, [span for span in spans if not _is_prose_between(text, span)])
    return text


def _between_backticks(text: str) -> Iterator[Span]:
    """Yield blocks of code; one that begins a line and is never closed goes on to the end."""
    marks = list(_BACKTICKS.finditer(text))
    at = 0
    while at < len(marks):
        width = len(marks[at][0])
        closing = next((n for n in range(at + 1, len(marks)) if len(marks[n][0]) >= width), None)
        start = marks[at].start()
        if closing is not None:
            yield start, marks[closing].end()
        elif not text[text.rfind("\n", 0, start) + 1 : start].strip():
            yield start, len(text)
            return
        at = (closing or at) + 1


def _after_an_open_fence(block: str) -> str:
    """Return the paragraphs of prose at the end of a block whose closing fence is missing."""
    if block.endswith("```"):
        return ""
    paragraphs = block.split("\n\n")
    first = len(paragraphs)
    while first > 1 and is_prose(paragraphs[first - 1]):
        first -= 1
    return "\n\n".join(paragraphs[first:])


def _is_prose_between(text: str, span: Span) -> bool:
    """Tell whether lines of tildes only part what a person says."""
    return is_prose("\n".join(text[span[0] : span[1]].split("\n")[1:-1]))


def _folded(text: str) -> str:
    for tags in _FOLDED:
        text = without(text, nested(text, tags), kept=_unless_a_log)
    return text


def _unless_a_log(block: str) -> str:
    summary = _SUMMARY.search(block)
    title = (summary[1] or summary[2] or "") if summary else ""
    inside = (block[summary.end() :] if summary else block).split("\n")
    rows = [line for line in inside[: None if len(inside) == 1 else -1] if line.strip()]
    items = sum(1 for line in rows if _LIST_ITEM.match(line))
    is_said = len(rows) < 3 or 2 * items >= len(rows) or is_prose("\n".join(rows))
    is_said |= block[:8].lower().startswith(_HIDDEN)
    return block if is_said and not _NAMES_A_LOG.search(title) else ""


def _indented(text: str) -> str:
    """Remove what is indented after an empty line; items of a list, and sentences, are no code."""
    if "\n\t" not in text and "\n    " not in text:
        return text
    kept: list[str] = []
    block: list[str] = []
    above = ""  # the last line that says something and is not indented
    for line in [*text.split("\n"), ""]:
        is_indented = _INDENTED.match(line) and line.strip() and not _LIST_ITEM.match(above)
        if is_indented and (block or (above and not kept[-1].strip())):
            block.append(line)
            continue
        kept += block if _is_said(block) else []
        block = []
        kept.append(line)
        if line.strip() and not is_indented:
            above = line
    return "\n".join(kept[:-1])


def _is_said(block: list[str]) -> bool:
    """Tell whether indented lines are no code; a line alone needs signs to be some."""
    return is_prose("\n".join(block)) or (len(block) < 2 and not any(map(is_code, block)))
