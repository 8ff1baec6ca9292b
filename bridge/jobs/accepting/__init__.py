"""A request's way in: everything that is checked before the bridge says yes to it.

The service begins with `requests_under_way`, which has requests checked by `acceptance` and written
down by the ledger, both in a `waking_thread`, so that whoever waits for the answer waits for few
changes of threads. `notes` then has `listening` find out what of a region its model was not taught.
`installed_models` knows which models and targets there are.
"""
