"""Run an experiment: every variant and baseline with every seed, each once, and what came out."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from feedbackminer.embed.encoder import Encoder
from feedbackminer.embed.load import encoder_name, load_encoder
from feedbackminer.engine.fingerprint import code_hash
from feedbackminer.errors import InputError
from feedbackminer.research.experiments.cache import Remembering
from feedbackminer.research.experiments.cells import (
    CELLS,
    Cell,
    cell_path,
    read_cell,
    write_cell,
)
from feedbackminer.research.experiments.data import Items, read_items
from feedbackminer.research.experiments.links import read_answers, read_links
from feedbackminer.research.experiments.manifest import (
    Manifest,
    differences,
    make_manifest,
    manifest_id,
    read_manifest,
    write_manifest,
)
from feedbackminer.research.experiments.matches import read_matches
from feedbackminer.research.experiments.measures import MEASURES, Outcome
from feedbackminer.research.experiments.methods import (
    METHODS,
    OURS,
    is_installed,
    models_of,
    words_of,
)
from feedbackminer.research.experiments.parts import (
    ALL,
    SEEDS,
    TIME,
    Part,
    parts_of,
    spread_out,
    steadiness,
)
from feedbackminer.research.experiments.planted import read_days, read_histories
from feedbackminer.research.experiments.sets import read_cases, read_kinds
from feedbackminer.research.experiments.spec import (
    CAN_VARY,
    TOPICS,
    Spec,
    Value,
    parse_spec,
    read_spec,
)
from feedbackminer.research.experiments.task import Task
from feedbackminer.settings.sections import hash_settings

RESULTS, VECTORS = "results.parquet", "vectors"
RESULT_COLUMNS: Mapping[str, Any] = {
    "experiment": pl.String,
    "stage": pl.String,
    "method": pl.String,
    "variant": pl.String,
    "seed": pl.Int64,
    "measure": pl.String,
    "value": pl.Float64,
    "n": pl.Int64,
}
OF_ALL_SEEDS = -1  # in place of a seed
Tell = Callable[[str], None]


def _read_texts(spec: Spec, folder: Path) -> Items:
    return read_items(spec.data, folder)


# What a stage reads, where it is not single texts.
READERS: Mapping[str, Callable[[Spec, Path], Items]] = {
    "key_points": read_matches,
    "links": read_links,
    "answers": read_answers,
    "changes": read_histories,
    "alerts": read_histories,
    "outcomes": read_days,
    "kinds": read_kinds,
    "masking": read_cases,
}


@dataclass(frozen=True)
class Experiment:
    """An experiment with its texts, ready to run.

    Attributes:
        notices: what the reader of its results should know.
    """

    name: str
    spec: Spec
    items: Items
    manifest: Manifest
    notices: tuple[str, ...]

    @property
    def gold(self) -> list[str]:
        """Return the label of each text, "" where it has none."""
        return self.items.frame["label"].to_list()

    def of_part(self, part: Part) -> tuple[pl.DataFrame, list[list[str]]]:
        """Return the rows of a part, and the words of each (none where there are no topics)."""
        rows = part.rows(len(self.items.frame)).tolist()
        words = [self.words[row] for row in rows] if self.words else []
        return self.items.frame[rows], words

    def task(self, cell: Cell, encoder: Encoder) -> Task:
        """Return what a method is given."""
        rows, words = self.of_part(cell.part)
        ids, texts, gold = (rows[name].to_list() for name in ("item", "text", "label"))
        sizes = self.spec.histories, self.spec.members
        return Task(ids, texts, words, gold, cell.settings, cell.seed, encoder, self.items, *sizes)

    @cached_property
    def words(self) -> list[list[str]]:
        """Return the words of each text, where the stage has topics."""
        texts = self.items.frame["text"].to_list()
        return words_of(texts) if self.spec.stage == TOPICS else []

    def outcome(self, folder: Path, cell: Cell) -> Outcome:
        """Read the outcome of a cell from the results.

        Raises:
            OSError: it is not there.
        """
        rows, words = self.of_part(cell.part)
        return read_cell(cell_path(folder, cell), rows["label"].to_list(), words)

    @property
    def titles(self) -> list[str]:
        """Return what is compared: combinations as the matrix has them, then baselines."""
        baselines = filter(is_installed, self.spec.baselines)
        return [*(variant.name for variant in self.spec.variants()), *baselines]

    def cells(self) -> Iterator[Cell]:
        """Yield all there is to do; what shares an encoder stands together."""
        seeds = self.spec.seeds if self.spec.stage in CAN_VARY else self.spec.seeds[:1]
        variants = sorted(self.spec.variants(), key=lambda v: encoder_name(v.settings.embed))
        for variant in variants:
            yield from (Cell(OURS, variant, seed) for seed in seeds)
        first = next(self.spec.variants())
        for name in filter(is_installed, self.spec.baselines):
            yield from (Cell(name, first, seed) for seed in seeds)

    def parts(self) -> Iterator[Cell]:
        """Yield what is done again with parts of the texts: each line, with its first seed."""
        first = (cell for cell in self.cells() if cell.seed == self.spec.seeds[0])
        for cell in first:
            for part in parts_of(self.spec.samples, self.spec.moments):
                yield replace(cell, part=part)


def prepare(
    path: Path, *, data: str = "", overrides: Mapping[str, Value] | None = None
) -> Experiment:
    """Read an experiment and its texts.

    Args:
        path: of its file; or a manifest, which is then repeated as it was.
        data, overrides: see :func:`spec.read_spec`.
    Raises:
        InputError: something is wrong with it, its texts cannot be read, or what a manifest was
            made of is not what is here.
    """
    if path.is_dir() or path.suffix == ".json":
        if data or overrides:
            raise InputError(
                f"{path}: is repeated as it was, without --data and --set; for something else run "
                "the experiment's own file"
            )
        return experiment_of(read_manifest(path), str(path), is_repeated=True)
    spec = read_spec(path, data=data, overrides=overrides)
    return _experiment(path.stem, spec, Path() if data else path.parent)


def experiment_of(old: Manifest, where: str, *, is_repeated: bool = False) -> Experiment:
    """Return the experiment that a manifest is of, with its texts.

    Args:
        is_repeated: it is to be done again, so that models, code and packages must be the same;
            else only texts.
    Raises:
        InputError: what it was made of is not what is here.
    """
    spec = parse_spec(old["spec"], where)
    experiment = _experiment(old["experiment"], spec, Path(old["folder"]))
    changed = differences(old, experiment.manifest) if is_repeated else []
    if old["data"]["hash"] != experiment.items.hash:
        changed.append("its texts or their labels are no longer what they were")
    if changed:
        raise InputError(f"{where}: not all is as it was:\n" + "\n".join(dict.fromkeys(changed)))
    return experiment


def _experiment(name: str, spec: Spec, folder: Path) -> Experiment:
    items = READERS.get(spec.stage, _read_texts)(spec, folder)
    methods = [METHODS[spec.stage][method] for method in (OURS, *spec.baselines)]
    manifest = make_manifest(
        spec.model_dump(mode="json", exclude_defaults=True),
        name=name,
        folder=folder,
        data={"hash": items.hash, "n": len(items.frame), "versions": dict(items.versions)},
        models={v.name: models_of(spec.stage, v.settings) for v in spec.variants()},
        settings={v.name: hash_settings(v.settings) for v in spec.variants()},
        code=code_hash(*methods, measure),
    )
    missing = [name for name in spec.baselines if not is_installed(name)]
    notices = [*items.notices, *(f"{name} is not installed, and left out" for name in missing)]
    if spec.stage not in CAN_VARY and len(spec.seeds) > 1:
        notices.append(f"the stage {spec.stage} has no seed: each variant is done once")
    return Experiment(name, spec, items, manifest, tuple(notices))


def run(experiment: Experiment, out: Path, tell: Tell = lambda _: None) -> Path:
    """Do what is not done yet, and write results and reports; return their folder.

    The folder is named by the manifest, so that no other outcome is overwritten; an interrupted
    run goes on there. Vectors are shared by all experiments of ``out``.

    Raises:
        InputError: it cannot be written, or a plug-in fails.
    """
    from feedbackminer.research.experiments.report import write_report

    folder = out / f"{experiment.name}-{manifest_id(experiment.manifest)}"
    try:
        (folder / CELLS).mkdir(parents=True, exist_ok=True)
        write_manifest(experiment.manifest, folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None

    cells = [*experiment.cells(), *experiment.parts()]
    _do_cells(experiment, cells, folder, out / VECTORS, tell)
    outcomes = [(cell, experiment.outcome(folder, cell)) for cell in cells]
    results = measure(experiment, outcomes)
    results.write_parquet(folder / RESULTS)
    write_report(experiment, results, folder)
    return folder


def _do_cells(
    experiment: Experiment, cells: Sequence[Cell], folder: Path, vectors: Path, tell: Tell
) -> None:
    encoders: dict[str, Remembering] = {}
    for number, cell in enumerate(cells, 1):
        path = cell_path(folder, cell)
        if path.exists():
            continue
        told = [cell.title, f"seed {cell.seed}", *filter(None, [cell.part.title])]
        tell(f"{number} of {len(cells)}: {', '.join(told)} …")
        settings = cell.settings
        name = encoder_name(settings.embed)
        if name not in encoders:
            encoders[name] = Remembering(load_encoder(settings.embed), vectors)
        began = time.perf_counter()
        task = experiment.task(cell, encoders[name])
        outcome = METHODS[experiment.spec.stage][cell.method](task)
        write_cell(cell, outcome, path, time.perf_counter() - began)


def measure(experiment: Experiment, outcomes: Sequence[tuple[Cell, Outcome]]) -> pl.DataFrame:
    """Return the tidy table of results: a row for each cell and measure; nan becomes null."""
    spec = experiment.spec
    rows = []

    def add(cell: Cell, seed: int, name: str, value: float, n: int) -> None:
        of_cell = (cell.method, cell.variant.name if cell.method == OURS else "", seed)
        rows.append((experiment.name, spec.stage, *of_cell, name, value, n))

    def is_wanted(name: str) -> bool:
        return name in spec.measures if spec.measures else True

    for cell, outcome in outcomes:
        if cell.part != ALL:
            continue
        for name, of in MEASURES.items():
            if spec.stage in of.stages and is_wanted(name) and of.can_measure(outcome):
                n = len(outcome.judged.gold) if "gold" in of.needs else len(outcome.gold)
                add(cell, cell.seed, name, of.of(outcome), n)
    for (name, _), cells in _to_compare(experiment, outcomes).items():
        if is_wanted(name) and len(cells) > 1:
            n = len(experiment.items.frame)
            fits = [spread_out(outcome.given, cell.part, n) for cell, outcome in cells]
            add(cells[0][0], OF_ALL_SEEDS, name, steadiness(name, fits), n)
    frame = pl.DataFrame(rows, schema=RESULT_COLUMNS, orient="row")
    return frame.with_columns(pl.col("value").fill_nan(None))


Done = tuple[Cell, Outcome]


def _to_compare(
    experiment: Experiment, outcomes: Sequence[Done]
) -> dict[tuple[str, str], list[Done]]:
    """Return, for each stability and line, the fits that are held to each other."""
    found: dict[tuple[str, str], list[Done]] = {}
    if experiment.spec.stage != TOPICS:
        return found
    for cell, outcome in outcomes:
        found.setdefault((cell.part.of or SEEDS, cell.title), []).append((cell, outcome))
    for (of, title), cells in found.items():
        if of == TIME:
            cells.append(found[SEEDS, title][0])  # all texts are those up to the last moment
    return found
