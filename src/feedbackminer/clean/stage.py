"""The stage: posts to texts."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.clean import language, remove
from feedbackminer.clean.duplicates import find_repeats
from feedbackminer.clean.segments import find_segments
from feedbackminer.settings.sections import CleanSettings
from feedbackminer.tables import Dropped, Posts, Repeats, Segments, Texts, check, column_types
from feedbackminer.text.words import content_hash, count_words

STAGE = "clean"

STEPS: tuple[Callable[[str], str], ...] = (
    remove.invisible,
    remove.quoted_replies,
    remove.code,
    remove.signatures,
    remove.links,
    remove.emoji_codes,
    html.unescape,
    remove.spare_space,
)


@dataclass(frozen=True)
class Cleaned:
    """Texts fit for analysis, what was dropped, and what the digest's reader should know.

    ``segments`` are the parts of long texts; ``repeats`` names the texts that say what another
    said before, which are not dropped.
    """

    texts: dy.DataFrame[Texts]
    segments: dy.DataFrame[Segments]
    repeats: dy.DataFrame[Repeats]
    dropped: dy.DataFrame[Dropped]
    account: Account
    notices: tuple[str, ...]


def clean_text(body: str) -> str:
    """Return what the author of a post newly said in prose."""
    for step in STEPS:
        body = step(body)
    return body


def clean_posts(posts: pl.DataFrame, *, settings: CleanSettings) -> Cleaned:
    """Turn posts into texts fit for analysis.

    Args:
        posts: one row per post, key ``post_id``.
        settings: languages to keep, shortest and longest text.
    Returns:
        texts and dropped rows; their counts sum to ``len(posts)``.
    Raises:
        TableError: a column is missing, or ``post_id`` repeats.
    """
    posts = check(posts, Posts, where=STAGE)
    rows, dropped = [], []
    columns = posts.select("post_id", "title", "body", "author_role")
    for post_id, title, body, role in columns.iter_rows():
        reason = "by_a_bot" if role == "bot" else ""
        text = clean_text(body[: settings.max_chars])
        n_words = count_words(f"{title or ''} {text}")
        if not reason and n_words < settings.min_words:
            reason = "no_words" if n_words == 0 else "too_few_words"

        if reason:
            dropped.append(DroppedRow(post_id, reason, f"{n_words} words left after cleaning"))
        else:
            code = language.detect(text or title or "")
            rows.append((post_id, title, text, code, n_words, len(body) > settings.max_chars))

    texts, foreign = _split_by_language(_frame(rows), settings)
    dropped += [
        DroppedRow(post_id, "other_language", f"language {code}", value=code)
        for post_id, code in foreign.select("post_id", "language").iter_rows()
    ]

    dropped_table = dropped_frame(STAGE, dropped)
    repeats = find_repeats(texts, posts)
    return Cleaned(
        texts=texts,
        segments=find_segments(texts, long_words=settings.long_words),
        repeats=repeats,
        dropped=dropped_table,
        account=account(STAGE, len(posts), texts, dropped_table),
        notices=tuple(_notices(texts, repeats, settings)),
    )


def _frame(rows: list[tuple[str, str | None, str, str, int, bool]]) -> pl.DataFrame:
    columns = ["post_id", "title", "text", "language", "n_words", "truncated"]
    schema = {c: t for c, t in column_types(Texts).items() if c in columns}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    hashes = [
        content_hash(title, text) for title, text in frame.select("title", "text").iter_rows()
    ]
    return frame.with_columns(content_hash=pl.Series(hashes, dtype=pl.String))


def _split_by_language(
    frame: pl.DataFrame, settings: CleanSettings
) -> tuple[dy.DataFrame[Texts], pl.DataFrame]:
    wanted = language.accepted(frame["language"].to_list(), settings.languages)
    keep = pl.col("language").is_in(list(wanted))
    return check(frame.filter(keep), Texts, where=STAGE), frame.filter(~keep)


def _notices(texts: pl.DataFrame, repeats: pl.DataFrame, settings: CleanSettings) -> list[str]:
    notices = []
    main = language.main_language(texts["language"].to_list())
    if main not in ("en", language.UNDETERMINED):
        notices.append(
            f"the posts are mainly in language {main!r}, which the bundled encoder and rules do "
            "not know: topics group by words they share, sentiment and kinds stay mostly neutral; "
            "set [embed] model to a multilingual one"
        )

    if texts["truncated"].any():
        notices.append(
            f"posts longer than {settings.max_chars:,} characters, of which only the beginning "
            f"was analysed: {texts['truncated'].sum()}"
        )

    in_waves = repeats.drop_nulls("wave_id")
    if copies := repeats["copy_of"].count() - in_waves["copy_of"].count():
        notices.append(
            "posts that repeat one by the same member or of another source, and count once with "
            f"it: {copies:,}"
        )
    if waves := in_waves["wave_id"].n_unique():
        n_posts = pl.concat([in_waves["post_id"], in_waves["wave_id"]]).n_unique()
        notices.append(
            "texts that many new accounts posted within days, each of which counts as one voice: "
            f"{waves:,}, in {n_posts:,} posts"
        )
    return notices
