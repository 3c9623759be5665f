"""Train the encoder's upper layers to tell what a post does, and to keep what it means."""
