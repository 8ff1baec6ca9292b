"""How long work tells its caller how far it is, and hears that it is to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a piece of work is.

    Parameters
    ----------
    fraction
        The share of the work that is done, 0 to 1.
    seconds_left
        Estimated from the pace so far; None while there is too little to go by.
    """

    fraction: float
    seconds_left: float | None = None


#: Called with the progress every so often, from the thread that asked for the work.
OnProgress = Callable[[Progress], None]

#: Asked many times a second; work stops with `umtn_core.errors.Cancelled` once it is true.
IsCancelled = Callable[[], bool]
