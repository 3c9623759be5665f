"""``feedbackminer verify`` and ``explain``: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedbackminer.engine.run import Run
from feedbackminer.project.project import Project
from feedbackminer.steps.digest import write_digest
from tests.support.command import invoke
from tests.support.erase_project import mined


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = mined(tmp_path_factory.mktemp("claims"))
    write_digest(Run(project), project.folder.parent / "digest")
    return project


def test_verify_ends_with_0_or_with_1_and_what_differs(project: Project) -> None:
    folder = project.folder.parent / "digest"
    done = invoke("verify", folder, "--project", project.folder)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "every number, quote and page is as it should be" in done.stdout

    page = folder / "index.html"
    text = page.read_text("utf-8")
    page.write_text(text.replace("members", "memb3rs", 1), "utf-8")
    done = invoke("verify", folder, "--project", project.folder)
    assert (done.exit_code, done.stdout.partition(":")[0]) == (1, "index.html")
    done = invoke("verify", folder, "--project", project.folder, "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["holds"], len(told["differences"])) == (1, False, 1)
    page.write_text(text, "utf-8")


def test_verify_of_no_digest_is_wrong_usage(project: Project, tmp_path: Path) -> None:
    done = invoke("verify", tmp_path, "--project", project.folder)
    assert done.exit_code == 2
    assert "holds no digest" in done.stderr.replace("\n", " ")


def test_explain_prints_the_formula_who_spoke_and_posts(project: Project) -> None:
    claims = project.store.read("claims").sort("n_voices", "claim_id", descending=True)
    claim = claims.row(0, named=True)
    done = invoke("explain", claim["claim_id"], "--project", project.folder, "--posts", 1)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(claim["headline"])
    assert "How it is counted: " in done.stdout
    assert f"Behind it: {claim['n_voices']} members in {claim['n_posts']} posts" in done.stdout
    assert f"--posts {claim['n_posts']} shows all" in done.stdout
    told = json.loads(
        invoke("explain", claim["claim_id"], "--project", project.folder, "--json").stdout
    )
    assert {post["post_id"] for post in told["posts"]} == set(claim["evidence"])
