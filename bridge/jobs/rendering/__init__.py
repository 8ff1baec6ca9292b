"""Which jobs are rendered when, and the worker process as the bridge sees it."""
