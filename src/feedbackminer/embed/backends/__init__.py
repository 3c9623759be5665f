"""Encoders: one file for each way to compute vectors."""
