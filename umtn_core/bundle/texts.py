"""What a manifest may hold, whatever it says: texts that people read, and so many that they can."""

from __future__ import annotations

import re
from typing import Any

import msgspec

#: How deep lists and objects may lie in one another; those of figures lie five deep.
_DEEPEST = 32
#: Texts, numbers, lists and objects in all; a manifest with hundreds of sources has thousands.
_MOST = 2**17

#: C0 without white space, DEL and C1: they steer terminals, and no text needs them. Licences come
#: with form feeds between their pages.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def check_texts(manifest: Any) -> None:
    """Refuse control characters in any text or name, what lies too deep, and what is too much.

    Parameters
    ----------
    manifest
        The whole manifest, or plain values.

    Raises
    ------
    ValueError
        Saying what it was.
    """
    rest: list[tuple[Any, int]] = [(manifest, 0)]
    seen = 0
    while rest:
        value, depth = rest.pop()
        seen += 1
        if isinstance(value, str):
            _check(value)
            continue
        if isinstance(value, msgspec.Struct):
            value = [getattr(value, field) for field in value.__struct_fields__]
        elif isinstance(value, dict):
            value = [*value, *value.values()]
        elif not isinstance(value, (list, tuple)):
            continue
        if depth == _DEEPEST:
            raise ValueError("its values lie far deeper in one another than any manifest's")
        if seen + len(rest) + len(value) > _MOST:
            raise ValueError(f"it holds more than {_MOST} values")
        rest += [(part, depth + 1) for part in value]


def without_controls(text: str) -> str:
    """Put question marks where a text has control characters that a manifest may not hold."""
    return _CONTROL.sub("?", text)


def _check(text: str) -> None:
    found = _CONTROL.search(text)
    if found is not None:
        code = f"U+{ord(found[0]):04X}"
        before = text[max(0, found.start() - 20) : found.start()]
        raise ValueError(f"the control character {code} behind {before!r}")
