"""The stage: posts to texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from feedbackminer.accounts import Account, DroppedRow, account, dropped_frame
from feedbackminer.clean import characters, code, language, markup, replies, signing
from feedbackminer.clean.closings import find_closings, without_closing
from feedbackminer.clean.duplicates import find_repeats
from feedbackminer.clean.segments import find_segments
from feedbackminer.clean.templates import find_templates, without_templates
from feedbackminer.clean.wrapped import unwrapped
from feedbackminer.privacy.masking import mask
from feedbackminer.settings.sections import CleanSettings
from feedbackminer.tables import Dropped, Posts, Repeats, Segments, Texts, check, column_types
from feedbackminer.text.words import content_hash, count_words

STAGE = "clean"
READ_AT_MOST = 1_000_000  # characters of a body, of which most are a log or a picture
CHUNK = 10_000  # bodies between two writes: what a killed run loses at most
LINES_SHOWN = 3  # of a form, in the notice

STEPS: tuple[Callable[[str], str], ...] = (
    characters.entities,
    characters.invisible,
    markup.pictures,
    markup.comments,
    markup.translations,
    replies.quotations,
    markup.quotations,
    code.blocks,
    replies.answered,
    signing.footers,
    signing.moves,
    signing.adverts,
    signing.signatures,
    markup.tags,
    markup.links,
    characters.emoji_codes,
    code.lines,
    characters.spare_space,
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


@dataclass(frozen=True)
class Earlier:
    """What was made of posts before, by the same code and settings: most texts stay as they are."""

    texts: pl.DataFrame
    segments: pl.DataFrame


def clean_text(body: str) -> str:
    """Return what the author of a post newly said in prose."""
    body = body[:READ_AT_MOST]
    for step in STEPS:
        body = step(body)
    return body


def marks(posts: pl.DataFrame, *, reader: str) -> pl.DataFrame:
    """Return ``post_id`` and, as ``read_as``, a mark of all that decides what a body says.

    Args:
        reader: changes with whatever reads bodies.
    """
    by = hashlib.sha256(reader.encode()).hexdigest()[:16]
    rows = posts.select("post_id", "body").iter_rows()
    marked = [(post_id, f"{by}:{content_hash(None, body)}") for post_id, body in rows]
    return pl.DataFrame(marked, schema={"post_id": pl.String, "read_as": pl.String}, orient="row")


def prose_of(posts: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield ``post_id`` and, as ``text``, what each body says, chunk by chunk."""
    for chunk in posts.select("post_id", "body").iter_slices(CHUNK):
        texts = [clean_text(body) for body in chunk["body"]]
        yield chunk.select("post_id", text=pl.Series(texts, dtype=pl.String))


def clean_posts(
    posts: pl.DataFrame,
    *,
    settings: CleanSettings,
    earlier: Earlier | None = None,
    prose: pl.DataFrame | None = None,
) -> Cleaned:
    """Turn posts into texts fit for analysis.

    Args:
        posts: one row per post, key ``post_id``.
        settings: languages to keep, shortest and longest text.
        prose: what each body says, where :func:`prose_of` has told it before.
        earlier: what spares finding language and parts of the same texts again.
    Returns:
        texts and dropped rows; their counts sum to ``len(posts)``.
    Raises:
        TableError: a column is missing, or ``post_id`` repeats.
    """
    posts = check(posts, Posts, where=STAGE)
    prose = _all_prose(posts) if prose is None else prose
    posts, truncated, templates = _read(posts, prose, settings.max_chars)
    known = _known(earlier)
    rows, dropped = [], []
    columns = posts.select("post_id", "title", "body", "author_role")
    for (post_id, title, text, role), is_cut in zip(columns.iter_rows(), truncated, strict=True):
        reason = "by_a_bot" if role == "bot" else ""
        mark = content_hash(title, text)
        n_words, detected = known.get(mark) or (count_words(f"{title or ''} {text}"), "")
        if not reason and n_words < settings.min_words:
            reason = "no_words" if n_words == 0 else "too_few_words"

        if reason:
            dropped.append(DroppedRow(post_id, reason, f"{n_words} words left after cleaning"))
        else:
            detected = detected or language.detect(text or title or "")
            rows.append((post_id, title, text, detected, n_words, is_cut, mark))

    texts, foreign = _split_by_language(_frame(rows), settings)
    dropped += [
        DroppedRow(post_id, "other_language", f"language {name}", value=name)
        for post_id, name in foreign.select("post_id", "language").iter_rows()
    ]

    dropped_table = dropped_frame(STAGE, dropped)
    repeats = find_repeats(texts, posts)
    return Cleaned(
        texts=texts,
        segments=_segments(texts, earlier, settings.long_words),
        repeats=repeats,
        dropped=dropped_table,
        account=account(STAGE, len(posts), texts, dropped_table),
        notices=(*_notices(texts, repeats, settings), *_template_notice(templates)),
    )


def _all_prose(posts: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([posts.select("post_id", text="body").clear(), *prose_of(posts)])


def _read(
    posts: pl.DataFrame, prose: pl.DataFrame, max_chars: int
) -> tuple[pl.DataFrame, list[bool], dict[str, int]]:
    """Return posts with bodies as they are read, which of them were cut, and lines of forms."""
    bodies, members = posts["body"].to_list(), posts["author_id"].to_list()
    of_posts = posts.select("post_id").join(prose, on="post_id", how="left", maintain_order="left")
    texts = of_posts["text"].to_list()
    truncated = [
        len(text) > max_chars or len(body) > READ_AT_MOST
        for text, body in zip(texts, bodies, strict=True)
    ]
    texts = [text[:max_chars] for text in texts]

    closings = find_closings(texts, members)
    texts = [
        without_closing(text, closings.get(member, ()))
        for text, member in zip(texts, members, strict=True)
    ]
    templates = find_templates(texts, members)
    texts = [_whole(without_templates(text, templates)) for text in texts]
    return posts.with_columns(body=pl.Series(texts, dtype=pl.String)), truncated, templates


def _whole(text: str) -> str:
    """Return a text with whole sentences, and without what was masked in no line by itself."""
    joined = unwrapped(text)
    return text if joined == text else mask(joined)


def _frame(rows: list[tuple[str, str | None, str, str, int, bool, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=column_types(Texts), orient="row")


def _known(earlier: Earlier | None) -> dict[str, tuple[int, str]]:
    """Return words and language of texts by their hashes."""
    if earlier is None:
        return {}
    columns = earlier.texts.select("content_hash", "n_words", "language")
    return {mark: (n_words, found) for mark, n_words, found in columns.iter_rows()}


def _segments(
    texts: pl.DataFrame, earlier: Earlier | None, long_words: int
) -> dy.DataFrame[Segments]:
    """Return the parts of texts; of one that was there before they are what they were."""
    if earlier is None:
        return find_segments(texts, long_words=long_words)
    once = earlier.texts.unique("content_hash").select("content_hash", earlier_id="post_id")
    same = (
        texts.select("post_id", "content_hash").join(once, on="content_hash").drop("content_hash")
    )
    parts = earlier.segments.rename({"post_id": "earlier_id"})
    kept = same.join(parts, on="earlier_id").select(earlier.segments.columns)
    new = find_segments(texts.join(same, on="post_id", how="anti"), long_words=long_words)
    return check(pl.concat([kept, new]), Segments, where=STAGE)


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


def _template_notice(templates: dict[str, int]) -> list[str]:
    if not templates:
        return []
    most = sorted(templates, key=lambda line: (-templates[line], line))[:LINES_SHOWN]
    shown = "; ".join(f"{line!r} ({templates[line]:,} members)" for line in most)
    return [f"lines of forms that many members filled in, left out: {len(templates):,}; {shown}"]
