"""Where a community's data lives: a folder, its store, its lock."""
