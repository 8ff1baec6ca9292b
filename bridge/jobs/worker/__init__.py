"""The render worker: a process of its own that takes a batch of jobs from inputs to outputs.

`main` listens to the bridge and begins a `batch_run` for each batch. That reads the jobs' regions
(`region`), translates them by translators that stay open (`open_translators`), heeds what the
bridge wants meanwhile (`control`) and tells it how far it is (`progress_reports`). Beside other
programs it has a share of the processor (`priority`).
"""
