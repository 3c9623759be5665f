"""One client for every source: waits, retries, limits, and what an answer means."""
