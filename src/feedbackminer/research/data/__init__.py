"""Public data sets, read into one form."""
