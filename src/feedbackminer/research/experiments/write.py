"""Write an experiment to begin with."""

from __future__ import annotations

from pathlib import Path

import tomlkit

from feedbackminer.errors import InputError
from feedbackminer.research.experiments.methods import CAN_VARY
from feedbackminer.research.experiments.spec import BASELINES, parse_spec

BESIDE = {"topics": ["kmeans", "nmf"], "sentiment": ["majority", "vader"], "kind": ["majority"]}
ENCODERS = {"topics": ["auto", "static"]}  # heads know the default one alone, however it computes
USUAL = ["int8", "fp32"]


def write_spec(path: Path, *, data: str, stage: str, text: str, label: str) -> None:
    """Write an experiment over some texts.

    Raises:
        InputError: there is a file already, or it cannot be written.
    """
    source = Path(data)
    where = str(source.resolve())
    columns = {"text": text} | ({"label": label} if label else {})
    is_project = (source / "tables").is_dir()
    values = {
        "question": "Does the second encoder do as well for our posts as the first one?",
        "stage": stage,
        "seeds": [0, 1, 2] if stage in CAN_VARY else [0],
        "baselines": BESIDE.get(stage, []),
        "data": {"project": where} if is_project else {"path": where, **columns},
        "matrix": {"embed.backend": ENCODERS.get(stage, USUAL)},
    }
    parse_spec(values, "experiment")
    document = tomlkit.document()
    document.add(tomlkit.comment(f"baselines of {stage}: {', '.join(BASELINES[stage])}"))
    document.update(values)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(tomlkit.dumps(document))
    except FileExistsError:
        raise InputError(f"{path}: is there already; name another with --out") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
