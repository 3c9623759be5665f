"""The encoder that the settings ask for; one of equal settings serves the whole process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from feedbackminer.embed.encoder import BUNDLED, Encoder
from feedbackminer.embed.reader import reader_hash
from feedbackminer.settings.sections import EmbedSettings

_DIGITS = 8  # of the reader's hash


@cache
def load_encoder(settings: EmbedSettings) -> Encoder:
    """Return the encoder, whose model is loaded at its first use."""
    from feedbackminer.embed.backends.torch import SentenceEncoder

    return SentenceEncoder(settings, encoder_name(settings))


def encoder_name(settings: EmbedSettings) -> str:
    """Return what the encoder is called in the store; nothing is loaded for it."""
    tuned = reader_hash()[:_DIGITS] if settings.model == BUNDLED else ""
    return f"{Path(settings.model).name}{tuned and f'+{tuned}'}@{settings.max_tokens}"
