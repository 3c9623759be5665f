"""What is counted is counted anew from what stays."""

from __future__ import annotations

import polars as pl

from feedbackminer.erasure.tables import Erasure, erase_from
from feedbackminer.insight.stage import mine_claims
from feedbackminer.privacy.pseudonyms import Pseudonyms
from feedbackminer.privacy.seals import Sealer
from feedbackminer.settings.sections import InsightSettings
from feedbackminer.tables import TABLES
from tests.support import builders


def test_shares_count_who_stays_though_there_were_no_claims() -> None:
    tables: dict[str, pl.DataFrame] = {
        name: schema.create_empty() for name, schema in TABLES.items()
    }
    rows = [{"post_id": f"x:{who}", "author_id": who} for who in ("ann", "ben")]
    tables |= {"posts": builders.posts(*rows)}
    tables |= {"tags": builders.tags(*({"post_id": row["post_id"]} for row in rows))}
    before = mine_claims(tables, settings=InsightSettings(min_voices=9))
    tables |= {"shares": before.shares, "claims": before.claims.clear()}

    erasure = Erasure(["x:ann"], Sealer((), Pseudonyms(b"k" * 32)), is_thorough=True)
    after = erase_from(tables, erasure, settings=InsightSettings(min_voices=9))

    assert before.shares["n_voices"].unique().to_list() == [2]
    assert after["shares"]["n_voices"].unique().to_list() == [1]
