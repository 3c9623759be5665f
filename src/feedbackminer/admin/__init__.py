"""Set a project up, and examine it."""
