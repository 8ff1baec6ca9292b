"""What the texts of a manifest may hold: no more than people read."""

from __future__ import annotations

import re
from typing import Any

#: How deep lists and objects may lie in one another; those of figures lie five deep.
_DEEPEST = 32

#: C0 without tab and line ends, DEL and C1: they steer terminals, and no text needs them.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check_texts(value: Any, deepest: int = _DEEPEST) -> None:
    """Refuse control characters in any text or name of a manifest, and what lies too deep.

    Parameters
    ----------
    value
        The manifest, or a part of it, as plain values.
    deepest
        How many more lists and objects may lie in one another.

    Raises
    ------
    ValueError
        Saying what it was.
    """
    if isinstance(value, str):
        found = _CONTROL.search(value)
        if found is not None:
            code = f"U+{ord(found[0]):04X}"
            around = value[max(0, found.start() - 20) : found.start()]
            raise ValueError(f"the control character {code} behind {around!r}")
        return
    if not isinstance(value, (dict, list, tuple)):
        return
    if not deepest:
        raise ValueError("its values lie far deeper in one another than any manifest's")
    if isinstance(value, dict):
        for name in value:
            check_texts(name, deepest)
        value = value.values()
    for part in value:
        check_texts(part, deepest - 1)
