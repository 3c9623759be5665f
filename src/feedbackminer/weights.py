"""Arrays in ``weights.safetensors`` with a ``card.json`` beside them; neither can carry code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedbackminer.errors import ModelError

WEIGHTS, CARD = "weights.safetensors", "card.json"
HASH = "weights_sha256"  # in the card
Arrays = Mapping[str, NDArray[np.float32]]


def read_weights(folder: Path) -> dict[str, NDArray[np.float32]]:
    """Return the arrays of a folder, by name.

    Raises:
        ModelError: a file is missing or damaged, or the weights are not those of the card.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        expected = json.loads((folder / CARD).read_text("utf-8"))[HASH]
        data = (folder / WEIGHTS).read_bytes()
        if (actual := hashlib.sha256(data).hexdigest()) != expected:
            raise ModelError(
                f"{folder / WEIGHTS}: these are not the weights of its card (hash {actual[:12]}…, "
                f"the card says {str(expected)[:12]}…); install the package again"
            )
        return {name: array.astype(np.float32) for name, array in load(data).items()}
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"{folder}: cannot be read: {type(error).__name__}: {str(error)[:200]}; "
            "install the package again"
        ) from None


def write_weights(folder: Path, arrays: Arrays, card: Mapping[str, Any]) -> None:
    """Write arrays, as half floats, and card; the card gets the hash of the weights."""
    from safetensors.numpy import save

    folder.mkdir(parents=True, exist_ok=True)
    data = save({name: np.ascontiguousarray(a, np.float16) for name, a in arrays.items()})
    (folder / WEIGHTS).write_bytes(data)
    full = dict(card) | {HASH: hashlib.sha256(data).hexdigest()}
    (folder / CARD).write_text(json.dumps(full, indent=1, ensure_ascii=False) + "\n", "utf-8")


def hash_of_card(folder: Path) -> str:
    """Return the hash of weights as their card tells it; empty: there are none."""
    card = folder / CARD
    return str(json.loads(card.read_text("utf-8"))[HASH]) if card.is_file() else ""


def weights_of(encoder: str) -> str:
    """Return the part of an encoder's name that names its weights.

    What follows it says how they are computed with: heads that were trained on floats know what is
    computed in whole numbers as well.
    """
    return encoder.partition(":")[0]
