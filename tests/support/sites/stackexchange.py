"""A site of Stack Exchange: filters, questions by activity, lookups; always compressed.

Errors have the status 400 and say more in ``error_id``. Fields that a filter does not name are
left out, as are empty lists. Comments are no activity.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from feedbackminer.settings.sections import SourceSettings
from tests.support.sites.serving import Reply, Request

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
FILTER = "!filter-of-this-test"
ON_DEMAND = {"body", "answers", "comments"}  # and the link of all but questions
Post = dict[str, Any]


class StackExchange:
    """Questions under ``inkwren``, of which few are answered, and one under another tag."""

    secret = "key-of-the-app"  # noqa: S105

    def __init__(self, posts: int = 0) -> None:
        self.questions: dict[int, Post] = {}
        self.written = 0
        self.left = 10_000
        self.backoff = 0
        self.included: set[str] = set()
        self.talk(posts)

    def __call__(self, request: Request) -> Reply:
        if request.get("key") not in ("", self.secret):
            return _error(400, "bad_parameter", "`key` doesn't match a known application")
        if not self.left:
            words = "too many requests from this IP, more requests available in 85233 seconds"
            return _error(502, "throttle_violation", words)
        self.left -= 1
        match request.path.strip("/").split("/"):
            case ["2.3", "filters", "create"]:
                self.included = set(request.get("include").split(";"))
                return self._wrapped([{"filter": FILTER, "filter_type": "safe"}])
            case ["2.3", *_] if request.get("site") != "stackoverflow":
                return _error(400, "bad_parameter", "No site found for name")
            case ["2.3", "questions"]:
                return self._listed(request)
            case ["2.3", "posts", ids]:
                asked = set(map(int, ids.split(";")))
                there = {p.get("answer_id", p.get("question_id")) for p in self._posts()}
                return self._wrapped([{"post_id": i} for i in sorted(asked & there)])
            case ["2.3", "comments", ids]:
                asked = set(map(int, ids.split(";")))
                there = {c["comment_id"] for post in self._posts() for c in post["comments"]}
                return self._wrapped([{"comment_id": i} for i in sorted(asked & there)])
            case ["2.3", "info"]:
                return self._wrapped([{"total_questions": len(self.questions)}])
        return _error(404, "no_method", "this method is not available")

    def settings(self, url: str) -> SourceSettings:
        return SourceSettings(
            kind="stackexchange",
            url=f"{url}/2.3",
            query="stackoverflow",
            channels=("inkwren",),
            private_network=True,
        )

    def ids(self) -> set[str]:
        posts = [p for p in self._posts() if "other" not in p["tags"]]
        natives = {str(p.get("answer_id", p.get("question_id"))) for p in posts}
        return natives | {f"c{c['comment_id']}" for p in posts for c in p["comments"]}

    def talk(self, count: int) -> None:
        """Eight questions, an answer to the last and a comment on that; now and then another."""
        for _ in range(count):
            match self.written % 10:
                case 8:
                    self.answer(max(self.questions))
                case 9:
                    last = self.questions[max(self.questions)]
                    self.comment(last["answers"][-1] if last["answers"] else last)
                case _:
                    self.ask()
        self.ask(("other",))

    def ask(self, tags: tuple[str, ...] = ("inkwren", "sync")) -> int:
        """Let a member ask; returns the id of the question."""
        at, native = self._now(), 7000 + 3 * self.written
        self.questions[native] = {
            "question_id": native,
            "title": f"Why is entry {self.written} &quot;gone&quot;?",
            "tags": list(tags),
            "answers": [],
            "comments": [],
            "last_activity_date": at,
            "link": f"https://stackoverflow.example/questions/{native}",
            **self._written(at, f"<p>Entry {self.written} is gone &amp; lost.</p>"),
        }
        return native

    def answer(self, question: int) -> int:
        """Let a member answer; returns the id of the answer."""
        at, native = self._now(), 7000 + 3 * self.written
        answer = {
            "answer_id": native,
            "question_id": question,
            "tags": self.questions[question]["tags"],
            "is_accepted": self.written % 2 == 1,
            "comments": [],
            "link": f"https://stackoverflow.example/a/{native}",
            **self._written(at, "<p>Switch the sync off &amp; on.</p>"),
        }
        self.questions[question]["answers"].append(answer)
        self.questions[question]["last_activity_date"] = at
        return native

    def comment(self, post: Post) -> int:
        """Let a member comment on a question or an answer; that is no activity."""
        at, native = self._now(), 7000 + 3 * self.written  # may be the id of a question, too
        comment = {"comment_id": native, "post_id": post.get("answer_id", post["question_id"])}
        post["comments"].append(comment | self._written(at, f"@ann it's &quot;{native}&quot;"))
        return native

    def edit(self) -> str:
        ours = [q for q in self.questions.values() if "inkwren" in q["tags"]]
        question = ours[0]  # as old as can be: it becomes active
        question["body"] += "<p>(edited)</p>"
        at = int((START + timedelta(days=90)).timestamp())
        question["last_edit_date"] = question["last_activity_date"] = at
        return str(question["question_id"])

    def delete(self) -> str:
        unanswered = [q for q in self.questions.values() if not q["answers"] and q["tags"][1:]]
        native: int = [q for q in unanswered if not q["comments"]][-1]["question_id"]
        del self.questions[native]
        return str(native)

    def _now(self) -> int:
        self.written += 1
        return int((START + timedelta(minutes=self.written)).timestamp())

    def _written(self, at: int, body: str) -> Post:
        n = self.written
        user = {"user_type": "registered", "user_id": n % 9, "display_name": f"J&#246;rg {n % 9}"}
        return {"owner": user, "creation_date": at, "body": body, "score": n % 5}

    def _posts(self) -> list[Post]:
        return [p for q in self.questions.values() for p in (q, *q["answers"])]

    def _listed(self, request: Request) -> Reply:
        if (request.get("sort"), request.get("order")) != ("activity", "asc"):
            return _error(400, "bad_parameter", "this test has them by activity, upwards")
        if request.get("filter") != FILTER:
            return _error(400, "bad_parameter", "filter")
        low, end = int(request.get("min", "0")), int(request.get("todate", "9999999999"))
        tags = set(request.get("tagged").split(";"))
        questions = [q for q in self.questions.values() if tags <= set(q["tags"])]
        questions = [
            q for q in questions if q["last_activity_date"] >= low and q["creation_date"] <= end
        ]
        questions.sort(key=lambda q: q["last_activity_date"])
        page, size = int(request.get("page", "1")), int(request.get("pagesize", "30"))
        if size > 100 or page > 25:
            return _error(403, "access_denied", "page above 25 requires access token or app key")
        shown = questions[(page - 1) * size : page * size]
        items = [self._filtered("question", question) for question in shown]
        return self._wrapped(items, has_more=page * size < len(questions))

    def _filtered(self, kind: str, post: Post) -> Post:
        """Return the fields that the filter names, and those that every answer has."""
        below = {"answers": "answer", "comments": "comment"}
        on_demand = ON_DEMAND if kind == "question" else ON_DEMAND | {"link", "tags"}
        shown: Post = {"answer_count": len(post["answers"])} if kind == "question" else {}
        for name, value in post.items():
            if name in on_demand and f"{kind}.{name}" not in self.included:
                continue
            if name in below:
                value = [self._filtered(below[name], p) for p in value]
            if value or name not in below:
                shown[name] = value
        return shown

    def _wrapped(self, items: list[Post], *, has_more: bool = False) -> Reply:
        wrapper: Post = {"items": items, "has_more": has_more}
        wrapper |= {"quota_max": 10_000, "quota_remaining": self.left}
        if self.backoff:
            wrapper["backoff"], self.backoff = self.backoff, 0
        return Reply(gzip.compress(json.dumps(wrapper).encode()), 200, {"Content-Encoding": "gzip"})


def _error(number: int, name: str, message: str) -> Reply:
    return Reply({"error_id": number, "error_name": name, "error_message": message}, 400)
