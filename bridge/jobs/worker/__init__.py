"""The render worker: a process of its own that takes a group of jobs from inputs to outputs."""
