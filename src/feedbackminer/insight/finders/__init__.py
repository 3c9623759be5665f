"""One generator of claims per sort of statement."""
