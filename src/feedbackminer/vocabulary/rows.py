"""The rows of a digest for BI: table by table, columns with their types, in their order."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

TEXT, NUMBER, COUNT = pl.String(), pl.Float64(), pl.Int64()
MOMENT, DAY = pl.Datetime("us", "UTC"), pl.Date()
ROWS: Mapping[str, Mapping[str, pl.DataType]] = {
    "claims": {
        **dict.fromkeys(("claim_id", "kind", "scope", "editions", "topic_id", "topic"), TEXT),
        **dict.fromkeys(("headline", "quoted_from", "metric"), TEXT),
        **dict.fromkeys(("value", "low", "high", "baseline"), NUMBER),
        **dict.fromkeys(("n_voices", "n_posts"), COUNT),
        **dict.fromkeys(("since", "until"), MOMENT),
    },
    "claim_posts": dict.fromkeys(("claim_id", "post_id", "voice"), TEXT),
    "posts": {
        **dict.fromkeys(("post_id", "source", "thread", "voice", "segment"), TEXT),
        "written_at": MOMENT,
        "week": DAY,
        **dict.fromkeys(("topic_id", "topic", "topic_ids", "kinds"), TEXT),
        **dict.fromkeys(("sentiment", "experience"), TEXT),
        "severity": COUNT,
    },
    "voice_weeks": {
        **dict.fromkeys(("voice", "segment"), TEXT),
        "week": DAY,
        **dict.fromkeys(("n_posts", "n_threads"), COUNT),
    },
}
