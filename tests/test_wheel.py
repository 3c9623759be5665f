"""The built wheel holds all it needs: outside the repository it does the main job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.support.command import ROOT, Rows, whole_threads, write_jsonl

pytestmark = pytest.mark.slow


def _do(*command: object, cwd: Path) -> str:
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, cwd=cwd, env=env, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _do(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; what it depends on comes from this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    _do(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    borrowed = folder / "borrowed"  # all but the editable install of the project itself
    borrowed.mkdir()
    for item in Path(sysconfig.get_path("purelib")).iterdir():
        if "feedbackminer" not in item.name.lower():
            (borrowed / item.name).symlink_to(item)
    (site / "borrowed.pth").write_text(f"{borrowed}\n", "utf-8")
    python = folder / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index")
    _do(*pip, wheel, cwd=folder)
    return python


def test_the_wheel_holds_templates_rules_and_style_but_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "src" / "feedbackminer").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT / "src").as_posix() in names
    for path in (ROOT / "models").rglob("*"):
        assert path.is_dir() or f"feedbackminer/{path.relative_to(ROOT).as_posix()}" in names
    strangers = [n for n in names if not n.startswith(("feedbackminer/", "feedbackminer-"))]
    assert strangers == []


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    code = "import feedbackminer; print(feedbackminer.__file__)"
    found = Path(_do(installed, "-c", code, cwd=tmp_path).strip())
    assert found.is_relative_to(installed.parent.parent)


def test_the_main_job_outside_the_repository(
    installed: Path, sample_rows: Rows, tmp_path: Path
) -> None:
    export = write_jsonl(tmp_path / "inkwren.jsonl", whole_threads(sample_rows, 20))
    command = installed.with_name("feedbackminer")
    told = _do(command, "run", export.name, "--out", "digest", "--json", cwd=tmp_path)
    assert [stage["stage"] for stage in json.loads(told)["stages"]][-1] == "digest"
    assert "Things to know" in (tmp_path / "digest" / "index.html").read_text("utf-8")
    assert (tmp_path / "digest" / "assets" / "style.css").stat().st_size > 1_000


def test_it_tags_a_file_with_the_heads_it_carries(installed: Path, tmp_path: Path) -> None:
    export = write_jsonl(tmp_path / "in.jsonl", [{"text": "How can I export my notes to PDF?"}])
    command = installed.with_name("feedbackminer")
    _do(command, "tag", export.name, "--out", "out.jsonl", cwd=tmp_path)
    (row,) = map(json.loads, (tmp_path / "out.jsonl").read_text("utf-8").splitlines())
    assert row["kinds"] == ["question"]
    code = "from feedbackminer.tagging.head_tagger import find; print(find('kinds'))"
    assert Path(_do(installed, "-c", code, cwd=tmp_path).strip()).is_relative_to(
        installed.parent.parent
    )


def test_it_needs_no_flows(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, feedbackminer.cli.main, feedbackminer.steps.mining\n"
        "assert 'prefect' not in sys.modules\n"
        "try:\n    import pipelines\n"
        "except ImportError:\n    print('none')"
    )
    assert _do(installed, "-c", code, cwd=tmp_path).strip() == "none"
