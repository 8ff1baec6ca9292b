"""What `umtn edit` does to a file: what it keeps, and how the new one takes its place."""
