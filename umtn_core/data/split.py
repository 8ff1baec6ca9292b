"""Which files train, which validate and which test: decided by name alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

from umtn_core.errors import UmtnError

Split = Literal["train", "valid", "test"]


def position(name: str) -> float:
    """Return where a name falls in [0, 1): the same on every machine, evenly spread."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


def split_by_name(
    names: Iterable[str], *, valid: float = 0.05, test: float = 0.05
) -> dict[str, Split]:
    """Assign every name to a split.

    The names are ranked by their hash, which nothing else influences: the first ranks
    validate, the next test, the rest train. Adding names later moves only the few at
    the borders. With three names or more every split gets at least one; a single name
    trains, and of two one trains and one validates.

    Parameters
    ----------
    names
        Distinct names of files or pieces (relative paths).
    valid, test
        Shares of the names; together below 1.

    Returns
    -------
    dict from each name to its split

    Raises
    ------
    UmtnError
        If the shares leave nothing to train on.
    """
    if valid < 0 or test < 0 or valid + test >= 1:
        raise UmtnError("The valid and test shares must not be negative and must sum to below 1.")
    ordered = sorted(set(names), key=lambda name: (position(name), name))
    count = len(ordered)
    validating = _share(valid, count) if count >= 2 else 0
    testing = _share(test, count) if count >= 3 else 0
    while validating + testing >= count > 0:  # rounding left nothing to train on
        if testing >= validating:
            testing -= 1
        else:
            validating -= 1
    borders = [validating, validating + testing]
    return {
        name: "valid" if rank < borders[0] else "test" if rank < borders[1] else "train"
        for rank, name in enumerate(ordered)
    }


def _share(share: float, count: int) -> int:
    """Return how many of ``count`` names a share means: at least one."""
    return max(1, round(share * count))
