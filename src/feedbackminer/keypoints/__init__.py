"""Key points: what many members say, in the words of one of them."""
