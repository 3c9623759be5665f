"""How what members want is compared: what encodes it, and from where two wants are one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from feedbackminer.embed.bi_encoder import matcher_hash, shipped_bi_encoder
from feedbackminer.embed.load import backend_of
from feedbackminer.tagging.needs import wish
from feedbackminer.vectors import Matrix
from feedbackminer.vocabulary.tags import HEADLINE

if TYPE_CHECKING:
    from feedbackminer.engine.stage import Context
    from feedbackminer.tagging.tagger import Tagger
    from feedbackminer.text.product import Product

ALIKE_WORDS = 0.7  # mean cosine from which needs are one, by vectors that were not made for it


class Compared(NamedTuple):
    """What encodes needs, the cosine from which two are one, and a mark of what encodes."""

    encode: Callable[[Sequence[str]], Matrix]
    alike: float
    mark: str


def compared(context: Context, tagger: Tagger, product: Product) -> Compared:
    """Return how needs are compared: as what members say is, where heads can read them.

    Where rules stand in for heads, as with vectors of words, by the vectors that there are.
    """
    encoder, settings = context.models.encoder, context.settings
    if HEADLINE not in tagger.cards:
        return Compared(lambda needs: encoder.encode(needs).vectors, ALIKE_WORDS, encoder.name)
    matcher, engine = shipped_bi_encoder(), backend_of(settings.embed).engine

    def encode(needs: Sequence[str]) -> Matrix:
        wishes = [product.without(wish(need)) for need in needs]
        return matcher.encode(wishes, engine=engine, threads=settings.embed.threads)

    mark = f"{matcher_hash()} {engine} {' '.join(product.names)}".strip()
    return Compared(encode, matcher.cosine(settings.tag.alike_needs), mark)
