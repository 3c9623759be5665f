"""The stages over a project's store, as the command line and the flows call them."""
