"""What a user can set: one frozen model per stage, loaded from one file."""
