"""The heads that are shipped: which data each is trained on, and what its card says."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.embed.reader import load_reader
from feedbackminer.errors import InputError
from feedbackminer.research.cards import as_markdown, card_of
from feedbackminer.research.data.tags import LabelledText
from feedbackminer.research.examples import (
    Sources,
    checked_rows,
    described,
    examples_of,
    texts_of,
    training_rows,
    truth_of,
    words_of,
)
from feedbackminer.research.headlines import train_headline
from feedbackminer.research.known import train_known
from feedbackminer.research.metrics.intervals import precision
from feedbackminer.research.reader.examples import is_unread
from feedbackminer.research.stacking import (
    OF_POSTS,
    OF_SENTENCES,
    of_columns,
    of_reader,
    of_words,
    stacked,
)
from feedbackminer.tagging.fit import Examples, Fitted, Recipe, fit_head, scoring
from feedbackminer.tagging.head_tagger import LABELS, HeadTagger, find
from feedbackminer.tagging.heads import ANY_ENCODER, Flags, Head
from feedbackminer.vocabulary.tags import HEADLINE, KNOWN, POST_HEADS, SENTENCE_HEADS, TONE
from feedbackminer.weights import CARD

EXCLUSIVE = ("sentiment", TONE, "experience", "status")
AIM = 0.9  # precision in training; on sites never seen it is about 0.07 less
# No label is given that is less likely, right as it may be by chance.
FLOORS = {"sentiment": 0.8, "kinds": 0.4, "experience": 0.4}
SURE, FEWEST_SEEN = 0.8, 30  # precision on other forums, and posts that it is told from


def train(name: str, sources: Sources, *, seed: int = 0, aim: float | None = None) -> Fitted:
    """Train one of the shipped heads; its card tells on what, how, and how well.

    ``tone`` is fitted to words alone. The others weigh what the reader tells and what words tell,
    on posts and sentences that neither was fitted to; those of posts read what the heads of
    sentences say, which have to be trained before them.

    Raises:
        InputError: a data set is missing.
        ModelError: a head of sentences is missing, or is of another encoder.
    """
    encoder = ANY_ENCODER if name in (TONE, KNOWN) else sources.encoder.name
    recipe = recipe_of(name, encoder, seed=seed, aim=aim or AIM)
    if name == KNOWN:
        return train_known(sources, recipe)
    if name == HEADLINE:
        return train_headline(sources, recipe)
    if name == TONE:
        rows = training_rows(name, sources)
        examples = examples_of(rows, name, sources)
        fitted = fit_head(examples, recipe, {})
        return _with_card(fitted, examples, recipe, described(rows, sources))
    return _train_stacked(name, sources, recipe)


def _train_stacked(name: str, sources: Sources, recipe: Recipe) -> Fitted:
    rows = training_rows(name, sources)
    unread = [row for row in rows if is_unread(row)]
    examples = examples_of(unread, name, sources)

    n_dense = examples.dense.shape[1]
    of_texts = scoring(words_of([row for row in rows if not is_unread(row)], name), recipe)
    what = "sentence" if name in SENTENCE_HEADS else "post"
    reader = load_reader()
    if reader is None:
        raise InputError(
            "there is no reader in models/: `feedbackminer train reader --data …` makes it"
        )
    parts = [
        of_reader(reader, what, n_dense),
        of_words(of_texts, n_dense),
        of_columns(reader.outputs[what].shape[1], n_dense),
    ]
    strength = OF_SENTENCES if what == "sentence" else OF_POSTS
    fitted = fit_head(examples, recipe, {}, learn=partial(stacked, parts=parts, strength=strength))
    fitted = _with_card(fitted, examples, recipe, described(rows, sources))
    fitted.head.card["recipe"]["strength"] = strength
    return _measured_elsewhere(fitted, sources) if name in POST_HEADS else fitted


def _with_card(
    fitted: Fitted, examples: Examples, recipe: Recipe, sets: Sequence[dict[str, Any]]
) -> Fitted:
    card = card_of(fitted, examples, recipe, sets)
    return replace(fitted, head=replace(fitted.head, card=card))


def _measured_elsewhere(fitted: Fitted, sources: Sources) -> Fitted:
    """Say on the card how the head does on forums that it was not trained on."""
    card = dict(fitted.head.card)
    for label, figures in on_forums(fitted.head, sources).items():
        value, _, _, n_given = figures
        by_label = card["by_label"][label]
        by_label["on_forums"] = figures
        by_label["experimental"] |= (value or 0) < SURE or (n_given or 0) < FEWEST_SEEN
    return replace(fitted, head=replace(fitted.head, card=card))


def on_forums(head: Head, sources: Sources) -> dict[str, list[float | None]]:
    """Measure what a head gives on posts of three forums that were read after it was made.

    Returns:
        label -> precision with its interval, and how many posts it was given to.
    """
    rows = checked_rows(sources)
    if head.name == "severity":
        rows = [row for row in rows if row.severity]  # it is asked of problems only
    if head.name == "kinds":
        given = _kinds_given(head, rows, sources)
    else:
        examples = examples_of(rows, head.name, sources)
        chances = head.probabilities(examples.dense, examples.words, examples.genres)
        given = head.decide(chances, examples.genres)
    truth = truth_of(rows, head.name)
    return {label: precision(truth[given[:, k], k]) for k, label in enumerate(head.labels)}


def _kinds_given(head: Head, rows: Sequence[LabelledText], sources: Sources) -> Flags:
    """Return the kinds that posts get, which their sentences may take back."""
    folders = [sources.heads] if sources.heads else []
    others = {name: Head.load(find(name, *folders)) for name in LABELS if name != head.name}
    tags = HeadTagger({**others, head.name: head}).tag(texts_of(rows, sources))
    return np.array([[kind in tag.kinds for kind in head.labels] for tag in tags])


def recipe_of(name: str, encoder: str, *, seed: int = 0, aim: float = AIM) -> Recipe:
    """Return how a head is fitted."""
    return Recipe(
        name,
        LABELS[name],
        exclusive=name in EXCLUSIVE,
        encoder=encoder,
        precision=aim,
        floor=FLOORS.get(name, 0.0),
        alpha=1e-4 if name in ("sentiment", TONE) else 1e-3,
        seed=seed,
    )


def save(head: Head, folder: Path) -> dict[str, Any]:
    """Write a head with its card, as JSON and as a page; returns the card."""
    head.save(folder)
    card: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
    (folder / "card.md").write_text(as_markdown(card), "utf-8")
    return card
