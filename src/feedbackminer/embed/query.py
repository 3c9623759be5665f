"""A question as a vector, without what only a whole run needs."""

from __future__ import annotations

from functools import cache

import numpy as np

from feedbackminer.embed.bi_encoder import BiEncoder
from feedbackminer.embed.encoder import BUNDLED, Vectors
from feedbackminer.embed.load import load_encoder
from feedbackminer.embed.reader import load_reader
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.text.legible import legible


def encode_question(text: str, settings: EmbedSettings) -> Vectors:
    """Return the unit vector of a question, by the encoder that read the posts.

    Raises:
        SettingsError: the encoder cannot be loaded.
    """
    bundled = _bundled() if settings.model == BUNDLED else None
    vectors: Vectors = (
        load_encoder(settings).encode([text]).vectors
        if bundled is None
        else bundled.encode([legible(text)])
    )
    vector: Vectors = vectors[0]
    return vector


@cache
def _bundled() -> BiEncoder | None:
    """Return the bundled encoder, which tells the same vectors, without sentence-transformers.

    Importing that takes four seconds, and of its features a question needs none.
    """
    reader = load_reader()
    return BiEncoder(reader.layers, np.zeros(2, np.float32)) if reader else None
