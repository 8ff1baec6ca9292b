"""The options of a translator: what each can be, and what is said of the rest.

Whatever numbers they come as, of NumPy or out of a tensor, they are Python's own from here on: what
is saved of a translation can hold no others.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from umtn_core.errors import UmtnError
from umtn_core.values import is_word, number, shown, shown_as_no_whole_number, whole_number

#: Semitones that a recording can be transposed by: three octaves.
FARTHEST = 36

#: Segments that may be asked for; there are never more than fit into a recording.
MOST_SEGMENTS = 1_000_000

#: Threads that may be asked for: beyond any machine's cores.
MOST_THREADS = 4096


def checked_name(value: Any, what: str) -> str:
    """Return a name as text, or raise an UmtnError."""
    if not isinstance(value, str):
        raise UmtnError(f"{what} must be a name, not {shown(value)}.")
    return str(value)


def checked_share(value: Any, rule: str) -> float:
    """Return a share, from 0 to 1, or raise an UmtnError."""
    share = number(value)
    if share is None or not 0 <= share <= 1:
        raise UmtnError(f"{rule}, not {shown(value)}.")
    return share


def checked_segments(value: Any) -> int | Literal["auto"]:
    """Return a number of segments, or ``auto``, or raise an UmtnError."""
    if is_word(value, "auto"):
        return "auto"
    count = whole_number(value)
    if count is None or not 1 <= count <= MOST_SEGMENTS:
        raise UmtnError(
            f"Segments must be auto, or a whole number from 1 to {MOST_SEGMENTS}, not "
            f"{shown_as_no_whole_number(value)}."
        )
    return count


def checked_transpose(value: Any) -> int | Literal["octave"]:
    """Return semitones up or down, or ``octave``, or raise an UmtnError."""
    if is_word(value, "octave"):
        return "octave"
    semitones = whole_number(value)
    if semitones is None or abs(semitones) > FARTHEST:
        raise UmtnError(
            f"Transpose by octave, or a whole number of semitones from -{FARTHEST} to {FARTHEST}, "
            f"not {shown_as_no_whole_number(value)}."
        )
    return semitones


def checked_switch(value: Any) -> bool:
    """Return True or False, or raise an UmtnError."""
    if not isinstance(value, (bool, np.bool_)):
        raise UmtnError(f"The postfilter must be True or False, not {shown(value)}.")
    return bool(value)


def checked_threads(value: Any) -> int | None:
    """Return a number of threads, or None, or raise an UmtnError."""
    if value is None:
        return None
    count = whole_number(value)
    if count is None or not 1 <= count <= MOST_THREADS:
        raise UmtnError(
            f"The threads must be None, or a whole number from 1 to {MOST_THREADS}, not "
            f"{shown_as_no_whole_number(value)}."
        )
    return count
