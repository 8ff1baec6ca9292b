"""A short phrase on each instrument of each model, made when first asked for, and kept.

- `phrase` is what is played;
- `kept` the folder of what was made, in the user's cache;
- `previews` has what is missing made, as a job that gives way to every client's.
"""
