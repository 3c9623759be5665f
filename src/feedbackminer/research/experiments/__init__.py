"""Experiments: a file says what is compared on which texts; each run has a manifest."""
