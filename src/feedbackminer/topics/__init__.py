"""④ Texts and vectors to topics: what the community talks about, under names that last."""
