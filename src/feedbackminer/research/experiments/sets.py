"""Rows that have several labels at once: what is personal in a text, the kinds of a post."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from feedbackminer.errors import InputError, suggest
from feedbackminer.privacy.masking import mask
from feedbackminer.research.benchmarks.masking import Case, load_cases, spans
from feedbackminer.research.data.labels import load_labels
from feedbackminer.research.experiments.data import Item, Items, items_of, read_items
from feedbackminer.research.experiments.measures import NO_LABEL, Outcome, apart, together
from feedbackminer.research.experiments.spec import DataSpec, Spec
from feedbackminer.research.experiments.task import Task
from feedbackminer.vocabulary.tags import KINDS

CASE = "text, want (the text with marks such as <email>), kind and split"


def read_cases(spec: Spec, folder: Path) -> Items:
    """Return a row for each text; its label tells what in it is personal, by place alone.

    Raises:
        InputError: the file holds nothing of the shape, or no case of the split.
    """
    path, split = folder / spec.data.path, spec.data.split
    try:
        cases = load_cases(path)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}; want lines of {CASE}") from None
    rows = [
        (str(number), case.text, _wanted(case, f"{path}, line {number}"), None)
        for number, case in enumerate(cases, 1)
        if split in ("", case.split)
    ]
    if not rows:
        found = ", ".join(sorted({str(case.split) for case in cases})) or "no case at all"
        raise InputError(f"{path}: no case of split {split!r}; there is: {found}")
    return items_of(rows)


def _wanted(case: Case, where: str) -> str:
    try:
        return _masked(case.text, case.want)
    except (ValueError, TypeError):  # its message would hold the text
        raise InputError(
            f"{where}: `want` is not `text` with marks; want lines of {CASE}"
        ) from None


def our_masks(task: Task) -> Outcome:
    """Find what is personal, as posts are masked."""
    return task.labels(_masked(text, mask(text)) for text in task.texts)


def _masked(text: str, masked: str) -> str:
    found = spans(text, masked)
    return together(f"{span.mark} {span.start} to {span.end}" for span in found)


def read_kinds(spec: Spec, folder: Path) -> Items:
    """Return a row for each post; its label has all of its kinds.

    Raises:
        InputError: the texts cannot be read, or a label is no kind.
    """
    if spec.data.texts:
        return items_of(_of_public_sets(folder / spec.data.path, folder / spec.data.texts))
    items = read_items(spec.data, folder)
    labels = [_kinds(label, spec.data) for label in items.frame["label"]]
    return items.with_labels(labels)


def _of_public_sets(labels: Path, texts: Path) -> Iterator[Item]:
    """Yield posts of public sets that were drawn evenly, not for what they seemed to say."""
    try:
        posts = load_labels(texts, labels)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{labels}, with data.texts = {texts}: {type(error).__name__}: {error}; want lines "
            "such as those of data/labels/unseen.jsonl, and the folder with the sets that they name"
        ) from None
    even = [post for post in posts if not post.picked]
    if not even:
        raise InputError(f"{labels}: no post that was drawn evenly (`picked`: false)")
    for post in even:
        kinds = together(kind for kind, has_it in post.kinds.items() if has_it)
        yield f"{post.data} {post.id}", post.text, kinds, None


def _kinds(label: str, data: DataSpec) -> str:
    """Return a label as it is compared; one that is empty stays so."""
    found = {data.labels.get(name, name) for name in apart(label)}
    if unknown := sorted(found - {*KINDS}):
        hint = suggest(unknown[0], KINDS, f"want nothing, or some of {', '.join(KINDS)}")
        where = data.path or data.loader
        raise InputError(f"{where}: label {label!r}: {unknown[0]!r} is no kind; {hint}")
    return together(found) if label else NO_LABEL
