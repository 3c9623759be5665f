"""``feedbackminer experiment`` as somebody at a terminal meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import invoke
from tests.support.experiment_files import write_experiment, write_texts

pytestmark = pytest.mark.slow


def test_from_a_table_to_a_comparison(tmp_path: Path) -> None:
    texts, file, out = write_texts(tmp_path / "t.csv"), tmp_path / "e.toml", tmp_path / "out"
    columns = ("--text", "body", "--label", "subject", "--out", file)
    assert invoke("experiment", "init", texts, *columns).exit_code == 0
    file.write_text(file.read_text("utf-8").replace('"auto", "static"', '"static"'), "utf-8")
    setting = ("--set", "topics.small_community=50")
    done = invoke("experiment", "run", file, *setting, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    folder = json.loads(done.stdout)["folder"]
    assert (Path(folder) / "report.html").is_file()

    told = invoke("experiment", "compare", f"{folder}@embed.backend=static", f"{folder}@nmf")
    assert told.exit_code == 0, told.output
    assert "nmi" in told.stdout
    assert "texts moved" in told.stdout


def test_a_gate_ends_with_1_where_the_second_is_worse(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = invoke("experiment", "run", write_experiment(tmp_path), "--out", out, "--json")
    folder = json.loads(done.stdout)["folder"]
    ours, nmf = f"{folder}@topics.max_topics=20", f"{folder}@nmf"
    worse = invoke("experiment", "compare", ours, nmf, "--gate", "--json")
    assert worse.exit_code == 1
    assert "nmf is worse: nmi" in worse.stderr
    assert invoke("experiment", "compare", ours, ours, "--gate").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "none.toml"), "no such experiment; `feedbackminer experiment init` writes one"),
        (("compare", "nowhere"), "holds no manifest.json"),
        (("run", "none.toml", "--set", "x"), "want KEY=VALUE, such as topics.max_topics=50"),
    ],
)
def test_what_is_wrong_is_told(arguments: tuple[str, ...], message: str) -> None:
    done = invoke("experiment", *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
