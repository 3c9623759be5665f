"""Vectors: each distinct text is encoded once, and comes back from the store as it went in."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbackminer.embed.encoder import Encoded
from feedbackminer.embed.stage import CHUNK, embed_passages, missing
from feedbackminer.vectors import from_bytes
from tests.support.builders import Row, segments, texts


class Lengths:
    """An encoder whose vectors tell the length of a text, and that remembers what it was given."""

    name = "lengths"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Encoded:
        self.seen += texts
        angles = np.array([len(text) for text in texts], dtype=np.float32)
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        return Encoded(vectors, angles[:, None])


def hashes(*values: str) -> pl.Series:
    return pl.Series(values, dtype=pl.String)


def todo(*rows: Row | str) -> pl.DataFrame:
    return missing(texts(*rows), segments(), hashes())


def vectors_of(table: pl.DataFrame) -> dict[str, bytes]:
    passages = missing(table, segments(), hashes())
    rows = pl.concat(embed_passages(passages, encoder=Lengths()))
    return dict(rows.select("content_hash", "vector").iter_rows())


def test_equal_texts_are_encoded_once() -> None:
    rows = todo("Same words here.", "Other words here.", "Same words here.")
    assert rows["passage"].to_list() == ["Same words here.", "Other words here."]


def test_a_title_makes_another_text() -> None:
    assert len(todo("Same words here.", {"text": "Same words here.", "title": "Sync"})) == 2


def test_parts_of_long_texts_are_encoded_beside_the_whole() -> None:
    rows = missing(texts("One thing. Another."), segments(("p0", "One thing.")), hashes())
    assert rows["passage"].to_list() == ["One thing. Another.", "One thing."]


def test_a_known_text_is_not_encoded_again() -> None:
    table = texts("Known words here.", "New words here.")
    stored = hashes(table["content_hash"][0])
    assert missing(table, segments(), stored)["passage"].to_list() == ["New words here."]


def test_a_second_run_has_nothing_to_encode() -> None:
    table = texts("One text here.", "Another text here.")
    encoder = Lengths()
    new = missing(table, segments(), hashes())
    first = pl.concat(embed_passages(new, encoder=encoder))
    assert missing(table, segments(), first["content_hash"]).is_empty()


def test_the_longest_texts_are_encoded_first() -> None:
    encoder = Lengths()
    list(
        embed_passages(
            todo("short one", "the longest one of all", "a middling one"), encoder=encoder
        )
    )
    assert encoder.seen == ["the longest one of all", "a middling one", "short one"]


def test_a_title_is_encoded_with_its_text() -> None:
    encoder = Lengths()
    list(embed_passages(todo({"title": "Sync", "text": "It stops."}), encoder=encoder))
    assert encoder.seen == ["Sync\nIt stops."]


def test_vectors_name_the_encoder_they_come_from() -> None:
    (rows,) = embed_passages(todo("Some words."), encoder=Lengths())
    assert rows["encoder"].to_list() == ["lengths"]


def test_many_texts_come_in_chunks_that_can_be_stored_one_by_one() -> None:
    table = todo(*(f"Text number {i}" for i in range(CHUNK + 1)))
    assert [len(chunk) for chunk in embed_passages(table, encoder=Lengths())] == [CHUNK, 1]


def test_no_texts_give_no_vectors() -> None:
    assert list(embed_passages(todo(), encoder=Lengths())) == []
    assert from_bytes([]).shape == (0, 0)


def test_a_vector_is_stored_as_two_bytes_a_number() -> None:
    (rows,) = embed_passages(todo("Some words."), encoder=Lengths())
    assert [len(vector) for vector in rows["vector"]] == [2 * 2]
    assert from_bytes(rows["middle"].to_list()).tolist() == [[len("Some words.")]]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=20))
def test_vectors_come_back_as_they_went_in(written: list[str]) -> None:
    encoder = Lengths()
    table = todo(*written)
    rows = pl.concat(embed_passages(table, encoder=encoder))
    back = from_bytes(rows["vector"].to_list())
    np.testing.assert_allclose(back, Lengths().encode(encoder.seen).vectors, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(back, axis=1), 1, atol=1e-3)


def test_the_order_of_rows_changes_no_vector() -> None:
    table = texts(*(f"Words {'and more ' * (i % 7)} {i}" for i in range(50)))
    shuffled = table.sample(fraction=1, shuffle=True, seed=3)
    assert vectors_of(shuffled) == vectors_of(table)


def test_the_key_of_a_project_changes_no_vector() -> None:
    encoder = Lengths()
    passages = (f"Ask m_{'abcdefghij'[i:] + '2345672345'[:i]} about the log." for i in range(2))
    list(embed_passages(todo(*passages), encoder=encoder))
    assert encoder.seen == ["Ask somebody about the log."] * 2
