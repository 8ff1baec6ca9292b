"""Which of the packages that umtn asks for are installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires, version

#: Two builds of one module; only one of them may be there.
ONNXRUNTIMES = ("onnxruntime-gpu", "onnxruntime")


def installed(distribution: str) -> str | None:
    """Version of a distribution, or None if it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def required(extra: str | None = None) -> dict[str, str | None]:
    """Return what umtn itself, or one of its extras, asks for, with the versions found.

    The two builds of onnxruntime are left out: which one is right depends on the machine.
    """
    found = {}
    for line in _requirements():
        of_extra = re.search(r"extra\s*==\s*[\"']([\w-]+)[\"']", line)
        name = _name(line)
        # An extra may include another by naming umtn itself.
        if name in (*ONNXRUNTIMES, "umtn"):
            continue
        if (of_extra.group(1) if of_extra else None) == extra:
            found[name] = installed(name)
    return found


def onnxruntimes() -> dict[str, str]:
    """Return the builds of onnxruntime that are installed, with their versions."""
    return {name: found for name in ONNXRUNTIMES if (found := installed(name))}


def _requirements() -> list[str]:
    try:
        return requires("umtn") or []
    except PackageNotFoundError:
        return []


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower()
