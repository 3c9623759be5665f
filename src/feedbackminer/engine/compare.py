"""Two runs side by side: what is in one and not in the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from feedbackminer.engine.history import PastRun
from feedbackminer.engine.ledger import Row
from feedbackminer.errors import StoreError
from feedbackminer.project.store import TableStore
from feedbackminer.tables import Posts

LIVING = ("active", "ignored")  # status of a topic that is not over
CONTENT = [name for name in Posts.column_names() if name not in ("post_id", "collected_at")]


@dataclass(frozen=True)
class Differences:
    """What two runs differ in; every pair is (before, after).

    Attributes:
        alone: stages that only one of the two did.
        steps: per other stage: code version, hash of its settings, models, rows and seconds, where
            they differ; ``code of the stage`` where nothing else explains that it was done anew.
        versions: of tables, as far as they differ.
        posts: ids that were ``added``, ``changed``, ``removed``.
        topics: those ``born``, ``over`` and ``renamed``.
        claims: those that ``came``, ``went``, and ``changed`` beyond their interval.
        untold: why something could not be compared.
    """

    before: str
    after: str
    alone: tuple[list[str], list[str]]
    steps: Mapping[str, Mapping[str, tuple[Any, Any]]]
    versions: Mapping[str, tuple[int, int]]
    posts: Mapping[str, list[str]]
    topics: Mapping[str, list[Row]]
    claims: Mapping[str, list[Row]]
    untold: Sequence[str]

    def as_json(self) -> Row:
        """Return it as plain values."""
        return asdict(self)


def compare(store: TableStore, before: PastRun, after: PastRun) -> Differences:
    """Say what differs between two runs, as far as the versions that they saw are still kept."""
    old, new = before.versions, after.versions
    versions = {name: (old[name], new[name]) for name in old if name in new}
    then, now = ({step["stage"]: step for step in run.steps} for run in (before, after))
    untold: list[str] = []

    def changes(name: str, tell: Callable[..., dict[str, list[Any]]]) -> dict[str, list[Any]]:
        old, new = (_as_of(store, name, run, untold) for run in (before, after))
        return {} if old is None or new is None else tell(old, new)

    return Differences(
        before=before.run_id,
        after=after.run_id,
        alone=([s for s in then if s not in now], [s for s in now if s not in then]),
        steps=dict(_changed_steps(then, now)),
        versions={name: pair for name, pair in versions.items() if pair[0] != pair[1]},
        posts=changes("posts", changed_posts),
        topics=changes("topics", changed_topics),
        claims=changes("claims", changed_claims),
        untold=untold,
    )


def changed_posts(old: pl.DataFrame, new: pl.DataFrame) -> dict[str, list[str]]:
    """Return ids of posts that were added, changed and removed."""
    key = "post_id"
    both = new.join(old, on=key, how="semi")
    changed = both.join(old, on=[key, *CONTENT], how="anti", nulls_equal=True)
    added, removed = new.join(old, on=key, how="anti"), old.join(new, on=key, how="anti")
    frames = {"added": added, "changed": changed, "removed": removed}
    return {what: frame[key].sort().to_list() for what, frame in frames.items()}


def changed_topics(old: pl.DataFrame, new: pl.DataFrame) -> dict[str, list[Row]]:
    """Return topics that were born, are over (``status`` says how), or have another label."""
    then, now = _living(old), _living(new)
    end = {row["topic_id"]: row["status"] for row in new.to_dicts()}
    return {
        "born": [now[i] for i in now if i not in then],
        "over": [then[i] | {"status": end.get(i, "gone")} for i in then if i not in now],
        "renamed": [
            {"topic_id": i, "label": (then[i]["label"], now[i]["label"])}
            for i in now
            if i in then and then[i]["label"] != now[i]["label"]
        ],
    }


def changed_claims(old: pl.DataFrame, new: pl.DataFrame) -> dict[str, list[Row]]:
    """Return claims that came, went, or whose value lies outside its former interval.

    A claim is known again by its id, which holds its window; where that moved, by kind, metric and
    topic, if no other claim has the same three. Where there is no interval, a value changed if the
    headline reads otherwise.
    """
    pairs, came, went = [], new.to_dicts(), old.to_dicts()
    for mark in (_id_of, _subject_of):
        then, now = _unique(went, mark), _unique(came, mark)
        same = [(then[m], now[m]) for m in now if m in then]
        pairs += same
        paired = {id(row) for pair in same for row in pair}
        went = [row for row in went if id(row) not in paired]
        came = [row for row in came if id(row) not in paired]
    return {
        "came": [_summary(row) for row in came],
        "went": [_summary(row) for row in went],
        "changed": [
            _summary(now) | {"was": _summary(then)} for then, now in pairs if _is_beyond(then, now)
        ],
    }


def _changed_steps(
    before: Mapping[str, Row], after: Mapping[str, Row]
) -> Iterator[tuple[str, dict[str, tuple[Any, Any]]]]:
    for stage in (stage for stage in before if stage in after):
        then, now = _facts(before[stage]), _facts(after[stage])
        pairs = {name: (then.get(name), now.get(name)) for name in {**then, **now}}
        changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if _is_other_work(before[stage], after[stage]):
            marks = before[stage]["fingerprint"], after[stage]["fingerprint"]
            changed["code of the stage"] = marks
        if changed:
            yield stage, changed


def _is_other_work(then: Row, now: Row) -> bool:
    """Tell whether only the code can be why a step was not the same work as before."""
    causes = ("code_version", "settings_hash", "models", "reads")
    is_same_work = all(then[name] == now[name] for name in causes)
    return is_same_work and bool(then["fingerprint"] != now["fingerprint"])


def _facts(step: Row) -> Row:
    """Return what two steps of a stage are held against each other by."""
    return {
        "code": step["code_version"],
        "settings": step["settings_hash"],
        **{f"model {what}": name for what, name in step["models"].items()},
        "rows in": step["rows_in"],
        "rows out": step["rows_out"],
        **{f"dropped {reason}": n for reason, n in step["dropped"].items()},
        "seconds": round(step["seconds"], 1),
    }


def _as_of(store: TableStore, name: str, run: PastRun, untold: list[str]) -> pl.DataFrame | None:
    """Return a table as a run left it, or None and the reason in ``untold``."""
    version = run.versions.get(name)
    if version is None:
        untold.append(f"{name}: run {run.run_id} neither read nor wrote it")
        return None
    try:
        return store.read(name, version=version)
    except StoreError:
        store.version(name)  # a store that cannot be reached is an error, not an old version
    untold.append(
        f"{name}: version {version}, of run {run.run_id}, is not kept any more or has other "
        "columns; erasures and clean-up remove old versions"
    )
    return None


def _living(topics: pl.DataFrame) -> dict[str, Row]:
    rows = topics.filter(pl.col("level") == "topic", pl.col("status").is_in(LIVING))
    return {r["topic_id"]: r for r in rows.select("topic_id", "label", "size").to_dicts()}


def _id_of(claim: Row) -> tuple[Any, ...]:
    return (claim["claim_id"],)


def _subject_of(claim: Row) -> tuple[Any, ...]:
    return claim["kind"], claim["scope"], claim["metric"], claim["topic_id"]


def _unique(
    claims: Sequence[Row], mark: Callable[[Row], tuple[Any, ...]]
) -> dict[tuple[Any, ...], Row]:
    """Return claims by their mark, but for those that share it."""
    count = Counter(map(mark, claims))
    return {mark(claim): claim for claim in claims if count[mark(claim)] == 1}


def _is_beyond(then: Row, now: Row) -> bool:
    low, high, value = then["low"], then["high"], now["value"]
    if then["value"] is None or value is None:
        return bool(then["value"] != value)
    if low is None and high is None:
        return bool(then["value"] != value and then["headline"] != now["headline"])
    return not ((low is None or low <= value) and (high is None or value <= high))


def _summary(claim: Row) -> Row:
    return {n: claim[n] for n in ("claim_id", "kind", "headline", "metric", "value", "low", "high")}
