"""What a caller gives for an option: one number, a whole one, a word; and how the rest is named."""

from __future__ import annotations

import math
import operator
from decimal import Decimal
from numbers import Real
from typing import Any, cast

from umtn_core.names import meant

#: Characters of a value that are repeated to whoever gave it.
_MOST_SHOWN = 60


def number(value: Any) -> float | None:
    """Take a value as one number.

    Parameters
    ----------
    value
        Anything at all. Numbers of NumPy, and arrays and tensors of no dimensions, are numbers;
        True and False, text, complex numbers and arrays that have a dimension are not.

    Returns
    -------
    float or None
        None where it is no number; infinity where it is beyond all floats.
    """
    value = _unpacked(value)
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if cast(Any, value) > 0 else -math.inf
    except ValueError:  # a Decimal that signals
        return math.nan


def whole_number(value: Any) -> int | None:
    """Take a value as one whole number.

    Parameters
    ----------
    value
        Anything at all, see `number`. Floats are none, not even 2.0: what was computed in floats
        is often whole by chance alone.

    Returns
    -------
    int or None
        None where it is no whole number.
    """
    value = _unpacked(value)
    if isinstance(value, bool) or hasattr(value, "shape"):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def is_word(value: Any, word: str) -> bool:
    """Whether a value is a word, regardless of case and of blanks around it."""
    return isinstance(value, str) and meant(value, (word,)) == [word]


def shown(value: Any) -> str:
    """Repeat a value in a sentence that says what it should have been, after "not".

    Parameters
    ----------
    value
        Anything at all.

    Returns
    -------
    str
        Its text on one line, of which the middle is left out where it is long.
    """
    plain = _unpacked(value)
    try:
        text = " ".join((f"{plain}" if number(plain) is not None else repr(value)).split())
    except Exception:  # a number of more digits than Python writes; whatever is another's
        text = f"this {type(value).__name__}"
    half = _MOST_SHOWN // 2
    return text if len(text) <= _MOST_SHOWN else f"{text[:half]}...{text[-half:]}"


def shown_as_no_whole_number(value: Any) -> str:
    """Repeat a value as `shown` does where a whole number was wanted: of 2.0, what is wrong."""
    plain = _unpacked(value)
    whole = isinstance(plain, float) and plain.is_integer()
    return f"the float {shown(value)}" if whole else shown(value)


def _unpacked(value: Any) -> Any:
    """Take a number out of the array of no dimensions that it lies in."""
    if getattr(value, "shape", None) == () and callable(getattr(value, "item", None)):
        return value.item()
    return value
