"""An encoder of the user's own: a class with ``encode(texts)`` that returns a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from feedbackminer.embed.encoder import Encoded
from feedbackminer.errors import ModelError
from feedbackminer.plugins import make_plugin
from feedbackminer.vectors import unit

SETTING, WANTS = "[embed] model", "encode"


class OwnEncoder:
    """Asks a plug-in, which is made at the first use, and scales what it returns to length one."""

    def __init__(self, path: str, name: str) -> None:
        self.name = name
        self._path = path
        self._encoder: Any = None

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a row per text, in order.

        Raises:
            ModelError: the plug-in raises, or returns something else than a row of numbers a text.
        """
        if not len(texts):
            return Encoded(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        if self._encoder is None:
            self._encoder = make_plugin(self._path, SETTING, WANTS)
        try:
            vectors = np.asarray(self._encoder.encode(list(texts)), np.float32)
        except Exception as error:
            raise ModelError(f"encoder {self._path!r}: {type(error).__name__}: {error}") from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise ModelError(
                f"encoder {self._path!r}: want a row of finite numbers for each of {len(texts)} "
                f"texts, got shape {vectors.shape}"
            )
        return Encoded(unit(vectors), vectors[:, :0])
