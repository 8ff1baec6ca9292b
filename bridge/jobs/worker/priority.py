"""Which share of a busy processor a render worker gets."""

from __future__ import annotations

import os

#: Below everything interactive: by Linux's weights a quarter of a core that one other thread wants.
NICENESS = 5


def let_others_go_first() -> None:
    """Be nice, where the system knows that.

    Not of Linux's idle class: beside programs that keep every core busy that starves, and without
    privileges nobody leaves it again once they begin. Nor with longer turns than others
    (``sched_setattr``): what other sessions run then keeps the bridge's answers waiting.
    """
    if hasattr(os, "nice"):
        os.nice(NICENESS)
