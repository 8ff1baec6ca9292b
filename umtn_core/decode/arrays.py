"""What engines ask of the arrays that they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import UmtnError


def check_array(
    engine: str, array: NDArray[Any], dtype: type[np.generic], dims: tuple[int, ...]
) -> None:
    """Refuse an array of other numbers or dimensions.

    Raises
    ------
    UmtnError
        If it is one; the sentence names the engine.
    """
    if array.shape != dims or array.dtype != dtype:
        raise UmtnError(
            f"The {engine} engine was given {array.dtype} {array.shape} in place of "
            f"{np.dtype(dtype)} {dims}."
        )


def checked(
    engine: str, array: NDArray[Any], dtype: type[np.generic], dims: tuple[int, ...]
) -> NDArray[Any]:
    """Return an array without gaps, of these numbers and dimensions; see `check_array`."""
    check_array(engine, array, dtype, dims)
    return np.ascontiguousarray(array)


def check_room(
    engine: str, array: NDArray[Any], dtype: type[np.generic], dims: tuple[int, ...]
) -> None:
    """Refuse an array that an engine cannot fill in.

    Raises
    ------
    UmtnError
        If it is of other numbers or dimensions, has gaps, or is read-only.
    """
    check_array(engine, array, dtype, dims)
    if not array.flags.c_contiguous or not array.flags.writeable:
        raise UmtnError(f"The {engine} engine can only write to arrays without gaps.")
