"""Names of topics: words that tell them apart, phrases, and a language model where wanted."""
