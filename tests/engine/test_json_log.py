"""The log as JSON lines: every line is an object, has its run, and holds no secret."""

from __future__ import annotations

import io
import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest

from feedbackminer.accounts import Account
from feedbackminer.engine.json_log import JsonLog, open_log, others_as_json
from feedbackminer.engine.stage import Outcome
from feedbackminer.errors import SourceError
from tests.support.command import invoke, process, write_jsonl

Event = dict[str, Any]


def events(text: str) -> list[Event]:
    """Parse a log; every line must be an object."""
    return [dict(json.loads(line)) for line in text.splitlines()]


def heard(*, error: BaseException | None = None, **more: Any) -> list[Event]:
    """Return the events of a run of one stage, which the error stops if there is one."""
    stream = io.StringIO()
    log = JsonLog("r1", open_log(stream))
    log.begin()
    log.start(more.get("stage", "clean"), 3)
    if error is None:
        account = Account(more.pop("stage", "clean"), 3, 2, {"no_words": 1})
        log.finish(Outcome(account, 1.23456, False, **more))
    log.end(error)
    return events(stream.getvalue())


class TestEvents:
    def test_a_run_is_told_from_begin_to_end_with_its_id_and_time(self) -> None:
        told = heard()
        names = ["run_started", "stage_started", "stage_finished", "run_finished"]
        assert [event["event"] for event in told] == names
        assert {event["run_id"] for event in told} == {"r1"}
        assert all(event["timestamp"].endswith("Z") and event["level"] for event in told)

    def test_a_stage_tells_its_account_and_seconds(self) -> None:
        event = heard()[2]
        assert (event["stage"], event["rows_in"], event["rows_out"]) == ("clean", 3, 2)
        assert event["dropped"] == {"no_words": 1}
        assert (event["seconds"], event["reused"]) == (1.235, False)

    def test_a_collect_names_its_source(self) -> None:
        _, _, finished, notice, _ = heard(stage="collect", source="forum", notices=("partly",))
        assert finished["source"] == notice["source"] == "forum"
        assert (notice["event"], notice["message"]) == ("notice", "partly")

    def test_a_check_that_warns_is_a_warning(self) -> None:
        warning = heard(stage="health", notices=("the week is unusual",))[3]
        assert (warning["event"], warning["level"]) == ("warning", "warning")

    def test_a_failure_names_the_stage_and_its_exit_code(self) -> None:
        event = heard(error=SourceError("forum: HTTP 500"))[-1]
        assert (event["event"], event["level"], event["stage"]) == ("run_failed", "error", "clean")
        assert (event["error"], event["message"]) == ("SourceError", "forum: HTTP 500")
        assert event["exit_code"] == 3

    def test_the_words_of_an_internal_error_stay_out_for_they_may_be_a_members(self) -> None:
        event = heard(error=ValueError("Grandmother's recipe"))[-1]
        assert event["error"] == "ValueError"
        assert "recipe" not in json.dumps(event)


class TestSecrets:
    def test_none_is_in_any_value_however_deep(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FEEDBACKMINER_SECRET_FORUM", "open-sesame")
        stream = io.StringIO()
        log = open_log(stream).bind(bound="open-sesame")
        log.info("open-sesame", a="x open-sesame", b=["open-sesame"], c={"d": ("open-sesame",)})
        log.warning("notice", url="https://u:p@forum.example/?token=abcdef")
        assert "sesame" not in stream.getvalue()
        assert "u:p" not in stream.getvalue()
        assert "abcdef" not in stream.getvalue()
        assert len(events(stream.getvalue())) == 2

    def test_none_is_in_a_message_of_the_command(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FEEDBACKMINER_SECRET_FORUM", "open-sesame")
        for switch in ([], ["--log-json"]):
            told = invoke("import", tmp_path / "open-sesame.jsonl", "--project", tmp_path, *switch)
            assert told.exit_code == 2
            assert "no such file" in told.stderr
            assert "sesame" not in told.stderr


def test_what_libraries_say_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    with others_as_json(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.getLogger("some.library").error("key=%s is wrong", "a\nb")
        warnings.warn("this is old", DeprecationWarning, stacklevel=1)
    first, second = events(capsys.readouterr().err)
    assert (first["logger"], first["message"]) == ("some.library", "key=a\nb is wrong")
    assert "this is old" in second["message"]


class TestCommand:
    def rows(self) -> list[dict[str, str]]:
        return [{"id": f"p{n}", "body": f"The sync lost note {n}"} for n in range(5)]

    def test_the_switch_leaves_nothing_but_json_on_stderr(self, tmp_path: Path) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", self.rows())
        done = process("import", export, "--project", tmp_path / "p", "--log-json", "--json")
        told = events(done.stderr)
        assert [e["event"] for e in told][:1] == ["run_started"]
        assert [e["event"] for e in told][-1] == "run_finished"
        assert {e["run_id"] for e in told} == {json.loads(done.stdout)["run_id"]}

    @pytest.mark.parametrize("where", ["environment", "file"])
    def test_it_can_be_set_for_every_run(
        self, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", self.rows())
        if where == "environment":
            monkeypatch.setenv("FEEDBACKMINER_LOG", "json")
        else:
            (tmp_path / "feedbackminer.toml").write_text('log = "json"\n', "utf-8")
        told = invoke("import", export, "--project", tmp_path)
        assert told.exit_code == 0, told.output
        assert events(told.stderr)[0]["event"] == "run_started"

    def test_a_failure_before_a_run_begins_is_json_too(self, tmp_path: Path) -> None:
        (tmp_path / "feedbackminer.toml").write_text("nonsense = 1\n", "utf-8")
        told = invoke("mine", "--project", tmp_path, "--log-json")
        (event,) = events(told.stderr)
        assert told.exit_code == 2
        assert (event["event"], event["level"]) == ("error", "error")
        assert "unknown setting 'nonsense'" in event["message"]

    def test_the_next_command_speaks_to_people_again(self, tmp_path: Path) -> None:
        export = write_jsonl(tmp_path / "talk.jsonl", self.rows())
        invoke("import", export, "--project", tmp_path / "p", "--log-json")
        assert (
            "collect   5 in, 5 out" in invoke("import", export, "--project", tmp_path / "p").stderr
        )

    def test_a_voice_that_is_not_known_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "feedbackminer.toml").write_text('log = "yaml"\n', "utf-8")
        told = invoke("mine", "--project", tmp_path)
        assert told.exit_code == 2
        assert "log: Input should be 'text' or 'json'" in told.stderr
