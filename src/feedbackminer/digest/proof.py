"""Whether a digest says what it should: held against its posts, and against the same made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isclose
from typing import Any

import polars as pl

from feedbackminer.tables import words
from feedbackminer.text.words import on_one_line, plain

JSON = "digest.json"
MOST_LINES = 5  # of a file, that are named
BEFORE, WIDTH = 30, 90  # characters that are shown of what differs
ABSENT = "nothing"
TOLERANCE = 1e-9  # of a number: other machines add in another order


@dataclass(frozen=True)
class Difference:
    """Something that a digest says otherwise than it should."""

    where: str
    got: str
    want: str

    def __str__(self) -> str:
        return f"{self.where}: got {self.got}, want {self.want}"


def misstated(content: Mapping[str, Any], posts: pl.DataFrame) -> Iterator[Difference]:
    """Hold the claims and quotes of a digest against the posts that they name.

    Every quote stands in its post to the letter, but for how many spaces and line breaks, and what
    a headline quotes but for case too; posts and members of a claim are as many as its evidence
    holds.

    Args:
        content: of ``digest.json``.
        posts: post_id, author_id, title and body of all posts.
    """
    texts = texts_of(posts)
    writers = dict(posts.select("post_id", "author_id").iter_rows())
    for what, claim_id in (("quotes", "stands_for"), ("answers", "stands_with")):
        for number, quote in enumerate(content[what]):
            if on_one_line(quote["text"]) not in on_one_line(texts.get(quote["post_id"], "")):
                where = f"{what}[{number}], for {quote[claim_id]}"
                yield Difference(where, _shown(quote["text"]), f"words of {quote['post_id']}")
    for claim in content["claims"]:
        where, evidence = f"claims[{claim['claim_id']}]", set(claim["evidence"])
        if unknown := sorted(evidence - set(texts)):
            yield Difference(f"{where}.evidence", unknown[0], "a post that is known")
        counted = {
            "n_posts": len(evidence),
            "n_voices": len({writers.get(post_id) for post_id in evidence} - {None}),
        }
        for name, n in counted.items():
            if claim[name] != n:
                yield Difference(f"{where}.{name}", str(claim[name]), f"{n}, as in its evidence")
        source = claim["quoted_from"]
        if source and plain(claim["quoted"]) not in plain(texts.get(source, "")):
            yield Difference(f"{where}.quoted", _shown(claim["quoted"]), f"words of {source}")


def texts_of(posts: pl.DataFrame) -> dict[str, str]:
    """Return by id what stands in posts: title and body."""
    return dict(posts.select("post_id", words()).iter_rows())


def standing(claims: pl.DataFrame, posts: pl.DataFrame) -> pl.Series:
    """Tell of each claim whether the words that its headline quotes stand in their post as it is.

    A post may have been changed since it was mined; the next run counts it anew.

    Args:
        claims: with ``quoted`` and ``quoted_from``.
        posts: post_id, title and body.
    """
    texts = texts_of(posts.filter(pl.col("post_id").is_in(claims["quoted_from"].implode())))
    rows = claims.select("quoted", "quoted_from").iter_rows()
    stands = [not source or plain(said) in plain(texts.get(source, "")) for said, source in rows]
    return pl.Series(stands, dtype=pl.Boolean)


def differences(
    found: Mapping[str, str], expected: Mapping[str, str], *, tolerance: float = TOLERANCE
) -> Iterator[Difference]:
    """Hold the files of a digest against the same made anew: by value, and line by line.

    Args:
        found: relative path -> text; with ``digest.json``.
        expected: likewise.
        tolerance: part of a number by which it may be off.
    """
    yield from _values("", json.loads(found[JSON]), json.loads(expected[JSON]), tolerance)
    for name in sorted({*found, *expected} - {JSON}):
        if name not in found or name not in expected:
            got, want = (f"a file{'' if name in files else ' less'}" for files in (found, expected))
            yield Difference(name, got, want)
        else:
            yield from _lines(name, found[name].splitlines(), expected[name].splitlines())


def _values(where: str, got: Any, want: Any, tolerance: float) -> Iterator[Difference]:
    if isinstance(got, list) and isinstance(want, list):
        key = _key(got, want)
        named = [_named(where, values, key) for values in (got, want)]
    elif isinstance(got, dict) and isinstance(want, dict):
        prefix = f"{where}." if where else ""
        named = [{f"{prefix}{name}": v for name, v in values.items()} for values in (got, want)]
    else:
        if not _same(got, want, tolerance):
            yield Difference(where, _shown(got), _shown(want))
        return
    for name in dict.fromkeys([*named[1], *named[0]]):
        if name in named[0] and name in named[1]:
            yield from _values(name, named[0][name], named[1][name], tolerance)
        else:
            sides = (_shown(values[name]) if name in values else ABSENT for values in named)
            yield Difference(name, *sides)


def _key(got: Sequence[Any], want: Sequence[Any]) -> str:
    """Return the id by which the entries of two lists are told apart; empty: by their place."""
    entries = [*got, *want]
    if not all(isinstance(entry, dict) for entry in entries):
        return ""
    for name in entries[0] if entries else ():
        is_key = name.endswith("_id") and all(
            len({entry[name] for entry in side if name in entry}) == len(side)
            for side in (got, want)
        )
        if is_key:
            return str(name)
    return ""


def _named(where: str, values: Sequence[Any], key: str) -> dict[str, Any]:
    return {
        f"{where}[{value[key] if key else number}]": value for number, value in enumerate(values)
    }


def _same(got: Any, want: Any, tolerance: float) -> bool:
    if isinstance(got, float) and isinstance(want, float):
        return isclose(got, want, rel_tol=tolerance, abs_tol=tolerance / 1000)
    return type(got) is type(want) and bool(got == want)


def _lines(name: str, got: Sequence[str], want: Sequence[str]) -> Iterator[Difference]:
    """Name the lines that differ; where some are missing, the first."""
    pairs = enumerate(zip_longest(got, want, fillvalue=""), start=1)
    differing = [(number, *pair) for number, pair in pairs if pair[0] != pair[1]]
    for number, line, should in differing[: MOST_LINES if len(got) == len(want) else 1]:
        same = next((n for n, (a, b) in enumerate(zip(line, should, strict=False)) if a != b), 0)
        begin = max(same - BEFORE, 0)
        yield Difference(f"{name}:{number}", _shown(line[begin:]), _shown(should[begin:]))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"
