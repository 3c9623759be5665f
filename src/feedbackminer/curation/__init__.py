"""What people say of topics and tags, and heads that learn from it."""
