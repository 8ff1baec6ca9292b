"""Which files are to be read: each once, however it was reached."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.cli.folders import look_through

#: Of the files that are left out, so many are named.
NAMED = 3


@dataclass(frozen=True)
class Input:
    """A file to translate.

    Parameters
    ----------
    source
        Where it lies.
    below
        Its path below the folder where it was found.
    named
        Whether a person named it, and not only a folder that it lies in.
    """

    source: Path
    below: Path
    named: bool


@dataclass
class Inputs:
    """What is to be translated, and what is not.

    Parameters
    ----------
    files
        Those to translate.
    closed
        Folders that cannot be looked into, each with a sentence that says why.
    results
        What was found in folders, and is left out since an earlier run made or kept it.
    other_names
        What was found in folders, and is left out since it is another name of one of the files.
    """

    files: list[Input] = field(default_factory=list)
    closed: list[tuple[Path, str]] = field(default_factory=list)
    results: list[Path] = field(default_factory=list)
    other_names: list[Path] = field(default_factory=list)

    @property
    def remark(self) -> str:
        """What was left out, and how it can be had, in a sentence; empty if nothing was."""
        parts = [
            _counted(paths, what)
            for paths, what in (
                (self.results, "named as results of earlier runs are"),
                (self.other_names, "translated under another name"),
            )
            if paths
        ]
        if not parts:
            return ""
        return f"Left out {' and '.join(parts)}; name what is to be translated all the same."


def gather(paths: Sequence[Path], targets: Iterable[str]) -> Inputs:
    """Find every input file, each once.

    Parameters
    ----------
    paths
        Files, which are all taken, and folders to look through.
    targets
        The domains that an earlier run may have translated to.
    """
    inputs = Inputs()
    known = tuple(targets)
    told = {_standing(path) for path in paths if not os.path.isdir(path)}
    for path in paths:
        if not os.path.isdir(path):
            inputs.files.append(Input(path, Path(path.name), named=True))
            continue
        inside = look_through(path, known)
        inputs.files += [Input(path / below, below, named=False) for below in inside.music]
        results = {_standing(path / below): path / below for below in inside.results}
        inputs.results += [results[stands] for stands in results.keys() - told]
        told |= results.keys()
        inputs.closed += [
            (folder, f"Cannot look into the folder {folder}: {reason}.")
            for folder, reason in inside.closed
        ]
    inputs.files = _once(inputs)
    return inputs


def identity(path: Path) -> object:
    """Return what is the same for all names of one file."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return path
    return status.st_dev, status.st_ino


def _once(inputs: Inputs) -> list[Input]:
    """Leave out what is one file with another; if both names were given, both are done."""
    files = inputs.files
    # What was named comes first and links last, so that it is these that are left out.
    order = sorted(
        range(len(files)), key=lambda i: (not files[i].named, os.path.islink(files[i].source))
    )
    seen: set[object] = set()
    standing: set[str] = set()
    kept = set()
    for i in order:
        source = files[i].source
        stands, file = _standing(source), identity(source)
        if stands in standing:
            continue
        if file in seen and not files[i].named:
            inputs.other_names.append(source)
        else:
            kept.add(i)
        standing.add(stands)
        seen.add(file)
    return [files[i] for i in sorted(kept)]


def _standing(path: Path) -> str:
    """Say where a name stands, by whatever way it was reached. A link stands for itself."""
    return os.path.join(os.path.realpath(path.parent), path.name)


def _counted(paths: list[Path], what: str) -> str:
    names = ", ".join(map(str, sorted(paths)[:NAMED]))
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return f"{len(paths)} {'file' if len(paths) == 1 else 'files'} {what} ({names}{more})"
