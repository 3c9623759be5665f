"""Texts that JSON holds as objects: rendered HTML, and documents made of nodes.

Nodes are those of Atlassian's document format, ProseMirror, Slate, Lexical, Quill and the like:
each has a type, and text or further nodes in it.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

from feedbackminer.collect import markup
from feedbackminer.collect.formats.json_access import Values, first, part

_HTML = ("rendered", "html", "htmlbody", "bodyhtml")
_PLAIN = (
    "plaintext", "plain", "text", "markdown", "raw", "simpletext", "fulltext", "value", "body",
    "content", "message", "insert",
)  # fmt: skip
_NODES = ("content", "children", "blocks", "ops", "runs", "root", "data", "nodes")
_ATTRIBUTES = ("text", "shortname", "label", "name", "url")  # of a mention, an emoji, a card
_TAGS = {
    "blockquote": "blockquote", "quote": "blockquote", "codeblock": "pre", "code": "pre",
    "listitem": "li", "bulletlist": "ul", "orderedlist": "ol", "table": "table", "tablerow": "tr",
    "tablecell": "td", "tableheader": "th", "heading": "h3", "paragraph": "p",
}  # fmt: skip
_INLINE = {"link", "a", "mention", "text", "span"}
_DEEPEST = 100  # nodes in nodes; no person's text has twenty
_FURTHER = 4  # objects in objects around a text: content.message.body


def text_of(value: Any) -> str | None:
    """Return the text that a value is; HTML stands in one block. None: it is no text.

    Numbers and truth values are as they are written; an empty object is an empty text.
    """
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, list):
        return _document(value)
    if not isinstance(value, dict):
        return str(value)
    return _of_object(value)


def title_of(value: Any) -> str | None:
    """Return the text that a value is, in one line and without markup."""
    text = text_of(value)
    if text is None or isinstance(value, str):
        return text
    return " ".join((markup.to_text(text) if markup.is_html(text) else text).split())


def _of_object(value: Values) -> str | None:
    for _ in range(_FURTHER):
        if "type" in value and any(isinstance(value.get(name), list) for name in _NODES):
            return _document([value])
        rendered, plain = first(value, *_HTML), first(value, *_PLAIN)
        if isinstance(rendered, str):
            return f"<div>{rendered}</div>"
        if not isinstance(plain, dict):
            break
        value = plain
    return plain if isinstance(plain, str) else _document([value])


def _document(nodes: Sequence[Any]) -> str | None:
    """Return nodes as HTML, or None where they hold no text."""
    pieces = list(_pieces(nodes))
    has_text = any(piece and not piece.startswith("<") for piece in pieces)
    return f"<div>{''.join(pieces)}</div>" if has_text else None


def _pieces(nodes: Sequence[Any]) -> Iterator[str]:
    """Yield tags and texts of nodes; deeper ones than any person's are left out."""
    todo: list[tuple[Any, int]] = [(node, 0) for node in reversed(nodes)]
    while todo:
        node, depth = todo.pop()
        if isinstance(node, _Tag):
            yield node
        elif isinstance(node, str):
            yield html.escape(node, quote=False)
        elif isinstance(node, dict):
            tag, inner = _tag(node), _inner(node)
            yield f"<{tag}>" if tag and inner else ""
            todo.append((_Tag(f"</{tag}>" if tag and inner else ""), depth))
            if depth < _DEEPEST:
                todo += [(child, depth + 1) for child in reversed(inner)]


class _Tag(str):
    """A tag that is to be closed, not text of a person."""


def _tag(node: Values) -> str:
    kind = str(node.get("type", "")).replace("_", "").replace("-", "").lower()
    has_nodes = any(isinstance(node.get(name), list | dict) for name in _NODES)
    return "" if kind in _INLINE or not (kind and has_nodes) else _TAGS.get(kind, "div")


def _inner(node: Values) -> list[Any]:
    """Return the nodes, or the text, in a node."""
    if str(node.get("type", "")).lower() in ("hardbreak", "linebreak", "break"):
        return ["\n"]
    for name in _NODES:
        inner = node.get(name)
        if isinstance(inner, list):
            return inner
        if isinstance(inner, dict):
            return [inner]
    text = first(node, "text", "insert", "value") or first(part(node, "attrs"), *_ATTRIBUTES)
    return [text] if isinstance(text, str) else []
