"""An experiment as a file: data, a stage, what varies, seeds, measures."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from feedbackminer.errors import InputError, suggest
from feedbackminer.research.experiments.measures import MEASURES
from feedbackminer.research.experiments.parts import STABILITIES
from feedbackminer.settings.load import load, merge
from feedbackminer.settings.sections import Settings

Stage = Literal[
    "topics", "sentiment", "kind", "kinds", "masking",
    "key_points", "links", "answers", "changes", "alerts", "outcomes",
]  # fmt: skip
TOPICS, MASKING = "topics", "masking"
OF_PROJECT = ("links", "answers", "changes", "alerts", "outcomes")  # that read a whole project
# That read files of a shape of their own: what else of the data they may be told.
OF_FILES: Mapping[str, tuple[str, ...]] = {"key_points": (), MASKING: ("split",)}
WITHOUT_MODELS = (*OF_PROJECT, MASKING)  # what a project holds was made before
ROWS = {
    "key_points": "arguments",
    "links": "posts",
    "answers": "threads",
    "changes": "histories",
    "alerts": "histories",
    "outcomes": "days",
}  # what is given something, where that is no text
CAN_VARY = ("topics", "changes", "alerts", "outcomes")  # whose outcome depends on the seed
SEED_KEY = "topics.seed"
BASELINES: Mapping[str, tuple[str, ...]] = {
    "topics": ("bertopic", "nmf", "lda", "kmeans", "turftopic"),
    "sentiment": ("majority", "vader", "rules"),
    "kind": ("majority", "rules"),
    "kinds": ("rules",),
    "masking": (),
    "key_points": ("words",),
    "links": ("before",),
    "answers": ("first",),
    "changes": (),
    "alerts": (),
    "outcomes": (),
}
Value = str | int | float | bool


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSpec(_Section):
    """Where the texts are; exactly one of ``path``, ``project``, ``loader``."""

    path: str = Field(default="", description="A file of any format that `import` reads")
    text: str = Field(default="text", description="Its column with the text")
    label: str = Field(default="", description="Its column with the label; empty: there is none")
    time: str = Field(default="", description="Its column of when the text was written")
    project: str = Field(default="", description="A mined project, of whose texts some are taken")
    since: date | None = Field(default=None, description="Of a project: first day")
    until: date | None = Field(default=None, description="Of a project: first day that is left out")
    loader: str = Field(default="", description="A public set: 20newsgroups, hf:NAME")
    split: str = Field(
        default="",
        description="Of a public set (train, if none is named), or of masking cases (all)",
    )
    texts: str = Field(
        default="",
        description="For kinds: the folder of the public sets whose posts `path` has labels of",
    )
    limit: int = Field(default=0, ge=0, description="Texts that are drawn at most; 0: all")
    labels: dict[str, str] = Field(
        default_factory=dict, description="A label of the data = what it is called here"
    )

    @model_validator(mode="after")
    def _check_one(self) -> DataSpec:
        named = [name for name in ("path", "project", "loader") if getattr(self, name)]
        if len(named) != 1:
            got = " and ".join(named) or "none of them"
            raise ValueError(f"want one of path, project, loader; got {got}")
        return self


class Spec(_Section):
    """One experiment; see docs/experiments.md."""

    question: str = Field(default="", description="What it is to answer, for the report")
    stage: Stage = Field(
        description="topics, sentiment, kind, kinds of texts; links, answers, changes, alerts, "
        "outcomes of a project; key_points of a folder of debates; masking of cases"
    )
    data: DataSpec
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Nested like feedbackminer.toml"
    )
    matrix: dict[str, Annotated[tuple[Value, ...], Field(min_length=1)]] = Field(
        default_factory=dict, description='What varies: "embed.backend" = ["int8", "static"]'
    )
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        default=(0,), description="Each variant is done once with each"
    )
    samples: int = Field(
        default=0,
        ge=0,
        description="Of four fifths of the texts, in which topics are found again, for "
        "stability_samples; 0: none",
    )
    moments: int = Field(
        default=0,
        ge=0,
        description="Up to which topics are found in what was there, for stability_time; 0: none",
    )
    histories: int = Field(
        default=50, ge=1, description="Without any change, and of each size that is planted"
    )
    members: int = Field(
        default=10,
        ge=1,
        description="Of changes and alerts: in a usual window, of what a change is planted in",
    )
    measures: tuple[str, ...] = Field(default=(), description="Empty: all that the data allow")
    baselines: tuple[str, ...] = Field(default=(), description="What stands beside, in every table")

    @field_validator("seeds")
    @classmethod
    def _check_seeds(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if twice := sorted({seed for seed in seeds if seeds.count(seed) > 1}):
            raise ValueError(f"seed {twice[0]} stands there twice, and would count twice")
        return seeds

    @model_validator(mode="after")
    def _check_names(self) -> Spec:
        known = [name for name, measure in MEASURES.items() if self.stage in measure.stages]
        known += STABILITIES if self.stage == TOPICS else []
        _refuse_unknown("measure", self.measures, known)
        _refuse_unknown("baseline", self.baselines, BASELINES[self.stage])
        topics = self.settings.get("topics")
        if SEED_KEY in self.matrix or (isinstance(topics, Mapping) and "seed" in topics):
            raise ValueError("topics.seed is set by `seeds`")
        return self

    @model_validator(mode="after")
    def _check_data(self) -> Spec:
        got, wanted = self.data.model_fields_set, "project" if self.stage in OF_PROJECT else "path"
        others = OF_FILES.get(self.stage, ())
        if self.stage in (*OF_PROJECT, *OF_FILES) and got - {*others} != {wanted}:
            only = f"data.{wanted} and {' or '.join(others) or 'nothing'} else"
            raise ValueError(f"stage {self.stage} wants {only}; got {', '.join(sorted(got))}")
        if "texts" in got and (self.stage != "kinds" or got != {"path", "texts"}):
            raise ValueError(
                "data.texts is for kinds, beside data.path alone; "
                f"got {', '.join(sorted(got))} for {self.stage}"
            )
        return self

    @model_validator(mode="after")
    def _check_parts(self) -> Spec:
        if (self.samples or self.moments) and self.stage != TOPICS:
            raise ValueError(f"samples and moments are for topics; got stage {self.stage}")
        if self.samples == 1:
            raise ValueError("want two samples at least: they are held to each other")
        if self.moments and not (self.data.time or self.data.project):
            raise ValueError("moments want data.time: the column of when a text was written")
        return self

    def variants(self) -> Iterator[Variant]:
        """Yield every combination of the matrix, in its order, with the settings of each."""
        for values in product(*self.matrix.values()):
            changed = dict(zip(self.matrix, values, strict=True))
            yield Variant(changed, self.settings_of(changed))

    def settings_of(self, changed: Mapping[str, Value]) -> Settings:
        """Return the settings of a variant.

        Raises:
            SettingsError: a key is unknown, or a value out of range.
        """
        overrides: dict[str, Any] = self.settings
        for key, value in changed.items():
            overrides = merge(overrides, nested(key, value))
        return load(None, overrides)


class Variant:
    """One combination of what varies."""

    def __init__(self, changed: Mapping[str, Value], settings: Settings) -> None:
        self.changed, self.settings = changed, settings

    @property
    def name(self) -> str:
        """Return what it is called in tables."""
        return variant_name(self.changed)


def variant_name(changed: Mapping[str, Value]) -> str:
    """Return ``key=value`` of all that varies; “ours” where nothing does."""
    return ", ".join(f"{key}={value}" for key, value in changed.items()) or "ours"


def nested(key: str, value: Any) -> dict[str, Any]:
    """Return ``{"topics": {"seed": 7}}`` of ``topics.seed`` and 7."""
    *parents, last = key.split(".")
    tree: dict[str, Any] = {last: value}
    for parent in reversed(parents):
        tree = {parent: tree}
    return tree


def read_spec(path: Path, *, data: str = "", overrides: Mapping[str, Value] | None = None) -> Spec:
    """Read an experiment.

    Args:
        data: in place of the ``path`` or ``project`` that the file names.
        overrides: settings that hold for all variants; what the matrix varies, it no longer does.
    Raises:
        InputError: no such file, no TOML, or something in it is not of the shape.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such experiment; `feedbackminer experiment init` writes one")
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as TOML: {error}") from None
    parse_spec(values, str(path))  # before anything in it is exchanged
    if data:
        values["data"] = _with_other_data(values["data"], data)
    for key, value in (overrides or {}).items():
        values.get("matrix", {}).pop(key, None)
        values["settings"] = merge(values.get("settings", {}), nested(key, value))
    return parse_spec(values, str(path))


def parse_spec(values: Mapping[str, Any], source: str) -> Spec:
    """Check an experiment.

    Raises:
        InputError: something in it is not of the shape.
    """
    try:
        return Spec(**values)
    except ValidationError as error:
        raise InputError("\n".join(_explain(source, one) for one in error.errors())) from None


def _with_other_data(values: Mapping[str, Any], data: str) -> dict[str, Any]:
    is_project = (Path(data) / "tables").is_dir()
    of_others = ("path", "project", "loader", "split", "texts")  # what told of the former data
    rest = {key: value for key, value in values.items() if key not in of_others}
    return rest | {"project" if is_project else "path": data}


def _refuse_unknown(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            hint = suggest(name, known, f"want one of {', '.join(known)}")
            raise ValueError(f"unknown {what} {name!r}; {hint}")


def _explain(source: str, error: Mapping[str, Any]) -> str:
    where = ".".join(map(str, error["loc"]))
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        fields = DataSpec.model_fields if error["loc"][0] == "data" else Spec.model_fields
        hint = suggest(str(error["loc"][-1]), fields, f"valid here: {', '.join(fields)}")
        return f"{source}: unknown key {where!r}; {hint}"
    if error["type"] == "literal_error" and error["loc"] == ("stage",):
        hint = suggest(str(error["input"]), BASELINES, f"want one of {', '.join(BASELINES)}")
        return f"{source}: unknown stage {error['input']!r}; {hint}"
    got = "" if isinstance(error["input"], dict) else f"; got {error['input']!r}"
    return f"{source}: {where + ': ' if where else ''}{message}{got}"
