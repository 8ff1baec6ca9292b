"""Finding what was built with umtn: libraries and images of kernels."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

_INSIDE = Path("umtn_core", "native")


def find_built(name: str) -> Path | None:
    """Find a built file by its name within ``umtn_core/native``; None, it was not built.

    An editable install has two folders: one of sources, one of what was built.
    """
    package = find_spec(_INSIDE.parts[0])
    roots = [] if package is None else package.submodule_search_locations or []
    folders = (Path(__file__).parent, *(Path(root) / _INSIDE.name for root in roots))
    return next((f / name for f in folders if (f / name).is_file()), None)
