"""A preview: what would be read as what, and what looks odd, before anything is stored."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import invoke

REVIEWS = "Id,Text,Score,Helpful,Shelf\n1,Fits.,5,2,A\n2,Too small.,1,0,B\n"


@pytest.fixture
def shown(tmp_path: Path) -> Any:
    """Return what a preview of a file says, as JSON."""

    def of(text: str, *options: str, name: str = "f.csv") -> dict[str, Any]:
        (tmp_path / name).write_text(text)
        project = tmp_path / "project"
        result = invoke(
            "import", tmp_path / name, "--project", project, "--preview", "--json", *options
        )
        assert result.exit_code == 0, result.output
        assert not project.exists()
        (preview,) = json.loads(result.stdout)["files"]
        return dict(preview)

    return of


def columns(preview: dict[str, Any]) -> dict[str, list[str]]:
    return {field["field"]: field["columns"] for field in preview["fields"]}


def test_a_preview_tells_which_column_is_which_field_and_why(shown: Any) -> None:
    preview = shown(REVIEWS)
    assert columns(preview) == {
        "post_id": ["Id"], "body": ["Text"], "rating": ["Score"], "score": ["Helpful"],
    }  # fmt: skip
    whys = {field["field"]: field["why"] for field in preview["fields"]}
    assert whys["rating"] == "1 to 5 beside columns of reviews"
    assert preview["ignored"] == {"Shelf": "A"}
    assert preview["n_rows"] == 2


def test_a_preview_shows_posts_as_they_would_be_stored(shown: Any) -> None:
    rows = ("bea_7,It hums. Mail me: bea@example.org", "cid_8,Ask bea_7", "x_1,c", "x_2,d")
    posts = shown("author,text\n" + "\n".join(rows))["posts"]
    assert len(posts) == 3
    assert posts[0]["body"] == "It hums. Mail me: <email>"
    assert posts[1]["body"] == f"Ask {posts[0]['author_id']}"


def test_a_preview_tells_what_a_known_format_gave(shown: Any) -> None:
    chat = {"name": "Kettle", "type": "public_supergroup", "id": 7, "messages": []}
    message = {
        "id": 1,
        "type": "message",
        "date": "2026-01-02T03:04:05",
        "from": "Ann",
        "from_id": "user1",
        "text": "A",
    }
    preview = shown(json.dumps(chat | {"messages": [message]}), name="result.json")
    whys = {field["field"]: field["why"] for field in preview["fields"]}
    assert whys["channel"] == "the format"


def test_a_mapping_shows_in_the_preview(shown: Any) -> None:
    preview = shown(REVIEWS, "--map", "channel=Shelf")
    assert columns(preview)["channel"] == ["Shelf"]
    assert preview["ignored"] == {}


def test_a_preview_tells_in_which_order_dates_are_read(shown: Any) -> None:
    def why(*dates: str) -> str:
        fields = shown("text,date\n" + "".join(f"a,{date}\n" for date in dates))["fields"]
        return next(str(field["why"]) for field in fields if field["field"] == "created_at")

    assert why("13/02/2024") == "its name; dates day first"
    assert why("02/13/2024") == "its name; dates month first"
    assert why("02/03/2024") == "its name; dates month first, for want of a day above 12"
    assert why("2024-02-03") == "its name"


ODD = {
    "rows are posts": "id,text\n" + "7,again\n" * 12,
    "no author": "author,text\nann,x\n" + ",words\n" * 12,
    "by one author": "author,text\n" + "ann,words\n" * 12,
    "all posts are by bot": "author,is_bot,text\n" + "".join(f"a{n},1,words\n" for n in range(12)),
    "no post has a date": "date,text\n" + "soon,words\n" * 12,
    "in one thread": "topic_id,text\n" + "1,words\n" * 12,
}


@pytest.mark.parametrize("sentence", ODD)
def test_what_makes_a_whole_import_look_misread_is_told(shown: Any, sentence: str) -> None:
    notices = shown(ODD[sentence])["odd"]
    assert sentence in notices[0]
    assert "import --preview shows what was read as what" in notices


def test_an_ordinary_export_is_not_odd(shown: Any) -> None:
    rows = "".join(f"a{n},{n // 3},2024-01-{n + 1:02},words {n}\n" for n in range(12))
    assert shown("author,topic_id,date,text\n" + rows)["odd"] == []


def test_a_preview_for_people_names_columns_posts_and_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(REVIEWS)
    result = invoke("import", tmp_path / "f.csv", "--preview")
    for part in ("f.csv: 2 rows", "Score", "Left out: Shelf (A)", "Post 2", "--map"):
        assert part in result.stdout


def test_an_import_says_first_what_it_read_as_what(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(ODD["no post has a date"])
    result = invoke("import", tmp_path / "f.csv", "--project", tmp_path / "project")
    first, second, *_ = result.stderr.splitlines()
    assert first == "f.csv: created_at = date, body = text"
    assert second == "f.csv: look twice: no post has a date, though there is a column for it"


def test_a_file_without_a_text_is_refused_with_the_column_that_looks_most_like_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "f.csv").write_text("key,meinung\n1,Es fehlt ein Deckel dazu.\n")
    result = invoke("import", tmp_path / "f.csv", "--preview")
    assert result.exit_code == 2
    assert "--map body=COLUMN ('meinung' has the longest values)" in result.stderr
