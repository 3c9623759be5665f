"""A published digest is counted and rendered anew: what was changed in it is named."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feedbackminer.digest.proof import JSON
from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError, StoreError
from feedbackminer.project.project import Project
from feedbackminer.settings.sections import EventSettings
from feedbackminer.steps import mining
from feedbackminer.steps.digest import write_digest
from feedbackminer.steps.explain import explained
from feedbackminer.steps.verify import verify
from tests.support.builders import day
from tests.support.erase_project import mined

TAMPERINGS = 5


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return mined(tmp_path_factory.mktemp("verify"))


@pytest.fixture(scope="module")
def published(project: Project) -> Path:
    out = project.folder.parent / "digest"
    write_digest(Run(project), out)
    return out


@pytest.fixture
def digest(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "copy"))


def change(folder: Path, changed: Callable[[dict[str, Any]], object]) -> None:
    """Change something in digest.json, and nothing in how it is laid out."""
    file = folder / JSON
    content = json.loads(file.read_text("utf-8"))
    changed(content)
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


def named(project: Project, folder: Path) -> list[str]:
    return [one.where for one in verify(project, folder)]


def test_a_digest_holds_wherever_it_was_copied_to(project: Project, digest: Path) -> None:
    assert verify(project, digest) == []


def test_every_number_quote_and_id_that_was_changed_is_named(
    project: Project, digest: Path
) -> None:
    change(digest, lambda d: d["claims"][0].update(n_voices=99))
    change(digest, lambda d: d["quotes"][0].update(text="Nobody said this."))
    change(digest, lambda d: d["front"].append("problem-0"))
    page = digest / "index.html"
    page.write_text(page.read_text("utf-8").replace("members wrote", "members wrought", 1), "utf-8")
    claim = json.loads((digest / JSON).read_text("utf-8"))["claims"][0]["claim_id"]
    assert {f"claims[{claim}].n_voices", "quotes[0].text"} <= set(named(project, digest))
    assert any(where.startswith("index.html:") for where in named(project, digest))
    assert any(where.startswith("front[") for where in named(project, digest))


def places(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield every digit of every file, and every letter of a quote."""
    for path in sorted(folder.rglob("*.*")):
        text = path.read_text("utf-8")
        yield from ((path, match.start()) for match in re.finditer(r"\d", text))
        for quoted in re.finditer(r"“[^”]*”", text):
            yield from ((path, at) for at in range(*quoted.span()) if text[at].isalpha())


def passes(project: Project, folder: Path) -> bool:
    """Tell whether nothing is said against a digest; a number may be one that no file can have."""
    try:
        return verify(project, folder) == []
    except (InputError, StoreError):
        return False


@pytest.mark.slow
def test_one_character_changed_anywhere_never_passes(
    project: Project, published: Path, tmp_path: Path
) -> None:
    rng = random.Random(0)
    for path, at in rng.sample(list(places(published)), TAMPERINGS):
        folder = Path(shutil.copytree(published, tmp_path / "copy", dirs_exist_ok=True))
        file = folder / path.relative_to(published)
        text = file.read_text("utf-8")
        file.write_text(f"{text[:at]}{'7' if text[at] != '7' else '3'}{text[at + 1 :]}", "utf-8")
        assert not passes(project, folder), f"{file.name} at {at}: {text[at - 20 : at + 20]!r}"


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("run_id", "20260101T000000-aaaaaa", "run_id"),
        ("made_at", "2026-01-01T00:00:00.000001+00:00", "standing"),
        ("table_versions", {"posts": 7}, "table_versions.posts"),
        ("settings", {"insight": {"min_voices": -3}}, "settings.insight"),
        ("events", [{"at": "2026-01-07T00:00:00+00:00", "name": "4.2", "kind": ""}], "events[0]"),
    ],
)
def test_where_it_comes_from_is_held_against_the_ledger(
    project: Project, digest: Path, name: str, value: Any, where: str
) -> None:
    change(digest, lambda d: d.update({name: value}))
    assert any(found.startswith(where) for found in named(project, digest))


def test_what_nothing_else_tells_of_is_told_by_the_hash(project: Project, digest: Path) -> None:
    made_at = json.loads((digest / JSON).read_text("utf-8"))["made_at"]
    later = made_at.replace(made_at[20:26], f"{(int(made_at[20:26]) + 1) % 10**6:06d}")
    change(digest, lambda d: d.update(made_at=later))
    assert named(project, digest) == ["the files"]


def test_an_older_digest_holds_after_more_was_collected_and_mined(tmp_path: Path) -> None:
    project = mined(tmp_path)
    write_digest(Run(project), tmp_path / "older")
    posts = project.store.read("posts")
    more = posts.head(1).with_columns(post_id=pl.lit("forum:more"), created_at=day(3))
    project.store.merge("posts", more)
    for stage in (mining.CLEAN, mining.SIGNALS, mining.INSIGHT):
        Run(project).step(stage)
    write_digest(Run(project), tmp_path / "newer")
    assert verify(project, tmp_path / "older") == verify(project, tmp_path / "newer") == []


def test_a_period_that_an_option_named_is_printed_and_proved(tmp_path: Path) -> None:
    project = mined(tmp_path)
    now = project.settings
    insight = now.insight.model_copy(update={"since": day(2), "period": "auto"})
    asked = replace(project, settings=now.model_copy(update={"insight": insight}))
    Run(asked).step(mining.INSIGHT)
    write_digest(Run(project), tmp_path / "digest")
    printed = json.loads((tmp_path / "digest" / JSON).read_text("utf-8"))
    told = [printed["settings"]["insight"]["since"], printed["since"]]
    assert [datetime.fromisoformat(moment) for moment in told] == [day(2), day(2)]
    assert verify(project, tmp_path / "digest") == []


def test_an_event_that_is_named_later_changes_nothing(project: Project, digest: Path) -> None:
    event = {"4.2": EventSettings(date=date(2026, 1, 6))}
    settings = project.settings.model_copy(update={"events": event})
    assert verify(replace(project, settings=settings), digest) == []


def test_a_folder_without_a_digest_is_none(project: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no digest"):
        verify(project, tmp_path)
    (tmp_path / JSON).write_text("[]")
    with pytest.raises(InputError, match="cannot be read as a digest"):
        verify(project, tmp_path)


def test_no_digest_says_of_a_post_what_it_does_not_say_any_more(tmp_path: Path) -> None:
    project = mined(tmp_path)
    edited = project.store.read("posts").with_columns(author_id=pl.lit("m_one"))
    project.store.merge("posts", edited)
    with pytest.raises(StoreError, match="posts were changed after they were counted"):
        write_digest(Run(project), tmp_path / "digest")
    assert not (tmp_path / "digest").exists()


# ── explain ──────────────────────────────────────────────────────────────────────────────────


def test_a_claim_is_explained_with_who_spoke_and_who_did_not(project: Project) -> None:
    claims = project.store.read("claims").filter(pl.col("n_voices") > 1)
    row = claims.sort("n_posts", "claim_id").row(0, named=True)
    told = explained(project, row["claim_id"])
    assert [post["post_id"] for post in told.posts] != []
    assert {post["post_id"] for post in told.posts} == set(row["evidence"])
    assert sum(segment.n_spoke or 0 for segment in told.segments) <= row["n_voices"]
    assert all((s.n_spoke or 0) <= (s.n_wrote or 0) for s in told.segments)
    assert sum(n for _, n in told.sources) == row["n_posts"]
    assert 1 <= told.loudest <= row["n_posts"]
    assert told.formula


def test_a_claim_that_is_not_made_is_asked_back(project: Project) -> None:
    claim_id = project.store.read("claims")["claim_id"][0]
    with pytest.raises(InputError, match=f"did you mean '{claim_id}'"):
        explained(project, claim_id[:-1])
