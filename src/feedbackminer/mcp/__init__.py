"""A project over the Model Context Protocol: questions, claims and topics, read only."""
