"""Encoders of sentence-transformers, on torch; the weights of a model are kept once a process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from feedbackminer.embed.backends.bert import model_path
from feedbackminer.embed.encoder import BUNDLED, NO_STATES, Encoded, Vectors
from feedbackminer.embed.passages import Passage, read_passages
from feedbackminer.embed.reader import Reader, load_reader, tune
from feedbackminer.errors import SettingsError
from feedbackminer.settings.sections import EmbedSettings


class SentenceEncoder:
    """A sentence-transformers model, loaded at its first use."""

    def __init__(self, settings: EmbedSettings, name: str) -> None:
        self.settings = settings
        self.name = name

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encode longest first, so that a batch holds texts of like length and little padding."""
        if not len(texts):
            return Encoded(np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32))
        model = _load(self.settings.model, self.settings.max_tokens, self.settings.threads)
        passages = list(read_passages(texts))
        order = sorted(range(len(passages)), key=lambda row: -len(passages[row].text))

        rows: list[_Row] = [_Row(NO_STATES, NO_STATES, NO_STATES)] * len(passages)
        for start in range(0, len(order), self.settings.batch_size):
            batch = order[start : start + self.settings.batch_size]
            encoded = model.encode([passages[row] for row in batch])
            for row, result in zip(batch, encoded, strict=True):
                rows[row] = result
        return Encoded(
            np.stack([row.vector for row in rows]),
            np.stack([row.layer_mean for row in rows]),
            tuple(row.sentences for row in rows),
        )


@dataclass(frozen=True)
class _Row:
    """What is told of one text."""

    vector: Vectors
    layer_mean: Vectors
    sentences: Vectors


@dataclass(frozen=True)
class _Model:
    """A loaded model, and what tunes it to tags, where something does."""

    model: Any
    reader: Reader | None

    def encode(self, passages: Sequence[Passage]) -> list[_Row]:
        """Encode one batch."""
        from sentence_transformers.util import batch_to_device
        from torch import nn, no_grad

        model = self.model
        prefix = model.prompts.get(model.default_prompt_name or "", "")
        texts = [prefix + passage.text for passage in passages]
        with no_grad():
            features = model(batch_to_device(model.preprocess(texts), model.device))
            unit = nn.functional.normalize(features["sentence_embedding"], dim=1)
            vectors = unit.cpu().numpy()
            if "all_layer_embeddings" not in features:  # a model without layers
                return [_Row(vector, NO_STATES[:0, 0], NO_STATES) for vector in vectors]

            states = sum(features["all_layer_embeddings"][1:])
            states = (states / (len(features["all_layer_embeddings"]) - 1)).cpu().numpy()
            is_token = features["attention_mask"].cpu().numpy().astype(bool)

        ends = self._ends(texts) if self.reader else None
        return [
            _Row(
                vector=vectors[row],
                layer_mean=states[row, is_token[row]].mean(axis=0),
                sentences=self.reader.sentences(states[row], ends[row], passage.spans)
                if self.reader and ends is not None
                else NO_STATES,
            )
            for row, passage in enumerate(passages)
        ]

    def _ends(self, texts: Sequence[str]) -> Any:
        """Return where each token ends in its text, shape (texts, tokens); 0: it is none of it."""
        tokens = self.model.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self.model.max_seq_length,
            return_offsets_mapping=True,
            return_tensors="np",
        )
        return tokens["offset_mapping"][:, :, 1]


@cache
def _load(name: str, max_tokens: int, threads: int) -> _Model:
    """Load a model with room for ``max_tokens``; encoders that differ in batches alone share it."""
    path = model_path(name)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # the stage has a bar of its own
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a second pool would fight torch's
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(threads or os.cpu_count() or 1)
    try:
        model: Any = SentenceTransformer(path, device=None if torch.cuda.is_available() else "cpu")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"[embed] model = {name!r}: cannot be loaded: {str(error)[:300]}; "
            f"want {BUNDLED!r}, a folder, or a model that is in the local cache"
        ) from error
    model.max_seq_length = min(max_tokens, model.max_seq_length or max_tokens)
    model.eval()
    if not hasattr(model[0], "auto_model"):
        return _Model(model, None)
    model[0].auto_model.config.output_hidden_states = True
    reader = load_reader() if name == BUNDLED else None
    if reader:
        tune(model[0].auto_model, reader.layers)
    return _Model(model, reader)
