"""Did it help? What fewer, or more, members say since a day, against topics nobody touched.

Each topic has its change of its own between two times: some grow, some fade. They are taken
together as a meta-analysis takes studies together; how far they scatter beyond sampling is how
much a topic changes by itself, and what is told of a topic on which something was shipped is its
distance from where a topic lies on which nothing was (the prediction interval of Higgins, Thompson
and Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from feedbackminer.insight.measures import Estimate
from feedbackminer.insight.timeline import Real, Whole, edges_of

WEEK = timedelta(weeks=1)
LEAST_WEEKS, MOST_WEEKS = 8, 26  # of the time after
WINDOWS_BEFORE = 2  # each as long; one alone is a peak too often, for peaks are what is mended
LEAST_MEMBERS = 10  # on average before, of what is judged
LEAST_SAID = 8  # members of another topic, before and after together
LEAST_CONTROLS = 5
POWER, HALVED = 0.8, 0.5  # how surely a halving has to be seen
HALF = 0.5  # a case added on each side, so that nobody has a logarithm
LEAST_VARIANCE = 1e-6
_WIDEST = 25.0  # variance of changes between topics that is looked for, in squared logarithms


@dataclass(frozen=True)
class Windows:
    """Times that are compared: some before, as long each, and one after."""

    before: tuple[tuple[datetime, datetime], ...]
    after: tuple[datetime, datetime]

    @classmethod
    def within(cls, day: datetime, since: datetime, until: datetime) -> Windows | None:
        """Return the longest times around a day that a history has; None: it has too little.

        Where it is too short for two times before, one has to do.
        """
        n_after = min(MOST_WEEKS, (until - day) // WEEK)
        for n_before in range(WINDOWS_BEFORE, 0, -1):
            weeks = min(n_after, (day - since) // (n_before * WEEK))
            if weeks >= LEAST_WEEKS:
                return cls.around(day, weeks, n_before=n_before)
        return None

    @classmethod
    def around(cls, day: datetime, weeks: int, *, n_before: int = WINDOWS_BEFORE) -> Windows:
        """Return the weeks after a day, and as many before it, so many times."""
        length = weeks * WEEK
        before = ((day - n * length, day - (n - 1) * length) for n in range(n_before, 0, -1))
        return cls(tuple(before), (day, day + length))

    @property
    def weeks(self) -> int:
        """Return how long each is."""
        return (self.after[1] - self.after[0]) // WEEK

    @property
    def since(self) -> datetime:
        """Return where the first begins."""
        return self.before[0][0]

    @property
    def until(self) -> datetime:
        """Return where the last ends."""
        return self.after[1]


@dataclass(frozen=True)
class Change:
    """How what is said of a topic changed, beside others.

    Attributes:
        n_before: distinct members in a time before, on average.
        n_after: distinct members after.
        others: how many times as much as before it was on topics that nobody touched.
        ratio: of ``n_after`` to what would be by the time before and by the others.
        n_others: topics that it was held against.
        seen: the largest ratio below 1 that would be shown as a fall with a chance of ``POWER``;
            None: no fall would be.
        enough: members before, from which a halving would be shown so; None: however many, since
            topics vary too much by themselves.
    """

    n_before: float
    n_after: int
    others: float
    ratio: Estimate
    n_others: int
    seen: float | None
    enough: int | None

    @property
    def expected(self) -> float:
        """Return how many members there would be after."""
        return self.n_before * self.others

    @property
    def sees_half(self) -> bool:
        """Tell whether a halving would be shown."""
        return self.seen is not None and self.seen >= HALVED

    @property
    def is_fall(self) -> bool:
        """Tell whether fewer say it than would by chance."""
        return self.ratio.high < 1

    @property
    def is_rise(self) -> bool:
        """Tell whether more do."""
        return self.ratio.low > 1


@dataclass(frozen=True)
class Said:
    """Who said what when: an entry for each post, in rows that are topics, or key points."""

    n_rows: int
    n_members: int
    row: Whole
    member: Whole
    at: Whole  # microseconds

    @classmethod
    def of(cls, rows: Sequence[pl.DataFrame]) -> Said:
        """Number the posts of some rows; what has no date or no writer is left out.

        Args:
            rows: frames of voice and created_at.
        """
        frames = (rows[n].select("voice", "created_at", row=pl.lit(n)) for n in range(len(rows)))
        entries = pl.concat(frames).drop_nulls()
        return cls(
            n_rows=len(rows),
            n_members=entries["voice"].n_unique(),
            row=entries["row"].cast(pl.Int64).to_numpy(),
            member=entries["voice"].rank("dense").cast(pl.Int64).to_numpy() - 1,
            at=entries["created_at"].dt.epoch("us").to_numpy(),
        )

    def count(self, windows: Windows) -> _Counts:
        """Count who spoke of each row before and after."""
        spoke = [self._spoke(window) for window in (*windows.before, windows.after)]
        pairs, n_times = np.unique(np.concatenate(spoke[:-1]), return_counts=True)
        stayed = np.isin(pairs, spoke[-1], assume_unique=True)
        rows = pairs // self.n_members
        return _Counts(
            n_windows=len(windows.before),
            after=self._by_row(spoke[-1] // self.n_members),
            before=self._by_row(rows, n_times),
            squares=self._by_row(rows, n_times**2),
            both=self._by_row(rows[stayed], n_times[stayed]),
        )

    def _spoke(self, window: tuple[datetime, datetime]) -> Whole:
        """Return numbers of the pairs of row and member that spoke in a time, each once."""
        since, until = edges_of(window)
        within = (self.at >= since) & (self.at < until)
        return np.unique(self.row[within] * self.n_members + self.member[within])

    def _by_row(self, rows: Whole, values: Whole | None = None) -> Real:
        sums = np.bincount(rows, values, minlength=self.n_rows)
        return sums.astype(np.float64)


@dataclass(frozen=True)
class _Counts:
    """Members by row: arrays; ``before``, ``squares`` and ``both`` are sums over members.

    Of each member it is counted in how many times before they spoke: that, its square, and that of
    those who spoke after, too.
    """

    n_windows: int
    after: Real
    before: Real
    squares: Real
    both: Real

    @property
    def mean_before(self) -> Real:
        """Return the members of an average time before."""
        return self.before / self.n_windows

    @property
    def log_ratios(self) -> Real:
        """Return the logarithm of after to before."""
        return np.asarray(np.log((self.after + HALF) / (self.mean_before + HALF)))

    @property
    def variances(self) -> Real:
        """Return the variance of these by which members were there: each is a cluster.

        That is the linearisation of the logarithms (Woodruff 1971), which is where a bootstrap
        over members ends.
        """
        after, before = self.after + HALF, self.before + HALF * self.n_windows
        repeats = np.where(self.before > 0, self.squares / np.maximum(self.before, 1), 1)
        variances = 1 / after + repeats / before - 2 * self.both / (after * before)
        return np.asarray(np.maximum(variances, LEAST_VARIANCE))


def compare(
    said: Said,
    target: int,
    controls: Sequence[int],
    windows: Windows,
    *,
    confidence: float = 0.95,
) -> Change | None:
    """Hold a row against others of which nothing is known that would have changed them.

    Args:
        target: the number of the row.
        controls: numbers of the others; those of which too little was said do not count.
    Returns:
        the change; None: too few others.
    """
    from scipy.stats import norm, t

    counts = said.count(windows)
    others = np.asarray(sorted({*controls} - {target}), dtype=np.int64)
    others = others[(counts.after + counts.mean_before)[others] >= LEAST_SAID]
    if len(others) < LEAST_CONTROLS:
        return None
    ratios, variances = counts.log_ratios, counts.variances
    centre, scatter, doubt = _together(ratios[others], variances[others])
    by_itself = scatter + doubt
    margin = float(t.ppf((1 + confidence) / 2, len(others) - 1))
    log_ratio = float(ratios[target] - centre)
    error = math.sqrt(float(variances[target]) + by_itself)
    low, high = (math.exp(log_ratio + side * margin * error) for side in (-1, 1))
    n_before = float(counts.mean_before[target])
    sure = margin + float(norm.ppf(POWER))
    room = (math.log(HALVED) / sure) ** 2 - by_itself
    each = 1 / (math.exp(centre) * HALVED) + 1 / counts.n_windows
    return Change(
        n_before=n_before,
        n_after=int(counts.after[target]),
        others=math.exp(centre),
        ratio=Estimate(math.exp(log_ratio), low, high),
        n_others=len(others),
        seen=_seen(n_before, math.exp(centre), counts.n_windows, by_itself, sure),
        enough=math.ceil(each / room) if room > 0 else None,
    )


def _together(values: Real, variances: Real) -> tuple[float, float, float]:
    """Return the mean of values, the variance between them beyond theirs, and that of the mean.

    By Paule and Mandel (1982): the variance between them is such that they scatter as they should.
    """
    from scipy.optimize import brentq

    def excess(between: float) -> float:
        weights = 1 / (variances + between)
        mean = float((weights * values).sum() / weights.sum())
        return float((weights * (values - mean) ** 2).sum()) - (len(values) - 1)

    between = float(brentq(excess, 0.0, _WIDEST)) if excess(0.0) > 0 else 0.0
    weights: npt.NDArray[np.float64] = 1 / (variances + between)
    return float((weights * values).sum() / weights.sum()), between, float(1 / weights.sum())


def _seen(
    n_before: float, others: float, n_windows: int, by_itself: float, sure: float
) -> float | None:
    """Return the smallest fall that would be shown, as a ratio."""
    if not n_before:
        return None
    ratios = np.arange(99, 0, -1) / 100
    errors = 1 / (n_before * others * ratios + HALF) + 1 / (n_windows * n_before) + by_itself
    is_shown = -np.log(ratios) >= sure * np.sqrt(errors)
    return float(ratios[is_shown.argmax()]) if is_shown.any() else None
