"""HTML bodies become the plain text a reader sees; quotes become ``> `` lines.

Scripts, styles and every attribute vanish here; a text that merely talks about tags stays.
"""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

_BLOCKS = "p|div|blockquote|aside|ul|ol|table|pre|h[1-6]|article|section"
_IS_HTML = re.compile(rf"^\s*<({_BLOCKS})\b[^>]*>.*</\1>|<br\s*/?>\s*\S", re.IGNORECASE | re.DOTALL)
_NEWLINE_AFTER = "p, div, li, tr, h1, h2, h3, h4, h5, h6, pre, ul, ol, table, article, section"
_QUOTE_IN_QUOTE = ":is(blockquote, aside.quote) :is(blockquote, aside.quote)"
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*?(/?)>", re.IGNORECASE)
_SELF_CLOSING = {"p", "li", "br", "img", "hr", "td", "th", "tr", "dt", "dd"}
_DEEPEST = 400  # parsing time grows with the square of the depth; browsers stop at 512
_HANDLE = re.compile(r"[\w.-]{1,60}")
_MANY_NEWLINES = re.compile(r"\n{3,}")


def is_html(body: str) -> bool:
    """Tell whether a body is markup: it opens with a block element, or breaks lines by ``<br>``.

    Nested deeper than any person's text, it is taken as plain text.
    """
    return "<" in body and _IS_HTML.search(body) is not None and _depth(body) <= _DEEPEST


def to_text(body: str) -> str:
    """Return the text of an HTML body; code stands in ``` fences, quotes behind one ``> ``."""
    tree = LexborHTMLParser(body)
    for node in tree.css("script, style, template, iframe, noscript, object, svg"):
        node.decompose()

    for node in tree.css("aside.quote[data-username] > .title"):
        _replace(node, _mention(node.parent))
    for node in tree.css("pre"):
        _replace(node, f"\n```\n{node.text(deep=True)}\n```\n")
    for node in tree.css("img"):
        _replace(node, "[image]")
    for node in tree.css("br"):
        _replace(node, "\n")
    for node in tree.css(_NEWLINE_AFTER):
        node.insert_after("\n")

    for node in tree.css(_QUOTE_IN_QUOTE):
        node.insert_before("\n")
        node.insert_after("\n")
        node.unwrap()
    for node in tree.css("blockquote, aside.quote"):
        _replace(node, "\n" + _quoted(node.text(deep=True)) + "\n\n")

    text = tree.body.text(deep=True) if tree.body else ""
    return _MANY_NEWLINES.sub("\n\n", text.replace("\xa0", " ")).strip()


def title_text(title: str) -> str:
    """Titles hold entities at most."""
    return html.unescape(title)


def _depth(body: str) -> int:
    depth = deepest = 0
    for closing, name, closed in _TAG.findall(body):
        if not closed and name.lower() not in _SELF_CLOSING:
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(deepest, depth)
    return deepest


def _replace(node: LexborNode, text: str) -> None:
    node.insert_before(text)
    node.decompose()


def _mention(quote: LexborNode | None) -> str:
    """Return who is quoted, in the form that pseudonyms follow."""
    name = (quote.attributes.get("data-username") if quote else None) or ""
    return f"@{name}:\n" if _HANDLE.fullmatch(name) else ""


def _quoted(text: str) -> str:
    return "\n".join(f"> {line.strip()}" for line in text.splitlines() if line.strip())
