"""Training data: the store, and the two ways of filling it."""
