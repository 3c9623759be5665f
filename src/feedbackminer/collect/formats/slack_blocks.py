"""The words of a Slack message that has them in blocks or attachments, as Slack writes a text.

https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from feedbackminer.collect import fields
from feedbackminer.collect.formats.json_access import Values, part, parts

_SIGNS = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_REFERENCES = {  # kind of an element -> its id's name, how a text refers to it
    "user": ("user_id", "<@{}>"),
    "channel": ("channel_id", "<#{}>"),
    "usergroup": ("usergroup_id", "<!subteam^{}>"),
    "broadcast": ("range", "<!{}>"),
    "emoji": ("name", ":{}:"),
    "date": ("fallback", "{}"),
    "color": ("value", "{}"),
}


def written(message: Values) -> str:
    """Return the text of a message, else that of its blocks, else that of its attachments."""
    text = fields.text(message.get("text"))
    if text.strip():
        return text
    blocks = _of_blocks(parts(message, "blocks"))
    return blocks or _joined(map(_of_attachment, parts(message, "attachments")))


def _of_blocks(blocks: Iterable[Values]) -> str:
    return _joined(map(_of_block, blocks))


def _of_block(block: Values) -> str:
    if block.get("type") == "rich_text":
        return _joined(map(_of_rich_text, parts(block, "elements")))
    if block.get("type") == "markdown":
        return _escaped(block.get("text"))
    texts = [part(block, "text"), *parts(block, "fields")]
    if block.get("type") == "context":
        texts += parts(block, "elements")
    return _joined(map(_of_text, texts))


def _of_text(text: Values) -> str:
    is_plain = text.get("type") == "plain_text"
    return _escaped(text.get("text")) if is_plain else fields.text(text.get("text"))


def _of_rich_text(element: Values) -> str:
    kind = element.get("type")
    if kind == "rich_text_list":
        return "\n".join(_items(element))
    text = _of_section(element)
    if kind == "rich_text_preformatted":
        return f"```\n{text}\n```"
    if kind == "rich_text_quote":
        return "\n".join(f"&gt; {line}" for line in text.splitlines())
    return text


def _items(element: Values) -> Iterator[str]:
    is_numbered = element.get("style") == "ordered"
    depth = element.get("indent")
    indent = "  " * min(depth, 1) if isinstance(depth, int) else ""  # deeper, it would be code
    for number, section in enumerate(parts(element, "elements"), start=1):
        yield f"{indent}{f'{number}.' if is_numbered else '-'} {_of_section(section)}"


def _of_section(section: Values) -> str:
    return "".join(map(_of_leaf, parts(section, "elements")))


def _of_leaf(leaf: Values) -> str:
    kind = fields.text(leaf.get("type"))
    if kind == "link":
        return f"<{fields.text(leaf.get('url'))}|{_escaped(leaf.get('text'))}>"
    if kind in _REFERENCES:
        name, form = _REFERENCES[kind]
        return form.format(_escaped(leaf.get(name)))
    text = _escaped(leaf.get("text"))
    return f"`{text}`" if text.strip() and part(leaf, "style").get("code") else text


def _of_attachment(values: Values) -> str:
    """Return what an app attached; a message of somebody else that is shared is not its words."""
    if values.get("is_share") or values.get("is_msg_unfurl"):
        return ""
    texts = [fields.text(values.get(name)) for name in ("pretext", "title", "text")]
    texts += map(_of_field, parts(values, "fields"))
    said = _joined(texts) or _of_blocks(parts(values, "blocks"))
    return said or fields.text(values.get("fallback"))


def _of_field(field: Values) -> str:
    return ": ".join(filter(None, (fields.text(field.get(name)) for name in ("title", "value"))))


def _escaped(value: object) -> str:
    text = fields.text(value)
    for sign, escape in _SIGNS:
        text = text.replace(sign, escape)
    return text


def _joined(texts: Iterable[str]) -> str:
    return "\n".join(text.rstrip("\n") for text in texts if text.strip())
