"""Who finds topics in the posts: each alone in a process of its own, as its users start it.

Nothing heavy is imported before the contender itself does. Peers get no help and no handicap: their
documented first example, with the bundled encoder's weights where it names an encoder, and with the
number of labels where it has to be told a number of topics. None of them is needed by us.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NONE = -1  # the number of a text that has no topic
SHOWN_BY_OBSEI = 5  # people; themes of fewer are hidden


@dataclass(frozen=True)
class Job:
    """What a contender is given.

    Attributes:
        export: posts, one JSON object a line, with ``id``, ``text``, ``author``, ``created_at``.
        n_labels: how many topics there are, for those who have to be told.
        threads: of whoever asks how many; 0: as many as it takes by itself.
        folder: what it may write in.
    """

    export: Path
    n_labels: int
    threads: int
    folder: Path

    def texts(self) -> list[str]:
        return [row["text"] for row in _lines(self.export)]


@dataclass
class Stages:
    """Seconds on the clock that parts of the work took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - began

    def watch(self, thing: object, method: str, name: str) -> None:
        """From now on count what a method of one object takes."""
        original = getattr(thing, method)

        def timed(*args: Any, **options: Any) -> Any:
            with self.of(name):
                return original(*args, **options)

        setattr(thing, method, timed)


@dataclass(frozen=True)
class Contender:
    """Something that finds topics.

    Attributes:
        title: what it is called in a table.
        package: what has to be installed.
        topics: returns the number of each text's topic, and counts its stages.
    """

    title: str
    package: str
    topics: Callable[[Job, Stages], Sequence[int]]

    def is_installed(self) -> bool:
        return find_spec(self.package) is not None


def _ours(job: Job, stages: Stages) -> Sequence[int]:
    """Do what ``feedbackminer topics fit`` does."""
    with stages.of("load"):
        from feedbackminer.api.files import fit_topics
        from feedbackminer.embed.load import load_encoder
        from feedbackminer.settings.load import load

        settings = load(None, {"embed": {"threads": job.threads}})
        encoder = load_encoder(settings.embed)
    stages.watch(encoder, "encode", "encode")
    out = job.folder / "topics.jsonl"
    with stages.of("all"):
        fit_topics(str(job.export), out, text_column="text", settings=settings)
    stages.seconds["topics"] = stages.seconds.pop("all") - stages.seconds.get("encode", 0)
    return [_number(row["topic_id"]) for row in _lines(out)]


def _our_run(job: Job, stages: Stages) -> Sequence[int]:
    """Do what ``feedbackminer run`` does, from the export to the pages of a digest."""
    from feedbackminer.engine.run import Run
    from feedbackminer.project.project import open_project
    from feedbackminer.steps.digest import write_digest
    from feedbackminer.steps.exports import collect_exports
    from feedbackminer.steps.mining import mine

    overrides = {"embed": {"threads": job.threads}}
    run = Run(open_project(job.folder / "project", overrides))
    outcomes = [collect_exports(run, [str(job.export)], source="posts"), *mine(run)]
    outcomes.append(write_digest(run, job.folder / "digest"))
    stages.seconds |= {outcome.account.stage: outcome.seconds for outcome in outcomes}

    main = run.project.store.read("assignments").filter(rank=1)
    topic_of = dict(main.select("post_id", "topic_id").iter_rows())
    return [_number(topic_of.get(f"posts:{row['id']}")) for row in _lines(job.export)]


def _bertopic(job: Job, stages: Stages) -> Sequence[int]:
    with stages.of("load"):
        from bertopic import BERTopic

        model = BERTopic(embedding_model=_sentence_transformer(stages))
    topics, _ = model.fit_transform(job.texts())
    return [int(topic) for topic in topics]


def _nmf(job: Job, stages: Stages, n_topics: int = 0) -> Sequence[int]:
    """Factor weights of words as scikit-learn's example of topic extraction does."""
    with stages.of("load"):
        from sklearn.decomposition import NMF
        from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(max_df=0.95, min_df=2, max_features=1000, stop_words="english")
    weights = words.fit_transform(job.texts())
    model = NMF(
        n_components=min(n_topics or job.n_labels, *weights.shape), init="nndsvda",
        beta_loss="frobenius", alpha_W=0.00005, alpha_H=0.00005, l1_ratio=1, random_state=1,
    )  # fmt: skip
    return _strongest(model.fit_transform(weights))


def _nmf_of_ten(job: Job, stages: Stages) -> Sequence[int]:
    return _nmf(job, stages, 10)


def _keynmf(job: Job, stages: Stages) -> Sequence[int]:
    with stages.of("load"):
        from turftopic import KeyNMF

        model = KeyNMF(job.n_labels, encoder=_sentence_transformer(stages))
    return _strongest(model.fit_transform(job.texts()))


def _obsei(job: Job, stages: Stages) -> Sequence[int]:
    """Store records and update themes, labelled without a language model."""
    with stages.of("load"):
        from obsei.core.record import Record, SourceRef
        from obsei.store import Query, Store
        from obsei.themes import ThemesConfig, update_themes

        embedder = _ObseiEmbedder(_sentence_transformer(stages))
    rows = list(_lines(job.export))
    records = [
        Record(
            source=SourceRef(type="file", native_id=row["id"]),
            text=row["text"],
            created_at=row["created_at"],
        )
        for row in rows
    ]
    numbers = {record.id: number for number, record in enumerate(records)}
    labels = [NONE] * len(rows)
    config = ThemesConfig(max_records=len(records), k_anonymity=SHOWN_BY_OBSEI)
    with Store(job.folder / "obsei.duckdb", allow_unencrypted=True) as store:
        store.upsert(records)
        update_themes(store, embedder, config)
        for number, theme in enumerate(store.theme_summaries(min_size=SHOWN_BY_OBSEI)):
            for record in store.search(Query(theme=theme.id), limit=theme.size):
                labels[numbers[record.id]] = number
    return labels


@dataclass(frozen=True)
class _ObseiEmbedder:
    """The encoder as obsei wants one."""

    encoder: Any
    model: str = "all-MiniLM-L6-v2"

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        vectors: list[list[float]] = self.encoder.encode(
            list(texts), normalize_embeddings=True
        ).tolist()
        return vectors


CONTENDERS: Mapping[str, Contender] = {
    "topics": Contender("feedbackminer topics", "feedbackminer", _ours),
    "run": Contender("feedbackminer run", "feedbackminer", _our_run),
    "bertopic": Contender("BERTopic", "bertopic", _bertopic),
    "nmf": Contender("scikit-learn NMF", "sklearn", _nmf),
    "nmf10": Contender("scikit-learn NMF 10", "sklearn", _nmf_of_ten),
    "keynmf": Contender("turftopic KeyNMF", "turftopic", _keynmf),
    "obsei": Contender("obsei themes", "obsei", _obsei),
}
OURS = "topics"


def _sentence_transformer(stages: Stages) -> Any:
    """Load the bundled weights as the peers do, and count what it encodes."""
    from sentence_transformers import SentenceTransformer

    from feedbackminer.embed.backends.bert import model_path
    from feedbackminer.embed.encoder import BUNDLED

    encoder = SentenceTransformer(model_path(BUNDLED))
    stages.watch(encoder, "encode", "encode")
    return encoder


def _strongest(strengths: Any) -> list[int]:
    """Return the topic that is strongest in each text; none where no topic is in it."""
    return [int(row.argmax()) if row.max() > 0 else NONE for row in strengths]


def _number(topic_id: str | None) -> int:
    return int(topic_id[1:]) if topic_id else NONE


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def main(name: str, export: str, n_labels: str, threads: str, folder: str) -> None:
    """Have one contender do its work, and write its labels and stages beside it."""
    job = Job(Path(export), int(n_labels), int(threads), Path(folder))
    if job.threads and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: job.threads])
    warnings.simplefilter("ignore")
    stages = Stages()
    labels = CONTENDERS[name].topics(job, stages)
    answer = {"labels": list(labels), "stages": stages.seconds}
    (job.folder / "answer.json").write_text(json.dumps(answer), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
