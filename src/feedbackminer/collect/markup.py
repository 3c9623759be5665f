"""HTML bodies become the plain text a reader sees; quotes become ``> `` lines.

Scripts, styles and every attribute vanish here; a text that merely talks about tags stays.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from itertools import chain

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feedbackminer.collect.quotations import Quotations, find_quotations

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li listing main "
    "menu nav ol optgroup option p pre search section summary table tbody tfoot thead tr ul "
    "xmp".split()
)
_CELLS = frozenset("td th button select input textarea rt".split())  # apart, but on one line
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big br cite code data del dfn em font i img ins kbd label mark nobr "
    "q ruby s samp small span strike strong sub sup time tt u var wbr".split()
)
_OTHERS = frozenset(
    "area audio base canvas col colgroup embed head iframe link map math meta noscript object "
    "param picture rp script source style svg template title track video".split()
)
_TRANSPARENT = frozenset({"details"})  # Markdown is in there, whose lines matter
_ELEMENTS = _BLOCKS | _CELLS | _INLINE | _OTHERS
_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr "
    "p li td th tr dt dd option".split()  # these end where the next begins
)
_UNSEEN = (
    "script, style, template, iframe, noscript, object, svg, title, audio, video, canvas, "
    ".lightbox .meta"
)
_TOPMOST = (
    "p|div|blockquote|aside|ul|ol|dl|table|pre|h[1-6]|article|section|figure|center|main|header|"
    "footer|nav|form|fieldset|address"
)

_TAG = re.compile(r"<(/?)([a-z][^\s<>/]*+)([^<>]*+)>", re.IGNORECASE)
_OPENS = re.compile(rf"\s*<(?:!doctype\s+)?(html|body|head|{_TOPMOST})\b[^<>]*>", re.IGNORECASE)
_BLOCK = re.compile(  # not on a line of its own, where people show the code of a page
    rf"(?:[^\s<]>|[.!?…])[ \t]{{1,9}}<({_TOPMOST})(?:\s[^<>]*)?>"
    rf"|[^\s\"'“‘«(\[]<({_TOPMOST})(?:\s[^<>]*)?>"
    r"|^<(p|div|blockquote)>[ \t]*[^\W_]|^<([uo]l)>\s{0,99}<li>"
    r"|^<(aside|div|blockquote)\s[^<>]{0,300}?(?:quote|cite)",
    re.IGNORECASE | re.MULTILINE,
)
_PARAGRAPH = re.compile(r"(?:\A\s*|[.!?…,:;)>])<p>(?=[^\s<])", re.IGNORECASE)
_STYLED = re.compile(
    r"(?<![\"'“‘«(\[])<(?:(a)\s[^<>]*?\bhref\s*=\s*[\"'](?:https?:|mailto:|/)"
    r"|(span|font|b|i|em|strong|u)\s+(?:style|color|size|face|dir|lang)\s*=)",
    re.IGNORECASE,
)
_BREAK = re.compile(r"(?:[^\s\"'“‘«(\[]|\n)<br\s*/?>|<br\s*/?>(?=[^\W_]|<br\b)", re.IGNORECASE)
_MENTION = re.compile(  # of a tag: "the <br> tag", "<p> and </p>", "(<br>)"
    r"</?[a-z][^<>]{0,80}>(?=\s+(?:tags?|elements?)\b)"
    r"|<([a-z][a-z0-9]{0,10})>\s?(?:and|or|und|oder|et|y|e|,|/|\.{3}|…)\s?</\1>"
    r"|[\"'“‘«(\[]</?[a-z][^<>]{0,80}>[\"'”’»)\]]",
    re.IGNORECASE,
)
_COMPONENT = re.compile(r"<[a-z][^<>]*\s(?:className=|[a-z]+=\{)", re.IGNORECASE)  # JSX
_FENCE = re.compile(
    r"^ {0,3}(```|~~~)[^`\n]*\n(.*?)(^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_CODE_SPAN = re.compile(r"`(</?[a-z][^<>`\n]{0,80}>(?:[^<>`\n]{0,80}</[a-z0-9]{1,10}>)?)`", re.I)
_TICKED = re.compile(r"`[^`\n]{1,300}`")
_INDENTED = re.compile(r"(?:\A|\n[ \t]*\n)(?: {4}|\t)[^\n]*(?:\n(?: {4}|\t)[^\n]*)*")

_HANDLE = re.compile(r"[\w.-]{1,60}")
_DEEPEST = 400  # parsing time grows with the square of the depth; browsers stop at 512
_BLANKS = re.compile(r"[ \t\n\r\f]+")
Tag = tuple[str, str, str]  # "/" where it is an end, its name, the rest of it
_MANY_NEWLINES = re.compile(r"\n{3,}")
_EMOJI_CLASS = re.compile(r"emoji|emoticon|smil(?:ey|ie)", re.IGNORECASE)
_EMOJI_ADDRESS = re.compile(r"/(?:tw)?(?:emojis?|emoticons?|smil(?:ey|ie)s?)/", re.IGNORECASE)
_EMOJI_WORDS = re.compile(
    r":[\w+-]{1,40}:|[\u200d\u203c-\u3299\ufe0f\U0001f000-\U0001faff\U000e0020-\U000e007f]{1,16}"
)

_FENCED_ALONE = re.compile(r"```\n([^`]*)\n```")  # a whole mail, in archives

_TEXT = "-text"  # the tag of words
# What the text ends with so far.
_LINE_END, _BROKEN, _SPACE, _WORD, _PICTURE = "line", "broken", "space", "word", "picture"
_END = {"\n": _LINE_END, " ": _SPACE, "\t": _SPACE}


def is_html(body: str) -> bool:
    """Tell whether a body is markup: its tags shape the text, and are not what it speaks of."""
    if "<" not in body:
        return False
    text = _without_mentions(body)
    if ("={" in text or "className" in text) and _COMPONENT.search(text):
        return False
    opened, tags = _OPENS.match(text), _tags(text)
    ended = _ended(tags)
    if opened and (opened[1].lower() in ended or opened[1].lower() in ("html", "body")):
        return True
    return not _placeholders(tags, ended) and _is_shaped(text, ended)


def to_text(body: str) -> str:
    """Return the text of an HTML body; code stands in ``` fences, quotes behind one ``> ``.

    Words stand apart where a browser shows them apart. Nested deeper than any person's text,
    it is what stands between the tags.
    """
    body = _with_code_escaped(body.replace("\r\n", "\n"))
    tags = _tags(body)
    if _depth(tags) > _DEEPEST:
        return _tidy(html.unescape(_TAG.sub("\n", body)))
    words = _placeholders(tags, _ended(tags))
    tree = LexborHTMLParser(_with_escaped(body, words) if words else body)
    for node in tree.css(_UNSEEN):
        node.decompose()
    for title in tree.css("aside.quote[data-username] > .title"):
        _name_quoted(title)
    return _tidy(_Page(find_quotations(tree)).read(tree.body)) if tree.body else ""


def title_text(title: str) -> str:
    """Titles hold entities at most."""
    return html.unescape(title)


class _Page:
    """Writes down what a browser shows, node by node."""

    def __init__(self, quotations: Quotations) -> None:
        self.quotations = quotations
        self.parts: list[str] = []
        self.end = _LINE_END
        self.blocks = self.pres = self.quotes = 0  # how many are open
        self.quote_start = 0

    def read(self, root: LexborNode) -> str:
        """Return the text below a node."""
        for node, tag, is_opened in _steps(root):
            if is_opened:
                self._open(node, tag)
            else:
                self._close(node, tag)
        if self.quotes:
            self._end_quote()
        return "".join(self.parts)

    def _open(self, node: LexborNode, tag: str) -> None:
        if self.quotations.begins_at(node) or (
            self.quotations.has_all_after(node) and not self.quotes
        ):
            self._open_quote()  # in the latter case it is never closed
        if tag == _TEXT:
            self._write(node.text_content or "")
        elif tag == "br":
            self._add("\n", _LINE_END if self.pres else _BROKEN)
        elif tag == "img":
            self._picture(node)
        elif tag == "pre":
            self._open_pre()
        elif tag in _CELLS:
            self._apart("\t")
        elif tag in _BLOCKS:
            self._line()
            self.blocks += tag not in _TRANSPARENT

    def _close(self, node: LexborNode, tag: str) -> None:
        if tag == "pre":
            self._close_pre()
        elif tag in _CELLS:
            self._apart("\t")
        elif tag in _BLOCKS:
            self._line()
            self.blocks -= tag not in _TRANSPARENT
        if self.quotations.begins_at(node):
            self._close_quote()

    def _write(self, text: str) -> None:
        if self.end == _PICTURE and text[:1].isalnum():
            text = f" {text}"
        if self.pres:
            self._add(text)
        elif self.blocks:
            self._flow(_BLANKS.sub(" ", text), is_broken="\n" in text)
        else:  # outside of blocks: Markdown, or what a forum breaks into lines itself
            self._add(text.removeprefix("\n") if self.end == _BROKEN else text)

    def _flow(self, text: str, *, is_broken: bool) -> None:
        if text == " " and is_broken and self.end == _LINE_END:
            self._add("\n")
        else:
            self._add(text if self.end in (_WORD, _PICTURE) else text.removeprefix(" "))

    def _add(self, text: str, end: str = "") -> None:
        if text:
            self.parts.append(text)
            self.end = end or _END.get(text[-1], _WORD)

    def _line(self) -> None:
        if self.end not in (_LINE_END, _BROKEN):
            self._add("\n")

    def _apart(self, blank: str) -> None:
        if self.end in (_WORD, _PICTURE):
            self._add(blank)

    def _picture(self, node: LexborNode) -> None:
        self._apart(" ")
        self._add(_emoji(node.attributes) or "[image]", _PICTURE)

    def _open_pre(self) -> None:
        self._line()
        self.pres += 1
        if self.pres == 1:
            self._add("\n```\n")

    def _close_pre(self) -> None:
        self._line()
        self.pres -= 1
        if not self.pres:
            self._add("```\n")

    def _open_quote(self) -> None:
        self._line()
        self.quotes += 1
        if self.quotes == 1:
            self.quote_start = len(self.parts)

    def _close_quote(self) -> None:
        self._line()
        self.quotes -= 1
        if not self.quotes:
            self._end_quote()

    def _end_quote(self) -> None:
        quoted = _quoted("".join(self.parts[self.quote_start :]))
        self.parts[self.quote_start :] = [quoted and f"{quoted}\n\n"]


def _steps(root: LexborNode) -> Iterator[tuple[LexborNode, str, bool]]:
    """Yield all below a node in order, with its tag: as it opens (True) and as it closes."""
    above: list[tuple[LexborNode, str]] = []
    node = root.first_child
    while node is not None:
        tag = str(node.tag)
        yield node, tag, True
        if (child := None if tag == _TEXT else node.first_child) is not None:
            above.append((node, tag))
            node = child
            continue
        yield node, tag, False
        while (following := node.next) is None and above:
            node, tag = above.pop()
            yield node, tag, False
        node = following


def _emoji(attributes: Mapping[str, str | None]) -> str:
    """Return an emoji that is shown as a picture; nothing for other pictures."""
    words = (attributes.get("alt") or attributes.get("title") or "").strip()
    is_emoji = (
        "data-emoji" in attributes
        or _EMOJI_CLASS.search(attributes.get("class") or "")
        or _EMOJI_ADDRESS.search(attributes.get("src") or "")
        or _EMOJI_WORDS.fullmatch(words)
    )
    return words if is_emoji else ""


def _without_mentions(body: str) -> str:
    """Return a body without comments, code of Markdown, and tags that it speaks of."""
    text = _TICKED.sub(" ", _FENCE.sub("\n", _without_comments(body)))
    if not text.lstrip().startswith("<"):
        text = _INDENTED.sub("\n", text)
    return _MENTION.sub(" ", text)


def _without_comments(body: str) -> str:
    first, *others = body.split("<!--")
    return first + "".join(other.partition("-->")[2] for other in others)


def _tags(text: str) -> list[Tag]:
    return [(slash, name.lower(), rest) for slash, name, rest in _TAG.findall(text)]


def _ended(tags: list[Tag]) -> set[str]:
    """Return the names of elements that have an end."""
    return {name for slash, name, rest in tags if slash or rest.endswith("/")}


def _placeholders(tags: list[Tag], ended: set[str]) -> set[str]:
    """Return the names in ``<your name>`` or ``<String>``: of no element, and never ended."""
    return {name for slash, name, _ in tags if not slash} - _ELEMENTS - ended


def _is_shaped(text: str, ended: set[str]) -> bool:
    if _BREAK.search(text) or _PARAGRAPH.search(text):
        return True
    tags = chain(_BLOCK.finditer(text), _STYLED.finditer(text))
    return any(str(tag[tag.lastindex or 0]).lower() in ended for tag in tags)


def _with_code_escaped(body: str) -> str:
    """Keep the tags in code of Markdown, which some forums mix with HTML."""
    if "`" in body or "~~~" in body:
        body = _FENCE.sub(_as_pre, body)
        body = _CODE_SPAN.sub(lambda code: html.escape(code[0]), body)
    return body


def _as_pre(code: re.Match[str]) -> str:
    return f"<pre>{html.escape(code[2])}</pre>" if code[3] else code[0]


def _with_escaped(body: str, names: set[str]) -> str:
    """Keep as words what a browser would take for tags of these names."""

    def escaped(tag: re.Match[str]) -> str:
        return html.escape(tag[0], quote=False) if tag[2].lower() in names else tag[0]

    return _TAG.sub(escaped, body)


def _depth(tags: list[Tag]) -> int:
    depth = deepest = 0
    for slash, name, rest in tags:
        if name not in _VOID and not rest.endswith("/"):
            depth = max(depth - 1, 0) if slash else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _name_quoted(title: LexborNode) -> None:
    """Let the head of a quotation name its author in the form that pseudonyms follow."""
    name = (title.parent.attributes.get("data-username") if title.parent else None) or ""
    if _HANDLE.fullmatch(name):
        title.inner_html = f"@{name}:"
    else:
        title.decompose()


def _quoted(text: str) -> str:
    return "\n".join(f"> {line.strip()}" for line in text.splitlines() if line.strip())


def _tidy(text: str) -> str:
    lines = text.replace("\xa0", " ").split("\n")
    text = _MANY_NEWLINES.sub("\n\n", "\n".join(line.rstrip() for line in lines)).strip()
    alone = _FENCED_ALONE.fullmatch(text)
    return alone[1] if alone else text
