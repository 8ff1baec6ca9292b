"""Judging translations by the audio they make: pitch, notes, timbre, likelihood.

Needs the ``evaluate`` extra; only what a measure uses is imported, when it is used.
None of it needs torch.
"""
