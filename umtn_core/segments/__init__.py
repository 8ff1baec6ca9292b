"""A long recording in parts that are decoded side by side, and joined again."""
