"""What is erased of the rows that were dropped: they stay, and name no erased post."""

from __future__ import annotations

import polars as pl
import pytest

from feedbackminer.accounts import DroppedRow, dropped_frame
from feedbackminer.erasure.tables import Erasure, erase_from
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import ERASED, Sealer
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import TABLES
from tests.support import builders

SEALER = Sealer((), Pseudonyms(b"k" * 32))
DETAIL = "id '12' stands already at f.csv:2; the first is kept"


def after_erasing(post_id: str, *rows: DroppedRow, is_thorough: bool = True) -> pl.DataFrame:
    """Return ``dropped`` after a post of a community of two was erased."""
    tables: dict[str, pl.DataFrame] = {
        name: schema.create_empty() for name, schema in TABLES.items()
    }
    posts = builders.posts(*({"post_id": i, "source": "x"} for i in ("x:12", "x:13")))
    tables |= {"posts": posts, "dropped": dropped_frame("collect", rows)}
    erasure = Erasure([post_id], SEALER, is_thorough)
    return erase_from(tables, erasure, settings=InsightSettings())["dropped"]


@pytest.mark.parametrize("other_ref", ["x:12", ""])  # "": from before there was this column
def test_a_row_that_repeated_an_erased_post_does_not_name_it(other_ref: str) -> None:
    row = DroppedRow("f.csv:3", "duplicate_id", DETAIL, other_ref=other_ref)
    (erased,) = after_erasing("x:12", row).to_dicts()
    assert (erased["ref"], erased["detail"]) == ("f.csv:3", ERASED)
    assert erased["other_ref"] == (SEALER.name_of_sealed("x:12") if other_ref else "")


@pytest.mark.parametrize("other_ref", ["x:12", ""])
def test_a_row_that_repeated_another_post_stays_as_it_is(other_ref: str) -> None:
    row = DroppedRow("f.csv:3", "duplicate_id", DETAIL, other_ref=other_ref)
    assert after_erasing("x:13", row).equals(dropped_frame("collect", [row]))


def test_a_post_that_its_source_has_deleted_is_named_by_no_other_row() -> None:
    row = DroppedRow("f.csv:3", "duplicate_id", DETAIL, other_ref="x:12")
    (erased,) = after_erasing("x:12", row, is_thorough=False).to_dicts()
    assert (erased["ref"], erased["other_ref"]) == ("f.csv:3", SEALER.name_of_sealed("x:12"))
