"""Notes of the scores that come with music21, with each score's licence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from umtn_core.data.files import write_atomically
from umtn_core.data.pool import run_all
from umtn_core.data.synth.parse import parse_file, tunes
from umtn_core.data.synth.score import Parsed, Score, Unread
from umtn_core.errors import UmtnError

#: Written in front of every score without terms of its own.
CORPUS_STATEMENT = (
    "music21 corpus: distributed with the permission of the encoder, out of copyright or "
    "licensed for use in the United States, possibly not for commercial use"
)
_ESSEN_STATEMENT = (
    "music21 corpus, Essen folk songs: legal status unclear, non-commercial distribution "
    "and use permitted by E. Dahlig-Turek; ABC encodings by S. Schlien by permission"
)
#: Raised when the form of the cache or the way of reading a score changes.
_CACHE_VERSION = 1


@dataclass(frozen=True)
class Collection:
    """A part of the corpus: its folder, file pattern and terms."""

    folder: str
    pattern: str
    licence: str = CORPUS_STATEMENT


#: Palestrina is left out on purpose: every file of it reserves derivative formats.
COLLECTIONS = {
    "oneills": Collection("oneills1850", "*.abc"),
    "ryans": Collection("ryansMammoth", "*.abc"),
    "airds": Collection("airdsAirs", "*.abc"),
    "essen": Collection("essenFolksong", "*.abc", _ESSEN_STATEMENT),
    "bach": Collection("bach", "bwv*.mxl"),
    "haydn": Collection("haydn", "**/*.mxl"),
    "mozart": Collection("mozart", "**/*.mxl"),
    "monteverdi": Collection("monteverdi", "*.mxl"),
}


def load_scores(
    collections: Iterable[str],
    *,
    max_pieces: int | None = None,
    workers: int = 1,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Score], list[Unread]]:
    """Return the scores of some collections, parsing those not yet in the cache.

    Parameters
    ----------
    collections
        Names of `COLLECTIONS`.
    max_pieces
        Stop reading a collection's files, in a fixed order, once they hold this many.
    workers
        Processes that parse.
    cache
        Folder of parsed notes; by default in the user's cache folder.
    progress
        Called with the files done and the files to do.

    Returns
    -------
    scores, and those that could not be read

    Raises
    ------
    UmtnError
        If a collection is unknown, or music21 or its corpus is not installed.
    """
    root, version = _corpus()
    cache = (cache or default_cache()) / f"music21-{version}-v{_CACHE_VERSION}"
    tasks: list[tuple[str, Path, Path]] = []
    for name in collections:
        if name not in COLLECTIONS:
            raise UmtnError(f"There is no score collection {name!r}: use {', '.join(COLLECTIONS)}.")
        files = _files(root, COLLECTIONS[name])
        if max_pieces is not None:
            files = _enough(files, max_pieces)
        for file in files:
            # The folder belongs to the name: quartets have several "movement1".
            inner = file.relative_to(root / COLLECTIONS[name].folder).with_suffix("").as_posix()
            tasks.append((f"{name}/{inner}", file, cache / name / f"{inner}.json"))
    done: dict[Path, Parsed] = {}
    missing = []
    for task in tasks:
        found = _read_cache(task[2])
        if found is None:
            missing.append(task)
        else:
            done[task[2]] = found
    for task, found in run_all(_parse_into_cache, missing, workers=workers, kind="processes"):
        done[task[2]] = found
        if progress is not None:
            progress(len(done), len(tasks))
    ordered = [done[task[2]] for task in tasks]
    return (
        [score for item in ordered for score in item.scores],
        [unread for item in ordered for unread in item.unread],
    )


def default_cache() -> Path:
    """Return the folder of parsed scores in the user's cache."""
    from platformdirs import user_cache_path

    return user_cache_path("umtn") / "scores"


def _corpus() -> tuple[Path, str]:
    """Return music21's corpus folder and version, without the cost of importing it."""
    import importlib.util
    from importlib.metadata import PackageNotFoundError, version

    spec = importlib.util.find_spec("music21")
    if spec is None or not spec.origin:
        raise UmtnError("Scores come from music21, which is missing: pip install 'umtn[train]'.")
    root = Path(spec.origin).parent / "corpus"
    if not (root / "oneills1850").is_dir():
        raise UmtnError("This music21 has no scores in it: pip install --force-reinstall music21.")
    try:
        return root, version("music21")
    except PackageNotFoundError:
        return root, "unknown"


def _files(root: Path, collection: Collection) -> list[Path]:
    """Return a collection's files, shuffled in a fixed order so that a subset is mixed."""
    files = sorted((root / collection.folder).glob(collection.pattern))
    return sorted(files, key=lambda f: hashlib.sha256(f.name.encode()).digest())


def _enough(files: list[Path], pieces: int) -> list[Path]:
    """Return the first files that together hold at least ``pieces`` scores."""
    chosen, count = [], 0
    for file in files:
        if count >= pieces:
            break
        chosen.append(file)
        count += len(tunes(file)) if file.suffix == ".abc" else 1
    return chosen


def _read_cache(path: Path) -> Parsed | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Parsed)
    except (OSError, msgspec.MsgspecError):
        return None  # not there, or damaged: parse again


def _parse_into_cache(task: tuple[str, Path, Path]) -> Parsed:
    """Parse one file; runs in a worker process."""
    name, file, target = task
    result = parse_file(name, file, COLLECTIONS[name.partition("/")[0]].licence)
    write_atomically(target, msgspec.json.encode(result))
    return result
