"""The encoder that the settings ask for; one of equal settings serves the whole process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from feedbackminer.embed.encoder import BUNDLED, Encoder, Engine
from feedbackminer.embed.reader import reader_hash
from feedbackminer.errors import ModelError, SettingsError
from feedbackminer.plugins import is_plugin, plugin_name
from feedbackminer.settings.sections import EmbedSettings
from feedbackminer.shipped import STATIC, shipped
from feedbackminer.weights import hash_of_card

_DIGITS = 8  # of the hash of weights
ENGINES: tuple[Engine, ...] = ("int8", "fp32", "numpy")  # the quickest first
_GPU = Path("/dev/nvidia0")  # whether it is worth while to import torch and ask it


@dataclass(frozen=True)
class Backend:
    """What computes the vectors, and why it is this.

    Attributes:
        is_second_best: whether it stands in for one that cannot be relied on here.
    """

    name: Engine | Literal["torch", "static", "own"]
    why: str
    is_second_best: bool = False

    @property
    def engine(self) -> Engine:
        """Return what computes models beside the encoder, which all have its layers."""
        if self.name == "torch" or self.name == "static" or self.name == "own":
            return "fp32"
        return self.name


@cache
def load_encoder(settings: EmbedSettings) -> Encoder:
    """Return the encoder, whose model is loaded at its first use."""
    backend, name = backend_of(settings), encoder_name(settings)
    if backend.name == "torch":
        from feedbackminer.embed.backends.torch import SentenceEncoder

        return SentenceEncoder(settings, name)
    if backend.name == "static":
        from feedbackminer.embed.backends.static import StaticEncoder

        return StaticEncoder(name, max_tokens=settings.max_tokens)
    if backend.name == "own":
        from feedbackminer.embed.backends.own import OwnEncoder

        return OwnEncoder(settings.model, name)
    from feedbackminer.embed.backends.bundled import BundledEncoder

    return BundledEncoder(
        name, backend.name, max_tokens=settings.max_tokens, threads=settings.threads
    )


def encoder_name(settings: EmbedSettings) -> str:
    """Return what the encoder is called in the store.

    What is computed in floats is called alike, whatever computes it; see :func:`weights.weights_of`
    for the part that names the weights.
    """
    backend = backend_of(settings).name
    if backend == "static":
        return f"{STATIC}+{hash_of_card(shipped(STATIC))[:_DIGITS]}@{settings.max_tokens}"
    if backend == "own":
        from feedbackminer.embed.backends.own import SETTING, WANTS

        return f"{plugin_name(settings.model, SETTING, WANTS)}@{settings.max_tokens}"
    tuned = reader_hash()[:_DIGITS] if settings.model == BUNDLED else ""
    rounded = ":int8" if backend == "int8" else ""
    return f"{Path(settings.model).name}{tuned and f'+{tuned}'}@{settings.max_tokens}{rounded}"


@cache
def backend_of(settings: EmbedSettings) -> Backend:
    """Return what computes the vectors here.

    Raises:
        SettingsError: the settings name a backend that cannot be had.
    """
    if settings.model != BUNDLED:
        if is_plugin(settings.model) and settings.backend == "auto":
            return Backend("own", "[embed] model names a class of yours")
        if settings.backend not in ("auto", "torch"):
            raise SettingsError(
                f"[embed] backend = {settings.backend!r}: knows the model {BUNDLED!r} alone, got "
                f"model = {settings.model!r}; want backend = 'torch' or 'auto'"
            )
        return Backend("torch", f"other models than {BUNDLED} run there")
    if settings.backend == "torch":
        return Backend("torch", "[embed] backend says so")
    if settings.backend == "static":
        return _static()
    if settings.backend != "auto":
        return _on_processor(settings, [settings.backend])
    return Backend("torch", "there is a GPU") if _has_gpu() else _on_processor(settings, ENGINES)


def _static() -> Backend:
    from feedbackminer.embed.backends.static import load_words

    try:
        load_words()
    except ModelError as error:
        raise SettingsError(f"[embed] backend = 'static': {error}") from error
    return Backend(
        "static",
        "words are looked up and averaged; heads cannot read that, so tags come from rules and "
        "there are no key points",
    )


def _on_processor(settings: EmbedSettings, engines: Sequence[Engine]) -> Backend:
    """Return the first that can be relied on here."""
    from feedbackminer.embed.backends.bundled import load_transformer

    refusals: list[str] = []
    for engine in engines:
        try:
            transformer = load_transformer(engine, settings.max_tokens)
        except (ModelError, ImportError, OSError) as error:
            refusals.append(str(error))
        else:
            likeness = f"cosine {transformer.likeness:.3f} to the reference"
            return Backend(engine, "; ".join([*refusals, likeness]), bool(refusals))
    mend = "install the package again"
    if settings.backend != "auto":
        mend = "want 'auto', which takes what can be relied on here"
    raise SettingsError(f"[embed] backend = {settings.backend!r}: {'; '.join(refusals)}; {mend}")


def _has_gpu() -> bool:
    if not _GPU.exists() or not find_spec("torch"):
        return False
    import torch

    return torch.cuda.is_available()
