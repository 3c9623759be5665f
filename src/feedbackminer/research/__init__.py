"""Experiments and measurements: commands that print tables."""
