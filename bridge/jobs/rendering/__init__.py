"""Which jobs are rendered when, and where renders run, as the bridge sees it.

The `scheduler` takes jobs from those that are `waiting` and gives them, a batch at a time, to a
`renderer`: this is the interface. The `local_renderer` is the one that there is; it speaks with
each of its workers through a `worker_process`, in `messages`. What the bridge and a worker must
agree on lies here as well: how a batch is saved (`saved_batch`), and how a result gets its name
(`publish`).
"""
