"""Where a digest goes."""
