"""All that decides what comes out of an experiment, and what it was run on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from feedbackminer import __version__
from feedbackminer.errors import InputError
from feedbackminer.research.benchmarks.speed.machine import processor

FORMAT = 1
FILE = "manifest.json"
# What the outcome depends on; the rest of a manifest is for people.
DECIDING = ("format", "spec", "data", "models", "settings", "code", "feedbackminer", "packages")
# Packages that compute what is measured.
COMPUTING = (
    "bertopic", "graspologic-native", "hdbscan", "numpy", "onnxruntime", "polars", "scikit-learn",
    "scipy", "sentence-transformers", "spacy", "tokenizers", "torch", "turftopic", "umap-learn",
    "vadersentiment",
)  # fmt: skip
Manifest = Mapping[str, Any]


def make_manifest(
    spec: Mapping[str, Any],
    *,
    name: str,
    folder: Path,
    data: Mapping[str, Any],
    models: Mapping[str, Sequence[str]],
    settings: Mapping[str, str],
    code: str,
) -> Manifest:
    """Return the manifest of an experiment.

    Args:
        spec: as it was read, with what the command line changed.
        folder: that its relative paths start from.
        data: hash, number of texts, versions of tables.
        models: what those of each variant are called; names change with weights and plug-ins.
        settings: a hash of all settings of each variant, those of the environment among them.
    """
    return {
        "format": FORMAT,
        "experiment": name,
        "folder": str(folder.resolve()),
        "spec": spec,
        "data": data,
        "models": models,
        "settings": settings,
        "code": code,
        "feedbackminer": __version__,
        "packages": _packages(),
        "machine": {
            "system": platform.platform(),
            "processor": processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        },
    }


def manifest_id(manifest: Manifest) -> str:
    """Return a hash of all that decides what comes out."""
    decides = {key: manifest[key] for key in DECIDING}
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:12]


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write a manifest; the same one is always the same bytes."""
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", "utf-8")


def read_manifest(path: Path) -> Manifest:
    """Read a manifest, or that of a folder with results.

    Raises:
        InputError: there is none, or it is of another version.
    """
    file = path / FILE if path.is_dir() else path
    try:
        manifest = json.loads(file.read_text("utf-8"))
    except OSError:
        raise InputError(
            f"{path}: holds no {FILE}; `feedbackminer experiment run` writes one"
        ) from None
    except ValueError as error:
        raise InputError(f"{file}: cannot be read as JSON: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        got = manifest.get("format") if isinstance(manifest, dict) else None
        raise InputError(
            f"{file}: results of format {got!r}, and this version reads {FORMAT}; run the "
            "experiment again, into its own folder (nothing is overwritten)"
        )
    return manifest


def differences(old: Manifest, new: Manifest) -> list[str]:
    """Return what decides the outcome and is no longer what it was, in words."""
    told = []
    for key in DECIDING:
        if old[key] != new[key]:
            one, other = old[key], new[key]
            if isinstance(one, Mapping):
                keys = sorted(k for k in {*one, *other} if one.get(k) != other.get(k))
                told += [f"{key}.{k}: was {one.get(k)!r}, is {other.get(k)!r}" for k in keys]
            else:
                told.append(f"{key}: was {one!r}, is {other!r}")
    return told


def _packages() -> dict[str, str]:
    installed = {str(d.metadata["Name"]).lower(): d.version for d in distributions()}
    return {name: installed[name] for name in COMPUTING if name in installed}
