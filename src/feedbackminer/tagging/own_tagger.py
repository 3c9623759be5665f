"""A tagger of the user's own: a class with ``tag(texts)``, as :class:`tagging.tagger.Tagger`.

What it does not have, such as how a single clause sounds, is told by rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from feedbackminer.errors import ModelError
from feedbackminer.plugins import make_plugin, plugin_name
from feedbackminer.tagging.features import Matrix
from feedbackminer.tagging.rule_tagger import RuleTagger
from feedbackminer.tagging.tagger import Sentiment, Tag, Text

SETTING, WANTS = "[tag] tagger", "tag"


@cache
def load_own_tagger(path: str) -> OwnTagger:
    """Return the tagger of an import path, made once a process."""
    return OwnTagger(path)


class OwnTagger:
    """Asks a plug-in, and rules for what that does not tell."""

    cards: Mapping[str, Mapping[str, Any]] = {}

    def __init__(self, path: str) -> None:
        self.name = plugin_name(path, SETTING, WANTS)
        self._path = path
        self._own = make_plugin(path, SETTING, WANTS)
        self._rules = RuleTagger()

    def tag(self, texts: Sequence[Text]) -> Iterator[Tag]:
        """Yield one tag per text, in order.

        Raises:
            ModelError: the plug-in raises, or does not return a tag a text.
        """
        try:
            tags = list(self._own.tag(texts))
        except Exception as error:
            raise ModelError(f"tagger {self._path!r}: {type(error).__name__}: {error}") from error
        if len(tags) != len(texts) or not all(isinstance(tag, Tag) for tag in tags):
            raise ModelError(
                f"tagger {self._path!r}: want a Tag for each of {len(texts)} texts, got {len(tags)}"
            )
        yield from tags

    def sentence_sentiment(self, sentences: Sequence[str]) -> list[Sentiment]:
        """Return how each sentence sounds."""
        return self._rules.sentence_sentiment(sentences)

    def sentence_status(self, sentences: Sequence[str], states: Matrix, /) -> list[str]:
        """Return how each sentence speaks of what it speaks of."""
        return self._rules.sentence_status(sentences, states)

    def headlines(self, sentences: Sequence[str], layer_means: Matrix, /) -> Matrix:
        """Return what sentences could head a digest with."""
        return self._rules.headlines(sentences, layer_means)
