"""⑨ Claims to a digest that a department can read, check and forward."""
