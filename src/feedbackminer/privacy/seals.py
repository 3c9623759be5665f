"""Seals of erased members and posts: keyed hashes that name nobody."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

import polars as pl

from feedbackminer.privacy.names import GAP, PSEUDONYM, UNSPACED
from feedbackminer.privacy.pseudonyms import Members, Pseudonyms

ERASED = "[erased]"
_QUOTED_LINES = re.compile(r"^[ \t]*(?:>|&gt;)[^\n]*(?:\n[ \t]*(?:>|&gt;)[^\n]*)*", re.MULTILINE)
_QUOTE_BLOCK = re.compile(
    r"\[quote[^\[\]]{0,200}\](?:(?!\[/?quote)[\s\S])*\[/quote\]", re.IGNORECASE
)
_ORIGINAL_MESSAGE = re.compile(
    r"^-{2,9}[ \t]?original message\b[\s\S]*", re.IGNORECASE | re.MULTILINE
)
_WORD, _IS_NAME_LIKE = r"\w+(?:[.-]+\w+)*", r"[\d_.-]|\w\p{Lu}"  # of pseudonyms too
_WORDS_OF_NAMES = rf"[A-Z]\w+(?:{GAP}[A-Z]\w+)+"
_UNSPACED_RUN = f"[{UNSPACED}]{{3,}}"
_DEEPEST = 20  # quotes in quotes
_NO_QUOTE = f"> {ERASED}"
_LINK = re.compile(r"https?://[^\s<>\"'\[\]]{1,2000}(?<![.,;:!?)])")
_LINK_PARTS = re.compile(r"[\w-]{6,}")


class Sealer:
    """Knows again what was sealed.

    Args:
        seals: of what was erased.
        pseudonyms: that they were made with.
    """

    def __init__(self, seals: Iterable[str], pseudonyms: Pseudonyms) -> None:
        self.seals, self._pseudonyms = frozenset(seals), pseudonyms
        self._members = Members(SealedAuthors(self))
        self._named: dict[str, bool] = {}

    def seal(self, what: str, name: str) -> str:
        """Return the seal of an ``author`` (a pseudonym), a ``post``, or a ``thread``."""
        return self._pseudonyms.seal(f"{what}:{name}")

    def knows(self, what: str, name: str | None) -> bool:
        """Tell whether this was sealed."""
        return name is not None and self.seal(what, name) in self.seals

    def sealed_among(self, what: str, names: pl.Series) -> list[str]:
        """Return which of these were sealed."""
        return [name for name in names.drop_nulls().unique() if self.knows(what, name)]

    def sealed(self, posts: pl.DataFrame) -> pl.Expr:
        """Return which of these posts were sealed, or written by a sealed member."""
        authors = self.sealed_among("author", posts["author_id"])
        ids = self.sealed_among("post", posts["post_id"])
        by_them = pl.col("author_id").is_in(authors).fill_null(value=False)
        return pl.col("post_id").is_in(ids) | by_them

    def name_of_sealed(self, post_id: str) -> str:
        """Return what stands for the id of a sealed post where something has to."""
        return f"erased-{self.seal('post', post_id)}"

    def without_mentions(self, text: str) -> str:
        """Replace the pseudonyms of sealed members, and their names where these are distinctive."""
        return PSEUDONYM.sub(
            lambda match: ERASED if self.knows("author", match[0]) else match[0],
            self._pseudonyms.members_in(text, self._members),
        )

    def without_mentions_in(self, texts: pl.Series) -> pl.Series:
        """Do so for many texts: of those, few name a sealed member."""
        names = [name for name in _maybe_names(texts) if self._is_sealed_name(name)]
        if not names:
            return texts
        suspects = texts.filter(texts.str.contains_any(names)).unique()
        return texts.replace({text: self.without_mentions(text) for text in suspects})

    def _is_sealed_name(self, name: str) -> bool:
        if name not in self._named:
            self._named[name] = self.without_mentions(name) != name
        return self._named[name]


class SealedAuthors(Container[str]):
    """The pseudonyms of sealed members: they cannot be listed, but each is known when it is met."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def __contains__(self, pseudonym: object) -> bool:
        return self._sealer.knows("author", str(pseudonym))


def seals_of(
    posts: pl.DataFrame, openers: Iterable[str], sealer: Sealer
) -> Iterator[tuple[str, str]]:
    """Yield the seals of posts with what each is for: author or post.

    Args:
        posts: that are erased.
        openers: threads whose first post is among them.
    """
    yield from ((sealer.seal("post", i), "post") for i in posts["post_id"])
    yield from ((sealer.seal("thread", i), "post") for i in posts["thread_id"].unique())
    yield from ((sealer.seal("opened", i), "post") for i in openers)
    yield from ((sealer.seal("link", url), "post") for url in posts["url"].drop_nulls())


def conceal(posts: pl.DataFrame, sealer: Sealer) -> pl.DataFrame:
    """Take out of posts what tells of sealed ones; the posts themselves stay.

    A thread that is named after a sealed post gets another name; an answer to one answers
    nobody; posts under a sealed opener lose its title and their links, which often hold it. In
    threads with a sealed post, and beside the name of a sealed member, quotes are erased: nobody
    can tell whose words they are. Mentions of sealed members, and links to sealed posts, become
    ``[erased]``.
    """
    posts = _renamed(posts, sealer)
    sealed_parents = sealer.sealed_among("post", posts["parent_id"])
    opened, talked = (_in_sealed(what, posts, sealer) for what in ("opened", "thread"))
    texts = {name: sealer.without_mentions_in(posts[name]) for name in ("title", "body", "meta")}

    has_quotes = talked | (texts["body"] != posts["body"])
    texts["body"] = pl.Series(
        "body",
        [
            without_quotes(body) if may_quote else body
            for body, may_quote in zip(texts["body"], has_quotes, strict=True)
        ],
        dtype=pl.String,
    )
    texts["body"] = _without_links(texts["body"], posts["source"], sealer)

    return (
        posts.with_columns(texts.values())
        .with_columns(
            parent_id=pl.when(~pl.col("parent_id").is_in(sealed_parents)).then("parent_id"),
            title=pl.when(~opened).then("title"),
            url=pl.when(~opened).then("url"),
            thread_id="thread",
        )
        .drop("thread")
    )


def without_quotes(body: str) -> str:
    """Replace quoted lines, ``[quote]`` blocks and forwarded mails by one quoted mark each."""
    for _ in range(_DEEPEST):
        body, n_blocks = _QUOTE_BLOCK.subn(f"\n{_NO_QUOTE}\n", body)
        if not n_blocks:
            break
    return _QUOTED_LINES.sub(_NO_QUOTE, _ORIGINAL_MESSAGE.sub(_NO_QUOTE, body))


def _maybe_names(texts: pl.Series) -> pl.Series:
    """Return the distinct words that may be a name, words in a row with capitals, and what no
    spaces part."""
    single, several, unspaced = (
        texts.str.extract_all(pattern).explode().drop_nulls().unique()
        for pattern in (_WORD, _WORDS_OF_NAMES, _UNSPACED_RUN)
    )
    return pl.concat([single.filter(single.str.contains(_IS_NAME_LIKE)), several, unspaced])


def _without_links(bodies: pl.Series, sources: pl.Series, sealer: Sealer) -> pl.Series:
    """Erase the links to sealed posts: those that they had, or that hold their ids."""

    def without_link(link: str, source: str) -> str:
        ids = (f"{source}:{part}" for part in _LINK_PARTS.findall(link))
        is_sealed = sealer.knows("link", link) or any(sealer.knows("post", i) for i in ids)
        return ERASED if is_sealed else link

    return pl.Series(
        "body",
        [
            _LINK.sub(lambda match, source=source: without_link(match[0], source), body)  # type: ignore[misc]
            if "://" in body
            else body
            for body, source in zip(bodies, sources, strict=True)
        ],
        dtype=pl.String,
    )


def _renamed(posts: pl.DataFrame, sealer: Sealer) -> pl.DataFrame:
    """Add ``thread``: the thread's id, or another where that was the id of a sealed post."""
    pairs = posts.select("source", "thread_id").unique()
    names = {
        thread: f"{source}:{sealer.name_of_sealed(thread)}"
        for source, thread in pairs.iter_rows()
        if sealer.knows("post", thread)
    }
    return posts.with_columns(thread=pl.col("thread_id").replace(names))


def _in_sealed(what: str, posts: pl.DataFrame, sealer: Sealer) -> pl.Series:
    """Tell which posts are in a sealed thread; one that was renamed may be sealed by that name."""
    names = (posts[column] for column in ("thread_id", "thread"))
    before, now = (name.is_in(sealer.sealed_among(what, name)) for name in names)
    return before | now
