"""Seals: what was erased is known again, by keyed hashes alone."""

import polars as pl
import pytest

from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import ERASED, Sealer

PSEUDONYMS = Pseudonyms(b"a key for tests, 32 bytes long..")


@pytest.mark.parametrize(
    ("name", "text", "want"),
    [
        ("44a871", "Kind regards\n44a871", f"Kind regards\n{ERASED}"),
        ("Ann Lee", "I asked Ann Lee and then Ann\nLee", f"I asked {ERASED} and then {ERASED}"),
        ("王秀英", "谢谢王秀英的说明", f"谢谢 {ERASED} 的说明"),
        ("김철수", "감사합니다 김철수님", f"감사합니다 {ERASED} 님"),
    ],
)
def test_an_erased_member_is_not_named_any_more(name: str, text: str, want: str) -> None:
    author = PSEUDONYMS.of(name)
    sealer = Sealer([Sealer((), PSEUDONYMS).seal("author", author)], PSEUDONYMS)
    texts = pl.Series([text, "地图可以打开 and 3v3"])
    assert sealer.without_mentions_in(texts).to_list() == [want, texts[1]]
