"""The models of a project, each loaded at its first use and then once a process."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feedbackminer.errors import OtherEncoderError
from feedbackminer.shipped import STATIC

if TYPE_CHECKING:
    from pathlib import Path

    from spacy.language import Language

    from feedbackminer.embed.encoder import Encoder
    from feedbackminer.engine.stage import ModelName
    from feedbackminer.settings.sections import Settings
    from feedbackminer.tagging.tagger import Tagger


@dataclass(frozen=True)
class Models:
    """Encoder, tagger and spaCy pipeline, as the settings name them.

    Attributes:
        heads: folder of heads that were trained on the project; they go before the shipped ones.
    """

    settings: Settings
    heads: Path

    def names(self, wanted: Sequence[ModelName]) -> list[str]:
        """Return the names of models, which change with what they would give.

        Heads are read for theirs; encoder and spaCy pipeline are not loaded.
        """
        from feedbackminer.text.nlp import pipeline_name

        name_of = {
            "encoder": lambda: self.encoder_name,
            "tagger": lambda: self.tagger.name,
            "nlp": pipeline_name,
        }
        return [name_of[name]() for name in wanted]

    @property
    def encoder_name(self) -> str:
        """Return the name that vectors are kept under; loads nothing."""
        from feedbackminer.embed.load import encoder_name

        return encoder_name(self.settings.embed)

    @property
    def encoder(self) -> Encoder:
        """Return the encoder; its weights are loaded when it first encodes."""
        from feedbackminer.embed.load import load_encoder

        return load_encoder(self.settings.embed)

    @property
    def tagger(self) -> Tagger:
        """Return the project's own heads, else those that were shipped; else rules.

        Raises:
            ModelError: a head is damaged.
        """
        return self._choose_tagger()[0]

    @property
    def tagger_notices(self) -> tuple[str, ...]:
        """Return why rules stand in for heads, where they do."""
        return self._choose_tagger()[1]

    @property
    def nlp(self) -> Language:
        """Return the English pipeline, or a blank one where none is installed."""
        from feedbackminer.text.nlp import load_spacy

        return load_spacy()[0]

    def _choose_tagger(self) -> tuple[Tagger, tuple[str, ...]]:
        if own := self.settings.tag.tagger:
            from feedbackminer.tagging.own_tagger import load_own_tagger

            return load_own_tagger(own), ()
        return choose_tagger(self.encoder_name, self.heads)


def choose_tagger(encoder: str, heads: Path) -> tuple[Tagger, tuple[str, ...]]:
    """Return what tags texts of an encoder, and why it is rules where it is no head.

    Raises:
        ModelError: a head is damaged.
    """
    from feedbackminer.tagging.head_tagger import load_tagger
    from feedbackminer.tagging.rule_tagger import RuleTagger

    try:
        return load_tagger(encoder, heads), ()
    except OtherEncoderError as error:
        why = f"{error}; until then"
        if encoder.startswith(STATIC):
            why = f"no head can read what encoder {encoder!r} tells; so"
        notice = f"{why} kinds are found by rules and sentiment by a lexicon"
        return RuleTagger(), (notice,)


def loader_of(name: ModelName) -> Callable[..., Any]:
    """Return what loads a model: all of the model's code is reached from it."""
    from feedbackminer.embed.load import load_encoder
    from feedbackminer.text.nlp import load_spacy

    loaders: dict[str, Callable[..., Any]] = {
        "encoder": load_encoder,
        "tagger": choose_tagger,
        "nlp": load_spacy,
    }
    loader: Callable[..., Any] = inspect.unwrap(loaders[name])
    return loader
