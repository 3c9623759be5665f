"""A real encoder that knows nothing and is quick: one thin layer, drawn by chance."""

from __future__ import annotations

from pathlib import Path

from feedbackminer.embed.backends.bert import model_path
from feedbackminer.embed.encoder import BUNDLED

SEED = 20_260_705


def save_tiny_encoder(folder: Path) -> str:
    """Write a sentence-transformers model into a folder and return its path."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(SEED)
    tokenizer = AutoTokenizer.from_pretrained(model_path(BUNDLED))
    size = BertConfig(
        vocab_size=len(tokenizer), hidden_size=48, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=48,
    )  # fmt: skip
    BertModel(size).save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    words = Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[words, Pooling(48)], device="cpu").save(str(folder / "small"))
    return str(folder / "small")
