"""One player or several, and where they stand: heard in the input, and placed in the result."""
