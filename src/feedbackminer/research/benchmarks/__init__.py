"""Benchmarks: a command each, a table out."""
