"""Lists that give the newest first are read whole, however often the reading is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from feedbackminer.collect.sources.newest_first import Listed, Newest
from feedbackminer.collect.sources.protocol import Position

PAGE = 4


class Talk:
    """A list of numbers, each written at its moment; a place is the number before it."""

    def __init__(self, count: int, longest: int = 10_000) -> None:
        self.numbers = list(range(1, count + 1))
        self.longest = longest
        self.asked: list[int | None] = []

    def write(self, count: int) -> None:
        self.numbers += range(len(self.numbers) + 1, len(self.numbers) + count + 1)

    def ask(self, after: int | None) -> Listed:
        self.asked.append(after)
        listed = [n for n in self.numbers[-self.longest :][::-1] if after is None or n < after]
        page = listed[:PAGE]
        return [{"n": n} for n in page], page[-1] if len(listed) > PAGE else None

    def newest(self, overlap: int = PAGE) -> Newest:
        return Newest(self.ask, lambda item: float(item["n"]), overlap, longest=self.longest)

    def read(self, position: Position, overlap: int = PAGE) -> Iterator[tuple[list[int], Position]]:
        for stretch in self.newest(overlap).read(position):
            yield [item["n"] for item in stretch.items], stretch.position


def take(reading: Iterator[tuple[list[int], Position]], pages: int, seen: set[int]) -> Position:
    """Read some pages, as a collect that is killed after them; return the position it leaves."""
    position: Position = {}
    for numbers, position in islice(reading, pages):  # noqa: B007
        seen |= set(numbers)
    return position


@given(
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 5)), max_size=8),
    st.integers(0, 9),
)
def test_readings_that_are_cut_off_lose_nothing(
    count: int, cuts: list[tuple[int, int]], overlap: int
) -> None:
    talk, seen = Talk(count), set[int]()
    position: Position = {}
    for written, pages in cuts:
        position = take(talk.read(position, overlap), pages, seen) or position
        talk.write(written)
    position = take(talk.read(position, overlap), 1000, seen)
    assert seen == set(talk.numbers)
    assert position == {"newest": float(len(talk.numbers))}


def test_a_reading_that_was_cut_off_does_not_begin_again() -> None:
    talk = Talk(20)
    *_, (_, position) = islice(talk.read({}), 3)
    talk.asked.clear()
    *_, (_, position) = talk.read(position)
    assert talk.asked == [9, 5, None]
    assert position == {"newest": 20.0}


def test_nothing_new_costs_one_question() -> None:
    talk = Talk(20)
    *_, (_, position) = talk.read({})
    talk.asked.clear()
    assert [numbers for numbers, _ in talk.read(position)] == [[20, 19, 18, 17]]
    assert talk.asked == [None]


def test_what_is_read_again_does_not_shrink_when_there_is_news() -> None:
    talk = Talk(20)
    *_, (_, position) = talk.read({})
    talk.write(2)
    again = [number for numbers, _ in talk.read(position) for number in numbers if number <= 20]
    assert len(again) >= PAGE


def test_a_page_that_is_repeated_is_asked_for_anew() -> None:
    talk = Talk(12)
    answers = iter([talk.ask(None), talk.ask(None), talk.ask(None), talk.ask(9), talk.ask(5)])
    listed = Newest(lambda _: next(answers), lambda item: float(item["n"]), PAGE)
    numbers = [item["n"] for stretch in listed.read({}) for item in stretch.items]
    assert numbers == list(range(12, 0, -1))


def test_a_gap_that_the_list_does_not_reach_any_more_is_told() -> None:
    talk = Talk(10, longest=8)
    *_, stretch = talk.newest().read({})
    assert stretch.missed is None
    talk.write(20)
    *_, stretch = talk.newest().read(stretch.position)
    assert stretch.missed == (10.0, 23.0)


def test_a_list_that_ends_early_has_all_that_there_is() -> None:
    *_, stretch = Talk(10).newest().read({})
    assert stretch.down_to == 0
    *_, stretch = Talk(10, longest=8).newest().read({})
    assert stretch.down_to == 3
