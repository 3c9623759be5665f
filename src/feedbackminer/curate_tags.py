"""What people say of tags: which posts are worth reading, and what was said, kept for good."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from feedbackminer import steps
from feedbackminer.embed.encoders import SentenceEncoder
from feedbackminer.errors import InputError
from feedbackminer.runs import Run
from feedbackminer.tables import KINDS, SENTIMENTS, TagLabels, check, column_types, passage

NONE = "none"  # written where a post does nothing of all kinds
SEVERITIES = ("0", "1", "2", "3", "4")
COLUMNS = ("post_id", "sentiment", "kinds", "severity", "guess", "text")
# What a terminal would act on instead of showing it; new lines stay.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
POOL = 10  # uncertain posts, for each one that is asked about
SHOWN = 1_200  # characters of a post that are shown: what the heads read


def worth_reading(run: Run, count: int) -> list[dict[str, Any]]:
    """Return the posts whose labels would teach most: uncertain ones, each of another sort.

    Uncertainty is the mean entropy of the kinds' probabilities; of the most uncertain posts, as
    many groups as are asked for are formed by k-means over their vectors, and each group gives its
    most uncertain one. What was said already is not asked again.

    Raises:
        InputError: nothing was mined yet, or by rules, which know no probabilities.
    """
    from sklearn.cluster import KMeans

    store = run.project.store
    said = store.read("tag_labels", ["post_id"])
    tags = store.read("tags").join(said, on="post_id", how="anti")
    tags = tags.filter(pl.col("kind_chances").list.len() > 0)
    if tags.is_empty():
        raise InputError(
            f"{run.project.folder}: there is nothing to read: no post was tagged by the heads "
            "that has no label yet; run `feedbackminer mine` first"
        )
    chances = np.array(tags["kind_chances"].to_list())
    uncertain = entropy(chances)
    pool = np.argsort(-uncertain, kind="stable")[: POOL * count]
    texts = tags[pool].join(store.read("texts"), on="post_id", how="inner", maintain_order="left")
    encoder = SentenceEncoder(run.project.settings.embed).name
    vectors = steps.encoded_texts(run, texts["content_hash"], encoder).vectors
    groups = KMeans(min(count, len(pool)), n_init=1, random_state=0).fit_predict(vectors)
    _, chosen = np.unique(groups, return_index=True)  # the pool is sorted by uncertainty
    rows = texts.with_columns(said=passage())[np.sort(chosen)]
    return [_asked(row) for row in rows.to_dicts()]


def entropy(chances: NDArray[Any]) -> NDArray[Any]:
    """Return the mean entropy of rows of independent probabilities, in bits, 0 to 1."""
    p = np.clip(chances, 1e-9, 1 - 1e-9)
    told: NDArray[Any] = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)).mean(axis=1)
    return told


def write_review(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write posts to label as CSV; cells that a spreadsheet would run are kept from running.

    Raises:
        InputError: the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(
                {name: _as_cell(str(row.get(name) or "")) for name in COLUMNS} for row in rows
            )
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None


def read_review(path: Path) -> list[dict[str, Any]]:
    """Read labels from CSV; rows without any are left out.

    Raises:
        InputError: the file cannot be read, lacks a column, or holds a label that there is not;
            every such line is named.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"post_id", "sentiment", "kinds", "severity"} - set(reader.fieldnames or ())
            if missing:
                raise InputError(
                    f"{path}: has no column {', '.join(sorted(missing))}; "
                    f"want {', '.join(COLUMNS[:4])}"
                )
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as CSV: {error}") from None
    labels, wrong = [], []
    for line, row in rows:
        try:
            label = as_label(row)
        except ValueError as error:
            wrong.append(f"{path}:{line}: {error}")
        else:
            labels += [label] if label else []
    if wrong:
        raise InputError(
            "\n".join([*wrong, "No label was stored; correct these lines and repeat."])
        )
    return labels


def as_label(told: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Return a row of ``tag_labels`` from what was written; None where nothing was.

    Raises:
        ValueError: it names a label that there is not.
    """
    sentiment = (told.get("sentiment") or "").strip().lower()
    severity = (told.get("severity") or "").strip()
    written = (told.get("kinds") or "").replace(";", ",").replace(" ", ",").split(",")
    kinds = [kind.strip().lower() for kind in written if kind.strip()]
    if not (sentiment or severity or kinds):
        return None
    _known("sentiment", sentiment, SENTIMENTS)
    _known("severity", severity, SEVERITIES)
    for kind in kinds:
        _known("kind", kind, (*KINDS, NONE))
    if NONE in kinds and len(kinds) > 1:
        raise ValueError(f"kinds {', '.join(kinds)}: {NONE!r} stands alone")
    post_id = (told.get("post_id") or "").strip().removeprefix("'")
    return {
        "post_id": post_id,
        "sentiment": sentiment or None,
        "kinds": [kind for kind in dict.fromkeys(kinds) if kind != NONE] if kinds else None,
        "severity": int(severity) if severity else None,
    }


def accept(run: Run, labels: Sequence[Mapping[str, Any]]) -> str:
    """Store labels; the last word on a post counts. Returns what was done.

    Raises:
        InputError: a label is about a post that there is not.
    """
    store = run.project.store
    known = set(store.read("posts", ["post_id"])["post_id"])
    strange = [label["post_id"] for label in labels if label["post_id"] not in known]
    if strange:
        raise InputError(
            f"there is no post {strange[0]!r} in {run.project.folder} "
            f"({len(strange)} of {len(labels)} labels); no label was stored"
        )
    before = store.read("tag_labels").drop("made_at").to_dicts()
    by_post = {row["post_id"]: row for row in before}
    for label in labels:  # who speaks of the severity alone does not take back the kinds
        new = {name: value for name, value in label.items() if value is not None}
        by_post[label["post_id"]] = by_post.get(label["post_id"], dict(label)) | new
    by_post = {label["post_id"]: by_post[label["post_id"]] for label in labels}
    rows = [label | {"made_at": run.started_at} for label in by_post.values()]
    frame = pl.DataFrame(rows, schema=column_types(TagLabels))
    merged = store.merge("tag_labels", check(frame, TagLabels, where="labels"), ignore=["made_at"])
    return f"{merged.inserted} labels added, {merged.updated} changed, {merged.unchanged} as before"


def ask(rows: Sequence[Mapping[str, Any]], prompt: Any) -> Iterator[dict[str, Any]]:
    """Yield labels that a person gives in the terminal; an empty answer skips a post.

    Args:
        prompt: called with a post and the last mistake; returns kinds, sentiment and severity, or
            None to end.
    """
    for row in rows:
        mistake = ""
        while (told := prompt(row, mistake)) is not None:
            try:
                label = as_label({"post_id": row["post_id"], **told})
            except ValueError as error:
                mistake = str(error)
                continue
            if label:
                yield label
            break
        else:
            return


def _asked(row: Mapping[str, Any]) -> dict[str, Any]:
    likely = sorted(zip(row["kind_chances"], KINDS, strict=True), reverse=True)[:3]
    guess = ", ".join(f"{kind} {chance:.0%}" for chance, kind in likely)
    return {
        "post_id": row["post_id"],
        "guess": f"{row['sentiment']}; {guess}",
        "text": _CONTROL.sub(" ", row["said"][:SHOWN]),
    }


def _known(what: str, name: str, names: Sequence[str]) -> None:
    if name and name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"want one of {', '.join(names)}"
        raise ValueError(f"there is no {what} {name!r}; {hint}")


def _as_cell(text: str) -> str:
    """Keep a spreadsheet from taking a post for a formula."""
    return f"'{text}" if text.startswith(("'", "=", "+", "-", "@", "\t", "\r")) else text
