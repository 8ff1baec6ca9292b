"""What outlives the bridge's process: every job, on the disk and at hand, and how long it stays.

The other rooms use the `ledger`, which knows all jobs and tells of every change. It has them
written down by the `store`, in a `database` and in a `journal` beside it. `pruning` says which are
to be forgotten, and `data_folder` keeps a second bridge away from all of it.
"""
