"""feedbackminer from Python."""
