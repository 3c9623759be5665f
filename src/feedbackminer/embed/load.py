"""The encoder that the settings ask for; one of equal settings serves the whole process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from feedbackminer.embed.encoder import Encoder
from feedbackminer.settings.sections import EmbedSettings


@cache
def load_encoder(settings: EmbedSettings) -> Encoder:
    """Return the encoder, whose model is loaded at its first use."""
    from feedbackminer.embed.backends.torch import SentenceEncoder

    return SentenceEncoder(settings, encoder_name(settings))


def encoder_name(settings: EmbedSettings) -> str:
    """Return what the encoder is called in the store; nothing is loaded for it."""
    return f"{Path(settings.model).name}@{settings.max_tokens}"
