"""What to erase: which rows, which topics, which traces, and the receipt."""
