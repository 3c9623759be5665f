"""① Sources to posts: read rows, map columns, mask what is personal, keep the structure."""
