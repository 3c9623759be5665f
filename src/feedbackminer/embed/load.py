"""Choose the encoder that the settings name."""

from __future__ import annotations

from functools import cache

from feedbackminer.embed.backends.torch import SentenceEncoder
from feedbackminer.embed.encoder import Encoder
from feedbackminer.settings.sections import EmbedSettings


@cache
def load_encoder(settings: EmbedSettings) -> Encoder:
    return SentenceEncoder(settings)


def encoder_name(settings: EmbedSettings) -> str:
    return SentenceEncoder(settings).name
