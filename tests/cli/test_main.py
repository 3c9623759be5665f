"""The command line: quick help and honest exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from docs import generate
from tests.support.command import (
    COMMAND,
    SAMPLE,
    Mined,
    Rows,
    environment,
    invoke,
    process,
    processor_time,
    write_jsonl,
)

COMMANDS = sorted(generate.commands())
HEAVY = (
    "torch",
    "polars",
    "numpy",
    "deltalake",
    "spacy",
    "bertopic",
    "sklearn",
    "prefect",
    "httpx",
    "structlog",
    "feedparser",
    "prometheus_client",
)
LEAST = """
import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)

@app.callback()
def main(version: bool = typer.Option(False, "--version")) -> None:
    'Be polite.'

@app.command()
def greet(name: str = typer.Option("you", help="Whom to greet")) -> None:
    'Greet somebody.'

app()
"""
EVERY_HELP = """
import contextlib, io, json, sys

told = {}
for command in json.loads(sys.argv[1]):
    for name in [name for name in sys.modules if name.partition(".")[0] == "feedbackminer"]:
        del sys.modules[name]
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        from feedbackminer.cli.main import app
        app([*command.split(), "--help"])
    imported = [name for name in json.loads(sys.argv[2]) if sys.modules.pop(name, None)]
    told[command] = {"printed": printed.getvalue(), "imported": imported}
print(json.dumps(told))
"""
PRIVATE = "Grandmother's recipe for marzipan"  # a text that must not reach a report


def some_posts(count: int) -> Rows:
    things = ("sync", "calendar", "search", "editor", "export")
    return [
        {
            "id": f"p{n}",
            "author": f"user{n % 7}",
            "created_at": f"2026-01-{n % 28 + 1:02d}T10:00:00Z",
            "body": f"The {things[n % 5]} of my notes lost entry {n} again, {PRIVATE}.",
        }
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with twelve posts that nobody mined yet."""
    folder = tmp_path_factory.mktemp("imported")
    export = write_jsonl(folder / "talk.jsonl", some_posts(12))
    assert invoke("import", export, "--project", folder / "project").exit_code == 0
    return folder / "project"


@pytest.fixture(scope="class")
def helps() -> dict[str, dict[str, Any]]:
    """What each help printed and imported, every one asked of modules that are loaded anew."""
    done = subprocess.run(
        [sys.executable, "-c", EVERY_HELP, json.dumps(["", *COMMANDS]), json.dumps(HEAVY)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


class TestHelp:
    @pytest.mark.parametrize("command", ["", *COMMANDS])
    def test_help_imports_nothing_heavy(
        self, command: str, helps: dict[str, dict[str, Any]]
    ) -> None:
        assert "Usage:" in helps[command]["printed"]
        assert helps[command]["imported"] == []

    def test_what_is_heavy_would_be_seen(self) -> None:
        code = EVERY_HELP.replace("app(", "import numpy, structlog; app(")
        told = [sys.executable, "-c", code, json.dumps([""]), json.dumps(HEAVY)]
        done = subprocess.run(told, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)[""]["imported"] == ["numpy", "structlog"]

    @pytest.mark.timing
    def test_help_takes_little_more_than_the_least_of_commands(self, tmp_path: Path) -> None:
        script = tmp_path / "least.py"
        script.write_text(LEAST, "utf-8")
        least, ours = [sys.executable, str(script), "greet"], [*COMMAND, "run"]
        pairs = [(_seconds_of_help(ours), _seconds_of_help(least)) for _ in range(7)]
        mine, its = (min(seconds) for seconds in zip(*pairs, strict=True))
        print(f"\nhelp {mine:.2f} s, the least of commands {its:.2f} s")
        assert mine < 2 * its

    def test_no_arguments_show_the_help(self) -> None:
        assert "Usage:" in invoke().output

    def test_version_is_printed(self) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", invoke("--version").stdout)


def _seconds_of_help(command: list[str]) -> float:
    """Return the processor time of a help."""
    before = processor_time()
    done = subprocess.run([*command, "--help"], capture_output=True, env=environment(), check=False)
    assert done.returncode == 0
    return processor_time() - before


SWALLOWED = """
import os, signal, time, typer
from feedbackminer.cli import frame, interrupts

class Finalised:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

def work(session):
    Finalised()
    time.sleep(20)

interrupts.expect()
app = typer.Typer()
app.command()(frame.command(work))
app()
"""

# What C code makes of an interrupt while it is imported.
CONVERTED = """
import os, signal, time, typer
from feedbackminer.cli import frame, interrupts

def work(session):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(20)
    except KeyboardInterrupt:
        raise ImportError("initialization failed") from None

interrupts.expect()
app = typer.Typer()
app.command()(frame.command(work))
app()
"""


class TestExitCodes:
    def test_0_when_done(self, tmp_path: Path) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", some_posts(12))
        result = invoke("import", export, "--project", tmp_path / "p")
        assert result.exit_code == 0
        assert "12 in, 12 out" in result.stderr

    def test_1_when_more_rows_were_dropped_than_allowed(self, tmp_path: Path) -> None:
        rows = some_posts(12)
        for row in rows[:3]:
            row["body"] = "[deleted]"
        export = write_jsonl(tmp_path / "talk.jsonl", rows)
        import_ = ("import", export, "--project", tmp_path / "p", "--max-dropped")
        result = invoke(*import_, 0.2)
        assert result.exit_code == 1
        assert "3 of 12 rows were dropped, more than 20.0% of them" in result.stderr
        assert invoke(*import_, 0.2).exit_code == 1  # done before is no excuse
        assert invoke(*import_, 0.3).exit_code == 0

    @pytest.mark.slow
    def test_1_still_writes_the_digest(self, tmp_path: Path) -> None:
        rows = [
            *some_posts(12),
            {"id": "bad", "body": "[deleted]"},
        ]
        export = write_jsonl(tmp_path / "talk.jsonl", rows)
        result = invoke("run", export, "--out", tmp_path / "d", "--max-dropped", 0)
        assert result.exit_code == 1
        assert (tmp_path / "d" / "index.html").exists()

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (["run", "nowhere.jsonl", "--out", "d"], "nowhere.jsonl: no such file"),
            (["run", "--out", "d"], "Missing argument"),
            (["run", "talk.jsonl"], "--out or --archive"),
            (["run", "talk.jsonl", "--out", "d", "--nonsense"], "No such option"),
            (["run", "talk.jsonl", "--out", "d", "--max-dropped", "7"], "Invalid value"),
            (["run", "talk.jsonl", "--out", "d", "--map", "body"], "want FIELD=COLUMN"),
            (["run", "talk.jsonl", "--out", "d", "--map", "body=gone"], "gone"),
            (["run", "talk.jsonl", "--out", "d", "--since", "whenever"], "insight.since"),
            (["run", "talk.jsonl", "--out", "d", "--encoding", "klingon"], "--encoding"),
            (
                ["run", "talk.jsonl", "--out", "d", "--threads", "gone.jsonl"],
                "gone.jsonl: no such file",
            ),
            (
                ["run", "talk.jsonl", "--out", "d", "--settings", "gone.toml"],
                "no such settings file",
            ),
            (["run", "talk.jsonl", "--out", "talk.jsonl"], "talk.jsonl: is a file"),
            (["mine", "--project", "empty"], "holds no posts"),
            (["digest", "--out", "d", "--project", "empty"], "run `feedbackminer mine` first"),
            (["import", "talk.jsonl", "--project", "talk.jsonl"], "cannot be a project folder"),
            (["frobnicate"], "No such command"),
        ],
    )
    def test_2_for_wrong_usage_or_input(
        self, args: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        write_jsonl(tmp_path / "talk.jsonl", some_posts(3))
        result = invoke(*args)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.replace("│", " ").split())
        assert "Traceback" not in result.stderr
        assert not (tmp_path / "d").exists()

    def test_2_for_an_unknown_setting_names_the_nearest(self, tmp_path: Path) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", some_posts(3))
        (tmp_path / "feedbackminer.toml").write_text("[topics]\nsede = 3\n")
        result = invoke("import", export, "--project", tmp_path)
        assert result.exit_code == 2
        assert "unknown setting 'topics.sede'; did you mean 'seed'?" in result.stderr

    def test_a_failed_run_leaves_no_temporary_store(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        temporary = tmp_path / "tmp"
        temporary.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        invoke("run", tmp_path / "nowhere.jsonl", "--out", tmp_path / "d")
        assert list(temporary.iterdir()) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
    def test_3_when_interrupted_says_how_to_continue(
        self, how: signal.Signals, tmp_path: Path
    ) -> None:
        running = _start("run", SAMPLE, "--out", tmp_path / "d", "--project", tmp_path / "p")
        _wait_for(running, "clean")
        time.sleep(2)
        running.send_signal(how)
        stderr = running.communicate(timeout=60)[1]
        assert running.returncode == 3, stderr
        assert "Interrupted; what is done is kept: run the same command again to continue" in stderr
        assert "Traceback" not in stderr or "Exception ignored" in stderr

    def test_3_when_an_interrupt_falls_into_a_finaliser(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", SWALLOWED], capture_output=True, text=True, check=False
        )
        assert done.returncode == 3, done.stderr
        assert "Exception ignored in" in done.stderr
        assert done.stderr.endswith("run the same command again to continue\n")

    def test_3_when_an_import_makes_another_error_of_an_interrupt(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", CONVERTED], capture_output=True, text=True, check=False
        )
        assert done.returncode == 3, done.stderr
        assert done.stderr.endswith("run the same command again to continue\n")

    @pytest.mark.slow
    def test_3_names_the_temporary_store_that_it_can_continue_from(self, tmp_path: Path) -> None:
        running = _start("run", SAMPLE, "--out", tmp_path / "d", extra={"TMPDIR": str(tmp_path)})
        _wait_for(running, "clean")
        running.send_signal(signal.SIGINT)
        stderr = running.communicate(timeout=60)[1]
        folder = re.search(r"run it again with --project\s+(\S+)\s+to\s+continue", stderr)
        assert folder, stderr
        assert (Path(folder[1]) / "tables" / "posts").is_dir()
        assert running.returncode == 3

    def test_4_for_an_internal_error_names_a_report_without_texts(
        self, imported: Path, tmp_path: Path
    ) -> None:
        broken = Mined(imported, imported, 0, "").copy_to(tmp_path).project
        _break_contract(broken)
        result = invoke("mine", "--project", broken)
        assert result.exit_code == 4, result.stderr
        assert "Traceback" not in result.stderr
        match = re.search(r"please send us the report: (\S+)", result.stderr)
        assert match, result.stderr
        report = Path(match[1]).read_text("utf-8")
        assert "Traceback" in report
        assert "TableError" in report
        assert "marzipan" not in report
        assert "marzipan" not in result.stderr


def _break_contract(project: Path) -> None:
    """Put into ``posts`` a stars rating that the contract forbids, past the store's own check."""
    import polars as pl
    from deltalake import DeltaTable, write_deltalake

    table = DeltaTable(project / "tables" / "posts")
    bad = pl.read_delta(str(project / "tables" / "posts")).with_columns(rating=pl.lit(11.0))
    write_deltalake(table, bad, mode="overwrite")


def _start(*args: object, extra: dict[str, str] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, args)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(extra),
    )


def _wait_for(running: subprocess.Popen[str], stage: str) -> None:
    assert running.stderr
    for line in running.stderr:
        if line.startswith(stage):
            return
    raise AssertionError(f"{stage} never ended")


class TestOutput:
    def test_json_stands_alone_on_stdout(self, tmp_path: Path) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", some_posts(12))
        result = invoke("import", export, "--project", tmp_path / "p", "--json")
        summary = json.loads(result.stdout)
        assert [(stage["stage"], stage["in"], stage["out"]) for stage in summary["stages"]] == [
            ("collect", 12, 12)
        ]

    @pytest.mark.slow
    def test_json_of_a_run_names_every_stage_and_the_digest(self, tmp_path: Path) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", some_posts(12))
        summary = json.loads(invoke("run", export, "--out", tmp_path / "d", "--json").stdout)
        stages = [stage["stage"] for stage in summary["stages"]]
        assert stages == [
            "collect",
            "clean",
            "embed",
            "topics",
            "tag",
            "signals",
            "keypoints",
            "insight",
            "alerts",
            "health",
            "digest",
        ]
        assert Path(summary["digest"]).is_file()
        for stage in summary["stages"]:
            assert stage["in"] == stage["out"] + sum(stage["dropped"].values())

    def test_json_is_alone_on_the_stdout_of_a_process(self, tmp_path: Path) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", some_posts(12))
        done = process("import", export, "--project", tmp_path / "p", "--json")
        assert json.loads(done.stdout)["stages"]
        assert "collect" in done.stderr

    @pytest.mark.slow
    def test_quiet_prints_nothing(self, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", some_posts(12))
        folders = ("--project", tmp_path / "p", "--out", tmp_path / "d")
        done = invoke("run", export, *folders, "--quiet")
        assert (done.exit_code, done.stdout, done.stderr) == (0, "", "")
        assert capfd.readouterr() == ("", "")

    def test_quiet_still_prints_errors(self, tmp_path: Path) -> None:
        result = invoke("run", tmp_path / "gone.jsonl", "--out", tmp_path / "d", "--quiet")
        assert "no such file" in result.stderr

    def test_rows_come_from_standard_input_too(self, tmp_path: Path) -> None:
        lines = "\n".join(json.dumps(row) for row in some_posts(5)).encode()
        result = invoke("import", "-", "--project", tmp_path / "p", stdin=lines)
        assert result.exit_code == 0
        assert "5 in, 5 out" in result.stderr
