"""Pages of HTML as forums, mail programs and shops write them, made at random."""

from __future__ import annotations

import random
from collections.abc import Callable

DEEPEST = 4
_SYLLABLES = "ba de fi go lu mer nat os pil qua rin sto tev wox".split()
_ENTITIES = ("&amp;", "&lt;", "&gt;", "&nbsp;", "&eacute;", "&#8217;", "&hellip;")
_INLINE = ("b", "i", "em", "strong", "u", "s", "code", "small", "span", "sub", "font", "mark")
_STYLES = ("", ' class="a b"', ' style="color: red"', ' dir="ltr"', " data-x='1 > 2'")
_PICTURES = (
    '<img src="a.png">',
    '<img class="emoji" alt=":smile:" title=":smile:" src="s.png">',
    '<img alt="" width=1 height=1 src="x.gif"/>',
)


class Pages:
    """Makes pages; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.blocks: tuple[Callable[[int], str], ...] = (
            self._paragraph, self._paragraph, self._division, self._list, self._table, self._code,
            self._definitions, self._quote, self._figure, self._details, self._heading, self._form,
        )  # fmt: skip

    def page(self) -> str:
        """Return a page: blocks, text between them, comments, and now and then its head."""
        body = "".join(self._block(0) for _ in range(self.chance.randint(1, 5)))
        if self.chance.random() < 0.1:
            head = "<head><title>hidden</title><style>p { color: red }</style></head>"
            return f"<!DOCTYPE html><html>{head}<body>{body}</body></html>"
        return self._maybe(self._inline(0)) + body

    def _block(self, depth: int) -> str:
        make = self.chance.choice(self.blocks)
        between = self.chance.choice(("", "\n", "\n  ", "<!-- a > b <p> -->", "<hr>"))
        return between + (make(depth + 1) if depth < DEEPEST else self._paragraph(depth))

    def _blocks(self, depth: int, at_most: int = 3) -> str:
        """Return blocks, often with text before, between or after them."""
        count = self.chance.randint(1, at_most)
        parts = [self._maybe(self._inline(0)) + self._block(depth) for _ in range(count)]
        return "".join(parts) + self._maybe(self._inline(0))

    def _content(self, depth: int) -> str:
        is_text = depth >= DEEPEST or self.chance.random() < 0.6
        return self._inline(0) if is_text else self._blocks(depth, 2)

    def _paragraph(self, depth: int) -> str:  # noqa: ARG002
        end = self.chance.choice(("</p>", "</p>", "</p>\n", ""))
        return f"<p{self._style()}>{self._inline(0)}{end}"

    def _heading(self, depth: int) -> str:  # noqa: ARG002
        level = self.chance.randint(1, 6)
        return f"<h{level}>{self._inline(1)}</h{level}>"

    def _division(self, depth: int) -> str:
        tag = self.chance.choice(("div", "section", "article", "address", "center", "footer"))
        return f"<{tag}{self._style()}>{self._content(depth)}</{tag}>"

    def _list(self, depth: int) -> str:
        tag, end = self.chance.choice(("ul", "ol")), self.chance.choice(("</li>", "</li>\n", ""))
        items = [f"<li>{self._item(depth)}{end}" for _ in range(self.chance.randint(1, 4))]
        return f"<{tag}>{''.join(items)}</{tag}>"

    def _item(self, depth: int) -> str:
        inner = self._list(depth + 1) if depth < DEEPEST and self.chance.random() < 0.3 else ""
        return self._inline(0) + inner

    def _table(self, depth: int) -> str:
        rows = "".join(self._row(depth) for _ in range(self.chance.randint(1, 3)))
        caption = self.chance.choice(("", f"<caption>{self._words()}</caption>"))
        return f"<table border=1>{caption}<tbody>{rows}</tbody></table>"

    def _row(self, depth: int) -> str:
        tag = self.chance.choice(("td", "td", "th"))
        cells = [f"<{tag}>{self._content(depth + 1)}</{tag}>" for _ in range(3)]
        return f"<tr>{self.chance.choice(('', chr(10))).join(cells)}</tr>"

    def _code(self, depth: int) -> str:  # noqa: ARG002
        lines = [f"{'  ' * self.chance.randint(0, 2)}{self._words()}" for _ in range(3)]
        code = self.chance.choice(("\n", "<br>", "<br>\n")).join(lines)
        return self.chance.choice((f"<pre>{code}</pre>", f"<pre><code>{code}\n</code></pre>"))

    def _definitions(self, depth: int) -> str:
        pairs = [f"<dt>{self._words()}</dt><dd>{self._content(depth + 1)}</dd>" for _ in range(2)]
        return f"<dl>{''.join(pairs)}</dl>"

    def _quote(self, depth: int) -> str:
        return f"<blockquote{self._style()}>{self._content(depth)}</blockquote>"

    def _figure(self, depth: int) -> str:  # noqa: ARG002
        picture = self.chance.choice(_PICTURES)
        return f"<figure>{picture}<figcaption>{self._words()}</figcaption></figure>"

    def _details(self, depth: int) -> str:
        return f"<details><summary>{self._words()}</summary>{self._content(depth)}</details>"

    def _form(self, depth: int) -> str:  # noqa: ARG002
        options = "".join(f"<option>{self._word()}</option>" for _ in range(2))
        return f"<fieldset><legend>{self._words()}</legend><select>{options}</select></fieldset>"

    def _inline(self, depth: int) -> str:
        return "".join(self._piece(depth) for _ in range(self.chance.randint(1, 6)))

    def _piece(self, depth: int) -> str:
        blank = self.chance.choice((" ", " ", "\n", "&nbsp;", "<br>", "<br/>\n"))
        kinds = (self._words, self._words, self._split_word, self._link, self._picture)
        if depth < 2 and self.chance.random() < 0.3:
            tag = self.chance.choice(_INLINE)
            return f"<{tag}{self._style()}>{self._inline(depth + 1)}</{tag}>{blank}"
        return self.chance.choice(kinds)() + blank

    def _words(self) -> str:
        words = [self._word() for _ in range(self.chance.randint(1, 5))]
        return self.chance.choice((" ", "  ", "\n")).join(words)

    def _word(self) -> str:
        word = "".join(self.chance.choices(_SYLLABLES, k=self.chance.randint(2, 4)))
        return word + self.chance.choice(("", "", "", ".", ",", self.chance.choice(_ENTITIES)))

    def _split_word(self) -> str:
        """Return one word, with a tag inside of it."""
        tag, word = self.chance.choice(_INLINE), self._word()
        first, rest = word[:2], word[2:]
        comment = self.chance.choice(("", "<!-- c -->", "<wbr>"))
        return f"<{tag}>{first}</{tag}>{comment}{rest}"

    def _link(self) -> str:
        return f'<a href="https://shop.example/?a=1&amp;b=2" title="a > b">{self._words()}</a>'

    def _picture(self) -> str:
        return f" {self.chance.choice(_PICTURES)} "

    def _style(self) -> str:
        return self.chance.choice(_STYLES)

    def _maybe(self, text: str) -> str:
        return text if self.chance.random() < 0.3 else ""
