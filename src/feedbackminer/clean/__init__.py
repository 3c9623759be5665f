"""② Posts to texts: what a member newly said in prose, nothing quoted, pasted or signed."""
