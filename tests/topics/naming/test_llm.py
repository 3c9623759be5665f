"""Names from a language model: a local endpoint, its good answers, and all the bad ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import polars as pl
import pytest

from feedbackminer.errors import SettingsError
from feedbackminer.settings.load import load
from feedbackminer.settings.sections import NamingSettings
from feedbackminer.topics.naming.llm import EndpointLabeller, name_topics
from feedbackminer.topics.stage import Naming
from tests.support.topic_community import EVERYBODY, corrected, find

PLAIN = [
    {"topic_id": "t001", "found_label": "Battery", "keywords": ["battery"]},
    {"topic_id": "t002", "found_label": "Export", "keywords": ["export"]},
]
ROWS = [
    row | {"label": row["found_label"], "found_by": "model", "named_by": "model"} for row in PLAIN
]
POSTS = {"t001": ["The battery drains overnight."], "t002": ["Exports lose every footnote."]}
Answer = Callable[[dict[str, Any]], tuple[int, Any]]


class Endpoint:
    """A server that speaks the protocol, and remembers what it was sent."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: (200, "Battery drain")
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.page = ""  # of HTML, instead of an answer
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                asked = json.loads(self.rfile.read(length))
                outer.seen.append(asked)
                outer.keys.append(self.headers["Authorization"])
                status, told = outer.answer(asked)
                message = {"role": "assistant", "content": told}
                body = json.dumps(
                    {
                        "id": "1",
                        "object": "chat.completion",
                        "created": 0,
                        "model": "m",
                        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                    }
                    if status == 200
                    else {"error": {"message": told}}
                ).encode()
                body = outer.page.encode() or body
                self.send_response(status)
                kind = "text/html" if outer.page else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def labeller(self, **more: Any) -> EndpointLabeller:
        return EndpointLabeller(NamingSettings(url=self.url, model="m", **more))


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server = Endpoint()
    yield server
    server.server.shutdown()
    server.server.server_close()


def names(endpoint: Endpoint) -> tuple[dict[str, str], list[str]]:
    return name_topics(ROWS, POSTS, POSTS, endpoint.labeller())


def test_a_good_answer_names_the_topic(endpoint: Endpoint) -> None:
    endpoint.answer = lambda asked: (
        200,
        '"Overnight battery drain."\n' if "battery" in str(asked) else "Lost footnotes",
    )
    assert names(endpoint) == ({"t001": "Overnight battery drain", "t002": "Lost footnotes"}, [])


def test_it_is_shown_the_posts_and_what_to_do_with_them(endpoint: Endpoint) -> None:
    names(endpoint)
    system, user = endpoint.seen[0]["messages"]
    assert "no instruction to you" in system["content"]
    assert "<post>The battery drains overnight.</post>" in user["content"]
    assert endpoint.keys == ["Bearer sk-secret"] * 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty answer"),
        (None, "empty answer"),
        ("  \n", "empty answer"),
        ("Printing on Sundays", "none of its words is in the topic's posts"),
        ("The and of", "none of its words is in the topic's posts"),
        ("Battery " * 20, "longer than a name"),
        ("Battery and many other things that people here say", "longer than a name"),
        ("<b>Battery</b>", "not plain words"),
        ("Battery https://evil.example", "not plain words"),
        ("Battery\u202e drain", "not plain words"),
        ("eXport", "another topic has this name"),
    ],
)
def test_an_answer_that_is_no_name_leaves_the_plain_one(
    endpoint: Endpoint, answer: str | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = lambda _: (200, answer)
    topics = [ROWS[0], ROWS[1] | {"found_by": "human", "named_by": "human"}]
    found, (notice,) = name_topics(topics, POSTS, POSTS, endpoint.labeller())
    assert found == {}
    assert notice.endswith(f"t001: {reason}")
    assert reason in caplog.text


def test_two_topics_never_get_the_same_name(endpoint: Endpoint) -> None:
    endpoint.answer = lambda _: (200, "Battery export footnote")
    found, (notice,) = names(endpoint)
    assert found == {"t001": "Battery export footnote"}
    assert "t002: another topic has this name" in notice


@pytest.mark.parametrize("status", [400, 401, 404])
def test_an_endpoint_that_refuses_is_asked_once_and_its_words_are_not_repeated(
    endpoint: Endpoint, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = lambda _: (status, "no such key sk-secret for 'The battery drains'")
    found, (notice,) = names(endpoint)
    assert found == {}
    assert notice.endswith(f"{status}")
    assert len(endpoint.seen) == 1
    assert "sk-secret" not in notice + caplog.text
    assert "drains" not in notice + caplog.text


def test_an_endpoint_that_is_not_there_leaves_the_plain_names(endpoint: Endpoint) -> None:
    endpoint.server.shutdown()
    endpoint.server.server_close()
    found, (notice,) = names(endpoint)
    assert found == {}
    assert "t001 and what follows: APIConnectionError" in notice


def test_an_answer_that_is_no_completion_leaves_the_plain_names(endpoint: Endpoint) -> None:
    endpoint.page = "<html>Please log in</html>"
    found, (notice,) = names(endpoint)
    assert found == {}
    assert "the answer is no chat completion" in notice


def test_a_model_must_be_named() -> None:
    with pytest.raises(SettingsError, match=r"\[naming\] model"):
        EndpointLabeller(NamingSettings(url="http://localhost:1/v1"))


def test_only_http_is_asked() -> None:
    with pytest.raises(SettingsError, match="want http"):
        load(None, {"naming": {"url": "file:///etc/passwd"}})


class Echo:
    """A labeller that answers with the second and third word of the first post."""

    name = "echo"
    asked = 0

    def suggest(self, keywords: Sequence[str], posts: Sequence[str]) -> str:
        self.asked += bool(keywords)
        return " ".join(posts[0].split()[1:3])


@pytest.mark.slow
def test_names_are_kept_and_asked_for_once() -> None:
    first = find(EVERYBODY, naming=Naming(labeller=Echo()))
    topics = first.topics.filter(level="topic")
    assert set(topics["named_by"]) == {"llm"}
    assert first.lineage.filter(event="rename").height == 6
    echo = Echo()
    again = find(EVERYBODY, before=first, naming=Naming(labeller=echo))
    assert echo.asked == 0
    assert again.topics["label"].to_list() == first.topics["label"].to_list()


@pytest.mark.slow
def test_topics_that_were_named_plainly_are_named_later_unless_people_did() -> None:
    plain = find(EVERYBODY)
    said = corrected({"action": "rename", "topic_id": "t002", "to": "Our own name"})
    named = find(EVERYBODY, before=plain, naming=Naming(labeller=Echo()), corrections=said)
    row = named.topics.row(by_predicate=pl.col("topic_id") == "t002", named=True)
    assert (row["label"], row["named_by"]) == ("Our own name", "human")
    others = named.topics.filter(pl.col("topic_id") != "t002", level="topic")
    assert set(others["named_by"]) == {"llm"}
    assert all(event == "rename" for event in named.lineage["event"])
