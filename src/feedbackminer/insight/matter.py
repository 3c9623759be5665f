"""Which posts of a topic name the matter that it is called after.

Posts come to a topic by what they are near to, and not all of them are about what its name says: a
count that stands behind the name is of those who name it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

SHORT = 3  # letters of a word that only counts as a whole: “ct” begins many others
_WORD = re.compile(r"[\w-]+")


def who_name_it(
    posts: pl.DataFrame, patterns: Mapping[str, str], texts: pl.DataFrame
) -> dict[str, pl.Series]:
    """Return by topic the ids of the posts that name its matter.

    A post does in its own words, or by what opens its thread: the title, or where there is none the
    first post.

    Args:
        posts: post_id, thread_id and topic_id (null: none).
        patterns: by topic id, what finds a name of its matter; other topics are left out.
        texts: post_id, thread_id, title, body and created_at of all posts.
    """
    on_topic = posts.select("post_id", "thread_id", "topic_id")
    on_topic = on_topic.filter(pl.col("topic_id").is_in([*patterns]))
    of_threads = texts.join(on_topic, on="thread_id", how="semi")
    openings = (
        of_threads.sort("created_at", "post_id", nulls_last=True)
        .group_by("thread_id")
        .agg(opening=pl.coalesce(pl.col("title").drop_nulls().first(), pl.col("body").first()))
    )
    text = pl.concat_str("title", "body", "opening", separator="\n", ignore_nulls=True)
    read = (
        on_topic.join(texts.select("post_id", "title", "body"), on="post_id", how="left")
        .join(openings, on="thread_id", how="left")
        .select("post_id", "topic_id", text=text)
    )
    return {
        str(topic_id): of_topic["post_id"].filter(
            of_topic["text"].str.contains(patterns[str(topic_id)])
        )
        for (topic_id,), of_topic in read.group_by("topic_id", maintain_order=True)
    }


def pattern_of(label: str, keywords: Sequence[str]) -> str:
    """Return what finds a name of a topic's matter, in the words of its members.

    These are its keywords that its label has; where a person has called it otherwise, all of them.
    """
    of_label = {_stem(word) for word in _WORD.findall(label)}
    words = [word for word in keywords if _stem(word) in of_label] or keywords
    return rf"(?i)(?:{'|'.join(map(_spelled, words))})"


def _spelled(word: str) -> str:
    """Return what finds a word where it begins: whole, or its plural, where it is short.

    Scripts without capitals often have no spaces either: there it may begin anywhere.
    """
    stem = _stem(word)
    found = pl.escape_regex(stem)
    if stem[:1].upper() == stem[:1] and not stem[:1].isdigit():
        return found
    return rf"\b{found}s?\b" if len(stem) <= SHORT else rf"\b{found}"


def _stem(word: str) -> str:
    """Return a word without the s of its plural; “OS” has none."""
    word = word.lower()
    return word.removesuffix("s") if len(word) > SHORT else word
