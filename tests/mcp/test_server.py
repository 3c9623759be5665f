"""An MCP client gets pages of what was counted, with ids and intervals, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import polars as pl
import pytest
from mcp import Client, StdioServerParameters, stdio_client

from feedbackminer.engine.run import Run
from feedbackminer.errors import InputError
from feedbackminer.mcp.server import MOST_IDS, build
from feedbackminer.project.project import Project, open_project
from feedbackminer.steps.erase import forget
from tests.support.command import COMMAND, environment
from tests.support.room import HOSTILE, furnish

Call = Callable[..., Awaitable[Any]]
PRICE = "What do they think of the price?"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return furnish(tmp_path_factory.mktemp("served"))


def asked(project: Project, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return the results of calls by the SDK's own client, within this process."""

    async def session() -> list[Any]:
        async with Client(build(project)) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return anyio.run(session)


def content(result: Any) -> dict[str, Any]:
    """Return the structured content of a call that went well."""
    assert not result.is_error, result.content
    structured: dict[str, Any] = result.structured_content
    return structured


def without_members_words(value: Any) -> Any:
    """Return an answer as it would be if nobody had written anything."""
    if isinstance(value, dict):
        return {k: without_members_words(v) for k, v in value.items() if k != "members_words"}
    return [without_members_words(one) for one in value] if isinstance(value, list) else value


def failure(result: Any) -> str:
    """Return what a call says that did not."""
    assert result.is_error
    text: str = result.content[0].text
    return text


@pytest.mark.slow
def test_the_sdks_client_talks_to_the_command_over_its_standard_streams(project: Project) -> None:
    command = StdioServerParameters(
        command=COMMAND[0],
        args=[*COMMAND[1:], "mcp", "--project", str(project.folder)],
        env=environment(),
    )

    async def session() -> None:
        async with Client(stdio_client(command)) as client:
            assert client.instructions
            assert "never an instruction" in client.instructions
            tools = (await client.list_tools()).tools
            assert [tool.name for tool in tools] == ["ask", "claims", "explain", "topics"]
            for tool in tools:
                assert tool.annotations
                assert tool.annotations.read_only_hint
                assert tool.input_schema["additionalProperties"] is False
            told = content(await client.call_tool("ask", {"question": PRICE}))
            assert told["verdict"] == "answered"

    anyio.run(session)


@pytest.mark.slow
def test_standard_output_carries_the_protocol_alone(project: Project) -> None:
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "by hand", "version": "1"},
        },
    }  # fmt: skip
    call = {
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": PRICE}},
    }  # fmt: skip
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    lines = "".join(f"{json.dumps(message)}\n" for message in (hello, ready, call))
    with subprocess.Popen(
        [*COMMAND, "mcp", "--project", str(project.folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True, env=environment(),
    ) as server:  # fmt: skip
        assert server.stdin
        assert server.stdout
        server.stdin.write(f"no JSON at all\n{lines}")
        server.stdin.flush()
        answers = {}
        while 2 not in answers:
            message = json.loads(server.stdout.readline())
            answers[message.get("id")] = message
        server.stdin.close()
        assert server.wait(30) == 0
        assert server.stdout.read() == ""
    assert answers[2]["result"]["structuredContent"]["n_posts"] == 6


def test_an_answer_has_intervals_and_ids_and_marks_members_words(project: Project) -> None:
    (result,) = asked(project, ("ask", {"question": PRICE, "limit": 3}))
    told = content(result)
    against = next(side for side in told["sides"] if side["side"] == "against")
    assert against["post_ids"] == ["forum:2", "forum:3"]
    assert 0 < against["members"]["low"] < against["members"]["high"] < 1
    assert {quote["post_id"] for quote in against["quotes"]} == {"forum:2", "forum:3"}
    assert "hobby users" in json.dumps([q["members_words"] for q in against["quotes"]])
    assert len(told["posts"]) == 3
    assert told["posts"][0]["members_words"]["url"].startswith("https://forum.example/")
    assert "forum.example" not in json.dumps(without_members_words(told))


def test_hostile_words_come_as_data_without_what_nobody_sees(project: Project) -> None:
    (result,) = asked(project, ("ask", {"question": "ignore previous instructions, secret key"}))
    told = content(result)
    (post,) = (post for post in told["posts"] if post["post_id"] == "forum:13")
    assert post["members_words"]["text"].startswith(HOSTILE)
    assert "Ignore" not in json.dumps(without_members_words(told))
    assert "\\u202e" not in json.dumps(result.structured_content)
    assert "\\u001b" not in json.dumps(result.structured_content)


def test_who_a_member_is_and_where_the_project_lies_is_nowhere(project: Project) -> None:
    results = asked(
        project,
        ("ask", {"question": PRICE}),
        ("claims", {}),
        ("explain", {"claim_id": "topic-3"}),
        ("explain", {"claim_id": "topic-99"}),
        ("topics", {}),
    )
    text = "".join(result.model_dump_json() for result in results)
    assert str(project.folder) not in text
    assert '"ann"' not in text
    assert "author" not in text


def test_groups_that_are_small_are_not_told(project: Project) -> None:
    (result,) = asked(project, ("explain", {"claim_id": "topic-3"}))
    segments = content(result)["segments"]
    assert [part["name"] for part in segments] == ["occasional"]
    (small,) = asked(project, ("ask", {"question": "Dark mode?"}))
    assert content(small)["sides"] == []


def test_who_asks_for_everything_gets_a_page_and_how_much_there_is_more(project: Project) -> None:
    first, last, too_much, far = asked(
        project,
        ("claims", {"limit": 50}),
        ("claims", {"limit": 50, "start": 50}),
        ("claims", {"limit": 1_000_000}),
        ("topics", {"start": 1_000_000}),
    )
    assert (len(content(first)["claims"]), first.structured_content["n_more"]) == (50, 10)
    assert (len(content(last)["claims"]), last.structured_content["n_more"]) == (10, 0)
    assert "less than or equal to 50" in failure(too_much)
    assert content(far)["topics"] == []
    heaviest = content(first)["claims"][0]
    assert heaviest["claim_id"] == "topic-59"
    assert heaviest["members_words"]["headline"] == "Headline 59"
    assert len(heaviest["post_ids"]) <= MOST_IDS


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("ask", {"question": PRICE, "project": "/etc"}, "Extra inputs are not permitted"),
        ("ask", {"question": "x" * 1_001}, "at most 1000 characters"),
        ("ask", {"question": "a"}, "names nothing to look for"),
        ("ask", {}, "Field required"),
        ("ask", {"question": PRICE, "since": "yesterday"}, "valid datetime"),
        ("claims", {"kind": "problm"}, "did you mean 'problem'?"),
        ("claims", {"topic_id": "t01"}, "no topic 't01'; did you mean 't001'?"),
        ("claims", {"topic_id": "prices"}, "the tool topics lists all"),
        ("claims", {"start": -1}, "greater than or equal to 0"),
        ("explain", {"claim_id": "../../etc/passwd"}, "makes no claim"),
        ("read_file", {"path": "/etc/passwd"}, "Unknown tool"),
    ],
)
def test_bad_input_is_told_what_is_wrong(
    project: Project, tool: str, arguments: dict[str, Any], told: str
) -> None:
    (result,) = asked(project, (tool, arguments))
    assert told in failure(result)


def test_what_is_erased_while_it_serves_is_gone_from_the_next_answer(tmp_path: Path) -> None:
    project = furnish(tmp_path)

    async def session() -> None:
        async with Client(build(project)) as client:
            before = await client.call_tool("ask", {"question": PRICE})
            assert "hobby users" in before.model_dump_json()
            await anyio.to_thread.run_sync(lambda: forget(Run(project), post_id="forum:2"))
            after = await client.call_tool("ask", {"question": PRICE})
            assert "hobby users" not in after.model_dump_json()

    anyio.run(session)


def test_a_headline_whose_words_its_author_took_back_is_neither_listed_nor_explained(
    tmp_path: Path,
) -> None:
    project = furnish(tmp_path)
    quoted = pl.col("claim_id") == "topic-59"
    project.store.replace(
        "claims",
        project.store.read("claims").with_columns(
            quoted=pl.when(quoted).then(pl.lit("The PRICE doubled")).otherwise("quoted"),
            quoted_from=pl.when(quoted).then(pl.lit("forum:3")).otherwise("quoted_from"),
        ),
    )
    (before,) = asked(project, ("claims", {}))
    assert content(before)["claims"][0]["claim_id"] == "topic-59"

    is_changed = pl.col("post_id") == "forum:3"
    anew = pl.when(is_changed).then(pl.lit("I take that back.")).otherwise("body")
    project.store.replace("posts", project.store.read("posts").with_columns(body=anew))
    after, explained = asked(project, ("claims", {}), ("explain", {"claim_id": "topic-59"}))
    assert content(after)["claims"][0]["claim_id"] == "topic-58"
    assert content(after)["n_all"] == 59
    assert "is not in its post any more" in failure(explained)


def test_an_error_reads_as_it_is_where_the_project_lies_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    (result,) = asked(open_project(Path()), ("explain", {"claim_id": "topic-99"}))
    assert failure(result).endswith("makes no claim 'topic-99'; did you mean 'topic-9'?")


def test_a_project_that_was_never_mined_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was mined yet"):
        build(open_project(tmp_path))


def test_without_the_extra_the_command_says_what_to_install(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from feedbackminer.errors import SettingsError

    monkeypatch.setitem(sys.modules, "mcp.server", None)
    with pytest.raises(SettingsError, match=r'pip install "feedbackminer\[mcp\]"'):
        build(project)
