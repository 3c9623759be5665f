"""Which posts of a topic name the matter that it is called after.

Posts come to a topic by what they are near to, and not all of them are about what its name says: a
count that stands behind the name is of those who name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

SHORT = 3  # letters of a word that only counts as a whole: “ct” begins many others
_WORD = re.compile(r"[\w-]+")


def who_name_it(posts: pl.DataFrame, patterns: Mapping[str, str], texts: pl.DataFrame) -> pl.Series:
    """Return the ids of the posts that name the matter of their topic.

    A post does in its own words, or by what opens its thread: the title, or where there is none the
    first post. On a topic without a pattern each does.

    Args:
        posts: post_id, thread_id and topic_id (null: none).
        patterns: by topic id, what finds a name of its matter.
        texts: post_id, thread_id, title, body and created_at of all posts.
    """
    on_topic = posts.select("post_id", "thread_id", "topic_id").drop_nulls("topic_id")
    of_threads = texts.join(on_topic, on="thread_id", how="semi").sort("created_at", "post_id")
    openings = of_threads.group_by("thread_id").agg(
        opening=pl.coalesce(pl.col("title").drop_nulls().first(), pl.col("body").first())
    )
    text = pl.concat_str("title", "body", "opening", separator="\n", ignore_nulls=True)
    read = (
        on_topic.join(texts.select("post_id", "title", "body"), on="post_id", how="left")
        .join(openings, on="thread_id", how="left")
        .select("post_id", "topic_id", text=text)
    )
    naming = [
        of_topic.filter(pl.col("text").str.contains(patterns.get(str(topic_id), "")))["post_id"]
        for (topic_id,), of_topic in read.group_by("topic_id", maintain_order=True)
    ]
    return pl.concat([posts["post_id"].clear(), *naming])


def pattern_of(label: str, keywords: Sequence[str]) -> str:
    """Return what finds a name of a topic's matter, in the words of its members.

    These are its keywords that its label has; where a person has called it otherwise, all of them.
    """
    of_label = {_stem(word) for word in _WORD.findall(label)}
    words = [word for word in keywords if _stem(word) in of_label] or keywords
    return rf"(?i)\b(?:{'|'.join(_spelled(words))})"


def _spelled(words: Sequence[str]) -> Iterator[str]:
    for stem in map(_stem, words):
        yield pl.escape_regex(stem) + (r"s?\b" if len(stem) <= SHORT else "")


def _stem(word: str) -> str:
    return word.lower().removesuffix("s")
