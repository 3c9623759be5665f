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


def read_cases(spec: Spec, folder: Path) -> Items:
    """Return a row for each text; its label tells what in it is personal, by place alone.

    Raises:
        InputError: the file holds nothing of the shape, or no case of the split.
    """
    path = folder / spec.data.path
    try:
        cases = load_cases(path)
        rows = list(_cases(cases, spec.data))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{path}: {error}; want lines of text, want (the text with marks such as <email>), "
            "kind and split"
        ) from None
    if not rows:
        found = ", ".join(sorted({case.split for case in cases})) or "no case at all"
        raise InputError(f"{path}: no case of split {spec.data.split!r}; there is: {found}")
    return items_of(rows)


def _cases(cases: list[Case], data: DataSpec) -> Iterator[Item]:
    for number, case in enumerate(cases, 1):
        if "split" not in data.model_fields_set or case.split == data.split:
            yield str(number), case.text, _masked(case.text, case.want), None


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
    labels = [_kinds(label, spec.data.path) for label in items.frame["label"]]
    return items.with_labels(labels)


def _of_public_sets(labels: Path, texts: Path) -> Iterator[Item]:
    """Yield posts of public sets that were drawn evenly, not for what they seemed to say."""
    if not labels.is_file():
        raise InputError(f"{labels}: no such file of labels")
    for post in load_labels(texts, labels):
        if not post.picked:
            kinds = together(kind for kind, has_it in post.kinds.items() if has_it)
            yield f"{post.data} {post.id}", post.text, kinds, None


def _kinds(label: str, path: str) -> str:
    """Return a label as it is compared; one that is empty stays so."""
    found = apart(label)
    if unknown := sorted(found - {*KINDS}):
        hint = suggest(unknown[0], KINDS, f"want nothing, or some of {', '.join(KINDS)}")
        raise InputError(f"{path}: label {label!r}: {unknown[0]!r} is no kind; {hint}")
    return together(found) if label else NO_LABEL
