"""Say in words what a claim's number is, how sure it is and who is behind it."""

from __future__ import annotations

from feedbackminer.digest.views import ClaimView
from feedbackminer.digest.waves import Wave
from feedbackminer.vocabulary.claims import METRICS, quantity


def number(claim: ClaimView) -> str:
    """Write a claim's value with its interval: ``41 % (33 to 49 %)``; nothing without a value."""
    if claim.value is None:
        return ""
    is_share = METRICS[claim.metric].is_share
    value = _figure(claim.value, is_share, with_unit=True)
    if claim.low is None or claim.high is None:
        return value
    low = _figure(claim.low, is_share, with_unit=False)
    return f"{value} ({low} to {_figure(claim.high, is_share, with_unit=True)})"


def sentence(claim: ClaimView) -> str:
    """Write the number as a phrase: ``41 % (33 to 49 %) of the members who …``."""
    metric = METRICS[claim.metric]
    return metric.unbounded if claim.value is None else f"{number(claim)} {metric.phrase}"


def trust(claim: ClaimView) -> str:
    """Write who is behind a claim: voices, posts, and how evenly they speak."""
    parts = [quantity(claim.n_voices, "voice"), quantity(claim.n_posts, "post")]
    effective = claim.effective_voices
    if effective and claim.n_voices >= 2 * effective:
        parts.append(f"as concentrated as {quantity(round(effective), 'equally loud member')}")
    if claim.q is not None:
        parts.append(f"q {_chance(claim.q)}")
    parts += [wave(one) for one in claim.waves]
    return " · ".join(parts)


def wave(wave: Wave) -> str:
    """Write who posted one text, and when: ``18 new accounts posted one text …``."""
    first, last = wave.since, wave.until
    if first.date() == last.date():
        when = f"on {last:%-d %B %Y}"
    elif (first.year, first.month) == (last.year, last.month):
        when = f"between {first.day} and {last:%-d %B %Y}"
    else:
        when = f"between {first:%-d %B %Y} and {last:%-d %B %Y}"
    accounts = quantity(wave.n_accounts, "new account")
    return f"{accounts} posted one text {when}; they count as one voice"


def _figure(value: float, is_share: bool, *, with_unit: bool) -> str:
    if is_share:
        digits = 1 if value < 0.1 else 0
        return f"{100 * value:.{digits}f}{' %' if with_unit else ''}"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _chance(q: float) -> str:
    return "< 0.001" if q < 0.001 else f"{q:.3f}"
