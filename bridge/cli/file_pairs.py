"""Which files are to be read, and what the results are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from umtn_core.audio.write import FORMATS, check_output
from umtn_core.errors import UmtnError

#: What is taken from a folder; any file that is named itself is tried.
AUDIO = frozenset({*FORMATS, ".m4a", ".wma", ".aac", ".w64"})


@dataclass(frozen=True)
class FilePair:
    """One file to translate, and where to."""

    source: Path
    result: Path


def plan(
    inputs: Sequence[Path], target: str, output: Path | None, *, force: bool
) -> list[FilePair]:
    """Decide what is read and written, and refuse before any work what could not be kept.

    Parameters
    ----------
    inputs
        The files, and folders to look through.
    target
        The domain; results are called ``name.<target>.wav``.
    output
        A file for a single input file, else a folder; None writes beside the inputs.
    force
        Whether existing files may be replaced. An input never is.

    Raises
    ------
    UmtnError
        If there is nothing to translate, or a result cannot or must not be written.
    """
    one_file = len(inputs) == 1 and not inputs[0].is_dir()
    pairs = [
        FilePair(source, _result(source, below, target, output, one_file))
        for source, below in _sources(inputs, target)
    ]
    if not pairs:
        raise UmtnError(f"There is no audio in {', '.join(map(str, inputs))}.")
    sources = {pair.source.resolve() for pair in pairs}
    taken: dict[Path, Path] = {}
    for pair in pairs:
        place = pair.result.resolve()
        if place in sources:
            raise UmtnError(f"{pair.result} is itself an input: choose another name with -o.")
        if place in taken:
            raise UmtnError(
                f"{taken[place]} and {pair.source} would both become {pair.result}: "
                "translate them one at a time."
            )
        taken[place] = pair.source
        if pair.result.exists() and not force:
            raise UmtnError(f"{pair.result} exists already: choose another name, or say --force.")
        _check(pair.result)
    return pairs


def _sources(inputs: Sequence[Path], target: str) -> Iterator[tuple[Path, Path]]:
    """Every input file, with its place below the folder it was found in."""
    for path in inputs:
        if not path.is_dir():
            yield path, Path(path.name)
            continue
        for found in sorted(path.rglob("*")):
            below = found.relative_to(path)
            hidden = any(part.startswith(".") for part in below.parts)
            # What an earlier run left beside its input is not music to translate again.
            made = found.stem.endswith(f".{target}")
            if found.suffix.lower() in AUDIO and found.is_file() and not (hidden or made):
                yield found, below


def _result(source: Path, below: Path, target: str, output: Path | None, one_file: bool) -> Path:
    name = f"{source.stem}.{target}.wav"
    if output is None:
        return source.with_name(name)
    if one_file and output.suffix and not output.is_dir():
        return output
    return output / below.with_name(name)


def _check(result: Path) -> None:
    """Refuse what could not be written; folders that are missing are made later."""
    nearest = next(folder for folder in result.absolute().parents if folder.exists())
    missing = nearest != result.absolute().parent
    check_output(nearest / result.name if missing else result, overwrite=True)
