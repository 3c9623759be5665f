"""How long topics take, here and elsewhere, over the same posts on the same cores."""
