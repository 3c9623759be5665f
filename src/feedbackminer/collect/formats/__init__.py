"""File formats of exports; each module turns one of them into rows that have our field names."""
