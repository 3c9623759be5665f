"""Write an experiment to begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import tomlkit

from feedbackminer.errors import InputError
from feedbackminer.research.experiments.spec import (
    BASELINES,
    CAN_VARY,
    OF_FILES,
    OF_PROJECT,
    Value,
    parse_spec,
)

BESIDE = {
    "topics": ["kmeans", "nmf"],
    "sentiment": ["majority", "vader"],
    "kind": ["majority"],
    "kinds": ["rules"],
    "key_points": ["words"],
    "links": ["before"],
    "answers": ["first"],
}
QUESTIONS = {
    "links": "Are we better than taking the post before?",
    "answers": "Are we better than taking the first answer?",
    "changes": "How often is a change shown where there is none, and how often found?",
    "alerts": "How often is an alert raised over nothing, and how often where something rises?",
    "outcomes": "How often is an outcome told of nothing, and how often is a halving found?",
    "masking": "How much of what is personal is masked, and what else?",
}
QUESTION = "Does the second encoder do as well for our posts as the first one?"
VARIED: Mapping[str, Mapping[str, Sequence[Value]]] = {
    "topics": {"embed.backend": ["auto", "static"]},
    "links": {},
    "answers": {},
    "masking": {},
    "changes": {"insight.false_alarms": [0.05, 0.2]},
    "alerts": {"alerts.false_alarms": [0.05, 0.2]},
    "outcomes": {"insight.confidence": [0.9, 0.95]},
}
USUAL = {"embed.backend": ["int8", "fp32"]}  # heads know one encoder alone, however it computes


def write_spec(path: Path, *, data: str, stage: str, text: str, label: str) -> None:
    """Write an experiment over some texts.

    Raises:
        InputError: there is a file already, or it cannot be written.
    """
    source = Path(data)
    where = str(source.resolve())
    columns = {"text": text} | ({"label": label} if label else {})
    if stage in OF_FILES:
        columns = {}
    is_project = (source / "tables").is_dir() or stage in OF_PROJECT
    values = {
        "question": QUESTIONS.get(stage, QUESTION),
        "stage": stage,
        "seeds": [0, 1, 2] if stage in CAN_VARY else [0],
        "baselines": BESIDE.get(stage, []),
        "data": {"project": where} if is_project else {"path": where, **columns},
        "matrix": VARIED.get(stage, USUAL),
    }
    parse_spec(values, "experiment")
    document = tomlkit.document()
    baselines = ", ".join(BASELINES[stage]) or "none"
    document.add(tomlkit.comment(f"baselines of {stage}: {baselines}"))
    document.update(values)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(tomlkit.dumps(document))
    except FileExistsError:
        raise InputError(f"{path}: is there already; name another with --out") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
