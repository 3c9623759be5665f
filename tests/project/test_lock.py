"""One writer at a time in a project, and none that is dead."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedbackminer.errors import StoreError
from feedbackminer.project.lock import FOREVER, hold
from tests.support.command import invoke

HOLDER = (
    "import pathlib, sys, time; from feedbackminer.project.lock import hold\n"
    "with hold(pathlib.Path(sys.argv[1])): print('mine', flush=True); time.sleep(60)"
)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that is at work in the project."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "mine\n"
        yield process
        process.kill()


def test_a_second_writer_is_told_that_another_is_at_work(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    with pytest.raises(StoreError, match="another run is at work"), hold(tmp_path):
        pass
    assert other.poll() is None


@pytest.mark.timing
def test_a_writer_that_was_killed_is_out_at_once(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    other.kill()
    other.wait()
    began = time.monotonic()
    with hold(tmp_path, wait=5):
        assert time.monotonic() - began < 1


def test_a_writer_that_waits_says_so_and_has_its_turn(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    told: list[str] = []

    def tell(message: str) -> None:
        told.append(message)
        other.kill()

    with hold(tmp_path, wait=FOREVER, tell=tell):
        assert len(told) == 1
        assert "waiting for its end" in told[0]


def test_who_holds_a_project_may_hold_it_again(tmp_path: Path) -> None:
    with hold(tmp_path):
        with hold(tmp_path):
            pass
        command = [sys.executable, "-c", HOLDER, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "another run is at work" in done.stderr


def test_a_command_that_writes_keeps_others_out(
    tmp_path: Path, other: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedbackminer.cli.frame.WAIT", 0.5)
    done = invoke("mine", "--project", tmp_path)
    assert done.exit_code == 3
    assert "another run is at work" in done.output
    other.kill()
    other.wait()
    assert "holds no posts" in invoke("mine", "--project", tmp_path).output
    with hold(tmp_path):  # the command has let go
        pass
