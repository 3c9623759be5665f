"""Words, sentences and phrases, as every stage reads them."""
