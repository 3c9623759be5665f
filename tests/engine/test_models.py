"""Models: loaded once, however many runs a process does."""

from collections import Counter
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import spacy

from feedbackminer.embed import bi_encoder, load
from feedbackminer.embed.backends import bundled
from feedbackminer.tagging import head_tagger
from feedbackminer.tagging.heads import Head
from feedbackminer.text import nlp
from tests.support.command import SAMPLE, invoke, read_jsonl, write_jsonl


def counted(loader: Any, what: str, loads: Counter[str]) -> Any:
    def load(*args: Any, **options: Any) -> Any:
        loads[what] += 1
        return loader(*args, **options)

    return load


@pytest.mark.slow
def test_two_runs_of_one_process_load_each_model_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: Counter[str] = Counter()
    for home, name, what in (
        (onnxruntime, "InferenceSession", "encoder and matcher"),
        (spacy, "load", "spaCy"),
        (Head, "load", "heads"),
    ):
        monkeypatch.setattr(home, name, counted(getattr(home, name), what, loads))
    for cached in (
        *(bundled.load_transformer, load.backend_of, load.load_encoder, bi_encoder._tuned),
        *(nlp._trained, head_tagger._load),
    ):
        cached.cache_clear()
    for name in ("one", "other"):
        export = write_jsonl(tmp_path / f"{name}.jsonl", read_jsonl(SAMPLE)[:20])
        done = invoke(
            *("run", export, "--product", "Inkwren"),
            *("--project", tmp_path / name, "--out", tmp_path / f"digest-{name}"),
        )
        assert done.exit_code == 0, done.output
    assert loads == {"encoder and matcher": 2, "spaCy": 1, "heads": len(head_tagger.LABELS)}
