"""⑤ Texts to tags: how a post sounds (sentiment) and what it does (kinds)."""
