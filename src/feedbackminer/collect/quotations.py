"""Which parts of an HTML page are quoted: forums and mail programs mark them in their own ways."""

from __future__ import annotations

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

_QUOTES = ", ".join(
    (
        "blockquote",
        "aside.quote, aside.onebox",  # Discourse; the latter is what a linked page says
        ".quoteheader, .quotetitle, .quotecontent, .quotebox",  # SMF, phpBB, FluxBB
        ".bbCodeBlock--quote, .bbcode_quote",  # XenForo, vBulletin
        "[class*=gmail_attr], [class*=moz-cite-prefix], [class*=moz-forward-container]",
        "[class*=yahoo_quoted], [class*=protonmail_quote], [class*=tutanota_quote]",
        "[class*=zmail_extra], [class*=zmail_quote]",
    )
)
_GMAIL = "[class*=gmail_quote]:not(blockquote)"
# Outlook marks where the answered mail begins, not where it ends: it is the rest.
_ANSWERED = (
    "[id*=divRplyFwdMsg], [id*=appendonsend], [id*=isForwardContent], "
    "[class*=OutlookMessageHeader], [class*=ms-outlook-mobile-reference-message]"
)
_RULED = "[style*='border-top']"
_HEADER_NAME = re.compile(r"[^\W\d_]\s?:(?=\s|$)")  # of From, Sent, To, Subject in any language
_HEADER_NAMES = 3
_LONGEST_HEADER = 2_000


@dataclass(frozen=True)
class Quotations:
    """Nodes by their ``mem_id``.

    Attributes:
        quotes: are quoted, each with all in it.
        answered: are quoted with all that follows them on the page.
    """

    quotes: frozenset[int]
    answered: frozenset[int]

    def begins_at(self, node: LexborNode) -> bool:
        """Tell whether a node is a quotation."""
        return node.mem_id in self.quotes

    def has_all_after(self, node: LexborNode) -> bool:
        """Tell whether a node, and whatever follows it, is quoted."""
        return node.mem_id in self.answered


def find_quotations(tree: LexborHTMLParser) -> Quotations:
    """Find what is quoted on a page."""
    quotes = {node.mem_id for node in tree.css(_QUOTES)}
    for box in tree.css(_GMAIL):
        quotes |= _of_gmail(box)
    answered = {node.mem_id for node in tree.css(_ANSWERED)}
    answered |= {node.mem_id for node in tree.css(_RULED) if _is_header(node)}
    return Quotations(frozenset(quotes), frozenset(answered))


def _of_gmail(box: LexborNode) -> set[int]:
    """Return what is quoted in a box of Gmail: people write their answers into it, too."""
    children = list(box.iter(include_text=True))
    quoted = [n for n, child in enumerate(children) if child.tag == "blockquote"]
    if not quoted:
        return {box.mem_id}
    return {child.mem_id for child in children[: quoted[0]]}


def _is_header(node: LexborNode) -> bool:
    """Tell whether a node holds the lines From, Sent, To and Subject of a mail."""
    text = node.text(deep=True, separator="\n")
    return len(text) < _LONGEST_HEADER and len(_HEADER_NAME.findall(text)) >= _HEADER_NAMES
