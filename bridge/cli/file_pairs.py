"""Which files are to be read, and what the results are called."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bridge.cli.inputs import Input, gather, identity
from bridge.cli.typed_paths import to_read, to_write
from umtn_core.audio.formats import FORMATS
from umtn_core.audio.places import ImpossibleName
from umtn_core.audio.write import check_output
from umtn_core.errors import UmtnError


@dataclass(frozen=True)
class FilePair:
    """One file to translate, and where to."""

    source: Path
    result: Path


@dataclass
class Plan:
    """What is to be done.

    Parameters
    ----------
    pairs
        The files to translate, with their results.
    refused
        Files whose results could not be written, and folders that cannot be looked into, each
        with a sentence that says why.
    remark
        What was left out of folders, and why, in a sentence; empty if nothing was.
    """

    pairs: list[FilePair] = field(default_factory=list)
    refused: list[tuple[Path, str]] = field(default_factory=list)
    remark: str = ""


def plan(
    inputs: Sequence[str],
    target: str,
    output: str | None,
    *,
    force: bool,
    targets: Iterable[str],
) -> Plan:
    """Decide what is read and written, and refuse before any work what could not be kept.

    Parameters
    ----------
    inputs
        The files, and folders to look through.
    target
        The domain; results are called ``name.<target>.wav``.
    output
        A file for a single input file, else a folder; None writes beside the inputs. What ends in
        a slash, has no ending or is a folder already is one for a single file too.
    force
        Whether existing files may be replaced. An input never is.
    targets
        The domains that an earlier run may have translated to.

    Returns
    -------
    Plan

    Raises
    ------
    UmtnError
        If there is nothing to translate, or several files would have to become one.
    """
    if "" in inputs:
        # To Path it would be the folder that one is in.
        raise UmtnError("An input is empty: name a file or a folder.")
    paths, refused = _paths(inputs)
    gathered = gather(paths, targets)
    planned = Plan(refused=[*refused, *gathered.closed], remark=gathered.remark)
    if not gathered.files and not planned.refused:
        raise UmtnError(f"There is no audio in {', '.join(inputs)}.")
    single = len(inputs) == 1 and not any(map(os.path.isdir, paths))
    file, folder = _output(output, single)
    pairs = [
        FilePair(each.source, file or _result(each, folder, target)) for each in gathered.files
    ]
    sources = {identity(pair.source) for pair in pairs}
    wanted: defaultdict[str, list[Path]] = defaultdict(list)
    for pair in pairs:
        wanted[os.path.realpath(pair.result)].append(pair.source)
    for pair in pairs:
        others = [each for each in wanted[os.path.realpath(pair.result)] if each != pair.source]
        try:
            _check_source(pair.source)
            if identity(pair.result) in sources:
                raise UmtnError(f"{pair.result} is itself an input: choose another name with -o.")
            if others:
                raise UmtnError(
                    f"{pair.source} would become {pair.result}, as {others[0]} would: translate "
                    "them one at a time, with -o."
                )
            _check(pair.result, force, single)
        except UmtnError as error:
            planned.refused.append((pair.source, str(error)))
        else:
            planned.pairs.append(pair)
    return planned


def _paths(inputs: Sequence[str]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Read what was typed, and say what is wrong with what cannot be a path here."""
    paths: list[Path] = []
    refused: list[tuple[Path, str]] = []
    for typed in inputs:
        try:
            paths.append(Path(to_read(typed)))
        except UmtnError as error:
            refused.append((Path(typed), str(error)))
    return paths, refused


def _output(output: str | None, single: bool) -> tuple[Path | None, Path | None]:
    """Tell what was asked for: a file, or a folder; neither, if results lie beside their inputs."""
    if output is None:
        return None, None
    if not output:
        raise UmtnError("-o names neither a file nor a folder.")
    output = to_write(output)
    path = Path(output)
    if output.endswith(("/", os.sep)) or os.path.isdir(output) or not path.suffix:
        return None, path
    if single:
        return path, None
    if path.suffix.lower() in FORMATS:
        raise UmtnError(
            f"{path} would be one file, and several cannot become one: name a folder with -o, "
            f"with a slash at its end if it is to be called {path.name}."
        )
    return None, path


def _result(of: Input, folder: Path | None, target: str) -> Path:
    name = f"{of.source.stem}.{target}.wav"
    return of.source.with_name(name) if folder is None else folder / of.below.with_name(name)


def _check_source(source: Path) -> None:
    try:
        source.stat()
    except FileNotFoundError as error:
        raise UmtnError(f"There is no file {source}.") from error
    except OSError as error:
        raise UmtnError(f"Cannot read {source}: {error.strerror or error}.") from error


def _check(result: Path, force: bool, single: bool) -> None:
    try:
        check_output(result, overwrite=True, make_folders=True)
    except ImpossibleName as error:
        cure = "with -o" if single else "with -o, for this file alone"
        raise UmtnError(f"{str(error).rstrip('.')} {cure}.") from error
    if os.path.lexists(result) and not force:
        raise UmtnError(f"{result} exists already: choose another name, or say --force.")
