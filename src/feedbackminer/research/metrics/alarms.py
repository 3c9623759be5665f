"""How often alarms are false, and how often what happened raises one."""

from __future__ import annotations

from feedbackminer.insight.measures import Estimate, share
from feedbackminer.research.metrics.labels import Array


def false_alarm_rate(raised: Array) -> Estimate:
    """Return the share of histories without any change in which something was raised; 0 to 1.

    It is the family-wise error rate where a history is one family of tests (Westfall and Young
    1993, section 1.2), with Wilson's interval of 95 %; nan of no history.

    Args:
        raised: whether anything was, of each history.
    """
    return share(int(raised.sum()), len(raised))


def power(seen: Array) -> Estimate:
    """Return the share of planted changes that were seen; 0 to 1, with Wilson's interval of 95 %.

    Cohen 1988, Statistical Power Analysis, section 1.2.

    Args:
        seen: whether each was.
    """
    return share(int(seen.sum()), len(seen))
