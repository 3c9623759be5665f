"""Measures of research, each with formula, range and source; undefined is nan."""
