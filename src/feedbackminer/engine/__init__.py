"""A run: what was done, on what, by which code; and what it tells while it works."""
