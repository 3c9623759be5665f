"""The texts of an experiment: of a file, a project, or a public set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from feedbackminer.errors import InputError
from feedbackminer.project.store import TableStore
from feedbackminer.research.benchmarks.key_points import Debates
from feedbackminer.research.experiments.measures import NO_LABEL
from feedbackminer.research.experiments.spec import DataSpec

Item = tuple[str, str, str, datetime | None]  # its id, text, label, and when it was written
_SCHEMA: Any = {**dict.fromkeys(("item", "text", "label"), pl.String),
                "at": pl.Datetime("us", "UTC")}  # fmt: skip
DRAWN_BY = 0  # seed of what `limit` draws: the same texts in every experiment
HF = "hf:"
TRAIN = "train"  # the split of a public set that is read where none is named


@dataclass(frozen=True)
class Items:
    """Texts with their labels.

    ``frame``: ``item`` (its id), ``text``, ``label`` ("" where there is none); ``versions``: of the
    tables they come from, where they come from a project; ``tables``, ``debates``: what they are
    of, where a stage reads more than them.
    """

    frame: pl.DataFrame
    versions: Mapping[str, int | None]
    notices: tuple[str, ...] = ()
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    debates: Debates | None = None

    def with_labels(self, labels: Sequence[str]) -> Items:
        """Return them with other labels."""
        return replace(
            self, frame=self.frame.with_columns(label=pl.Series(labels, dtype=pl.String))
        )

    @property
    def hash(self) -> str:
        """Return a hash of all texts and labels, in their order, and of the posts they are of."""
        digest = hashlib.sha256()
        for frame in (self.frame, *self._posts()):
            for row in frame.iter_rows():
                for value in map(str, row):
                    digest.update(f"{len(value)}:{value}".encode())
        return digest.hexdigest()

    def _posts(self) -> Iterator[pl.DataFrame]:
        """Yield who wrote what in which thread when, and on which topics: what histories are of."""
        if "posts" in self.tables:
            yield (
                self.tables["posts"]
                .select("post_id", "thread_id", "parent_id", "author_id", "created_at")
                .sort("post_id")
            )
        if "assignments" in self.tables:
            yield self.tables["assignments"].select("post_id", "topic_id").sort(pl.all())


def items_of(
    rows: Iterable[Item],
    tables: Mapping[str, pl.DataFrame] | None = None,
    versions: Mapping[str, int | None] | None = None,
    *,
    debates: Debates | None = None,
) -> Items:
    """Return rows that are of more than texts."""
    frame = pl.DataFrame(list(rows), schema=_SCHEMA, orient="row").drop("at")
    return Items(frame, versions or {}, tables=tables or {}, debates=debates)


def read_tables(
    folder: Path, names: Sequence[str]
) -> tuple[dict[str, pl.DataFrame], Mapping[str, int | None]]:
    """Return tables of a mined project, and their versions.

    Raises:
        InputError: there is none.
    """
    store = _store_of(folder)
    return {name: store.read(name) for name in names}, store.versions(list(names))


def read_items(spec: DataSpec, folder: Path) -> Items:
    """Read the texts of an experiment.

    Args:
        folder: that relative paths start from.
    Raises:
        InputError: they cannot be read, or there is none.
    """
    versions: Mapping[str, int | None] = {}
    if spec.project:
        rows, versions = _of_project(spec, folder / spec.project)
    elif spec.path:
        rows = _of_file(spec, folder / spec.path)
    else:
        rows = _of_loader(spec)
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    texts = frame.filter(pl.col("text") != "")
    if spec.time:
        texts = texts.drop_nulls("at").sort("at", maintain_order=True)
    texts = texts.drop("at")
    if texts.is_empty():
        lacking = "a text and a time that can be read" if spec.time else "a text"
        raise InputError(f"{spec.path or spec.project or spec.loader}: no row has {lacking}")
    if spec.limit and spec.limit < len(texts):
        drawn = np.random.default_rng(DRAWN_BY).permutation(len(texts))[: spec.limit]
        texts = texts[np.sort(drawn)]
    return Items(texts, versions, tuple(_notices(spec, frame, texts)))


def _notices(spec: DataSpec, frame: pl.DataFrame, texts: pl.DataFrame) -> Iterator[str]:
    if empty := int((frame["text"] == "").sum()):
        yield f"rows without a text, left out: {empty:,}"
    if spec.time and (timeless := int((frame["at"].is_null() & (frame["text"] != "")).sum())):
        yield f"texts without a time that can be read, left out: {timeless:,}"
    if not spec.label and not spec.loader:
        return
    labelled = texts.filter(pl.col("label") != NO_LABEL)
    if len(labelled) < len(texts):
        yield (
            f"texts without a label: {len(texts) - len(labelled):,} of {len(texts):,}; measures "
            "against labels leave them out"
        )
    if labelled["label"].n_unique() == 1:
        yield (
            f"all labels are {labelled['label'][0]!r}: measures against labels tell nothing of one "
            "label alone"
        )


def _of_file(spec: DataSpec, path: Path) -> Iterator[Item]:
    from feedbackminer.api.files import read_rows

    rows = list(read_rows(str(path), text_column=spec.text, encoding="utf-8"))
    for wanted in filter(None, (spec.label, spec.time)):
        if not any(wanted in row for row in rows):
            columns = ", ".join(dict.fromkeys(name for row in rows for name in row))
            raise InputError(f"{path}: no row has a column {wanted!r}; there is: {columns}")
    for number, row in enumerate(rows, 1):
        yield _item(number, row, row.get(spec.label), spec)


def _of_project(spec: DataSpec, folder: Path) -> tuple[Iterator[Item], Mapping[str, int | None]]:
    from feedbackminer.tables import passage

    store = _store_of(folder)
    texts = store.read("texts").select("post_id", text=passage())
    posts = store.read("posts").select("post_id", "created_at")
    texts = texts.join(posts, on="post_id").sort("created_at", "post_id", nulls_last=True)
    for day, is_inside in ((spec.since, pl.Expr.ge), (spec.until, pl.Expr.lt)):
        if day:
            moment = datetime.combine(day, time(), UTC)
            texts = texts.filter(is_inside(pl.col("created_at"), moment).fill_null(value=False))
    rows = ((post_id, text, NO_LABEL, at) for post_id, at, text in
            texts.select("post_id", "created_at", "text").iter_rows())  # fmt: skip
    return rows, store.versions(["posts", "texts"])


def _store_of(folder: Path) -> TableStore:
    from feedbackminer.project.project import open_project

    if not (folder / "tables").is_dir():
        raise InputError(f"{folder}: no mined project; `feedbackminer run` makes one")
    return open_project(folder).store


def _of_loader(spec: DataSpec) -> Iterator[Item]:
    if spec.loader == "20newsgroups":
        return _newsgroups(spec)
    if spec.loader.startswith(HF):
        return _hugging_face(spec)
    raise InputError(f"loader {spec.loader!r}: want 20newsgroups, or {HF}NAME of Hugging Face")


def _newsgroups(spec: DataSpec) -> Iterator[Item]:
    """Read what scikit-learn fetches, or has fetched, into its own folder."""
    from sklearn.datasets import fetch_20newsgroups

    split = spec.split or TRAIN
    try:
        found = fetch_20newsgroups(subset=split, remove=("headers", "footers", "quotes"))
    except (OSError, ValueError) as error:
        raise InputError(f"20newsgroups, split {split!r}: cannot be had: {error}") from None
    for number, (text, target) in enumerate(zip(found.data, found.target, strict=True), 1):
        yield str(number), text.strip(), _label(found.target_names[target], spec), None


def _hugging_face(spec: DataSpec) -> Iterator[Item]:
    if not find_spec("datasets"):
        raise InputError(f'loader {spec.loader!r}: wants a package: pip install "datasets"')
    import datasets

    split = spec.split or TRAIN
    try:
        found = datasets.load_dataset(spec.loader.removeprefix(HF), split=split)
    except Exception as error:  # of a dozen kinds, and none of its own
        raise InputError(f"{spec.loader}, split {split!r}: cannot be had: {error}") from None
    for name in filter(None, (spec.text, spec.label, spec.time)):
        if name not in found.column_names:
            columns = ", ".join(found.column_names)
            raise InputError(f"{spec.loader}: no column {name!r}; there is: {columns}")
    names = getattr(found.features.get(spec.label), "names", None)
    for number, row in enumerate(found, 1):
        value = row[spec.label] if spec.label else None
        label = names[value] if names and isinstance(value, int) and value >= 0 else value
        yield _item(number, row, label, spec)


def _item(number: int, row: Mapping[str, Any], label: Any, spec: DataSpec) -> Item:
    text = str(row.get(spec.text) or "").strip()
    return str(number), text, _label(label, spec), _moment(row.get(spec.time))


def _moment(value: Any) -> datetime | None:
    """Return when that is; None where it cannot be read."""
    from feedbackminer.collect import dates
    from feedbackminer.collect.fields import BadValueError

    try:
        return dates.moment(value, zone=UTC, now=datetime.now(UTC))
    except BadValueError:
        return None


def _label(value: Any, spec: DataSpec) -> str:
    label = NO_LABEL if value is None else str(value).strip()
    return spec.labels.get(label, label)
