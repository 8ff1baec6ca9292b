"""Training by Eq. 1 of the paper. Needs the ``train`` extra."""
