"""Makes a store of NSynth: single notes, a domain for each family of instruments.

NSynth (Engel et al., "Neural Audio Synthesis of Musical Notes with WaveNet Autoencoders", 2017)
has the folders ``nsynth-train``, ``nsynth-valid`` and ``nsynth-test``, or an archive of each. Each
has ``audio/<family>_<source>_<instrument>-<pitch>-<velocity>.wav``, notes of four seconds at
16 kHz, and ``examples.json`` that lists them. No instrument is in two of them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec

from umtn_core.data.collection import Collection, Item, open_collection
from umtn_core.data.pool import OnItem
from umtn_core.data.reading import SourceFile, finish, read_all, refuse_recipes
from umtn_core.data.split import Split
from umtn_core.data.store import Skipped, Store
from umtn_core.errors import UmtnError
from umtn_core.names import the_one_meant

EXAMPLES = "examples.json"
LICENCE = "CC BY 4.0 (NSynth)"
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
SECONDS = 4.0

FAMILIES = (
    "bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string",
    "synth_lead", "vocal",
)  # fmt: skip
SOURCES = ("acoustic", "electronic", "synthetic")
_NOTE = re.compile(
    rf"(?P<instrument>(?P<family>{'|'.join(FAMILIES)})_(?P<source>{'|'.join(SOURCES)})_\d{{3}})"
    r"-\d{3}-\d{3}"
)


class _Part(NamedTuple):
    """One of the three parts: its split, and where its files are."""

    split: Split
    collection: Collection


class _Found(NamedTuple):
    """What a part holds of what is wanted."""

    files: list[SourceFile]
    skipped: list[Skipped]


def prepare_nsynth(
    source: str | os.PathLike[str],
    store: str | os.PathLike[str],
    *,
    families: tuple[str, ...] = FAMILIES,
    sources: tuple[str, ...] = SOURCES,
    workers: int = 1,
    progress: OnItem | None = None,
) -> Store:
    """Make a store of NSynth's notes, in its own splits.

    An archive is read from beginning to end twice, to check it and to read it; an interrupted
    run goes on where it was.

    Parameters
    ----------
    source
        Folder that holds the three parts, each as a folder or as an archive
        (``nsynth-train.jsonwav.tar.gz``); or one part alone.
    store
        The folder to make.
    families
        The families to take, out of `FAMILIES`; each becomes a domain.
    sources
        The ways in which the notes were made, out of `SOURCES`.
    workers, progress
        The number of processes that read, and what is told of each note; see
        `umtn_core.data.prepare.prepare`.

    Returns
    -------
    the finished store

    Raises
    ------
    UmtnError
        If there is no part, a family has no usable note, an archive is damaged, or a file
        cannot be written.
    """
    families = tuple(the_one_meant(each, FAMILIES, "family", "NSynth") for each in families)
    sources = tuple(the_one_meant(each, SOURCES, "source", "NSynth") for each in sources)
    folder = Path(store)
    refuse_recipes(folder)
    files: list[SourceFile] = []
    skipped: list[Skipped] = []
    lengths: dict[str, int] = {}
    splits: dict[str, Split] = {}
    for part in _parts(Path(source)):
        found = _find(part, families, sources)
        read, unusable = read_all(
            part.collection, found.files, folder, workers=workers, progress=progress
        )
        lengths |= read
        files += found.files
        skipped += found.skipped + unusable
        splits |= {file.item.name: part.split for file in found.files}
    empty = set(families) - {file.domain for file in files if file.path in lengths}
    if empty:
        raise UmtnError(
            f"{source} has no usable note of {', '.join(sorted(empty))} made in a way that was "
            "asked for; leave that family out."
        )
    return finish(folder, files, lengths, splits, skipped)


def _parts(source: Path) -> list[_Part]:
    """Find the three parts, or as many as there are."""
    places = [source, *(sorted(source.iterdir()) if source.is_dir() else [])]
    found = {}
    for place in places:
        for split in SPLITS:
            # An unpacked folder counts before the archive it came from.
            if place.name.startswith(f"nsynth-{split}") and split not in found:
                found[split] = _Part(split, open_collection(place))
    if not found:
        raise UmtnError(
            f"{source} holds none of {', '.join(f'nsynth-{split}' for split in SPLITS)}, neither "
            "as folders nor as archives."
        )
    return [found[split] for split in SPLITS if split in found]


def _find(part: _Part, families: tuple[str, ...], sources: tuple[str, ...]) -> _Found:
    """List the wanted notes of a part, and those that its own list has and it has not."""
    contents = part.collection.contents(lambda name: PurePosixPath(name).name == EXAMPLES)
    present: dict[str, Item] = {}
    for item in contents.items:
        if PurePosixPath(item.name).suffix == ".wav":
            present[PurePosixPath(item.name).stem] = item
    listed = _listed(part.collection.path, contents.texts)
    files, skipped = [], []
    for note in sorted(present.keys() | listed):
        match = _NOTE.fullmatch(note)
        if match is None:
            skipped.append(Skipped(source=note, reason="It is not called as NSynth's notes are."))
        elif match["family"] in families and match["source"] in sources:
            if note not in present:
                where = part.collection.path.name
                skipped.append(Skipped(source=note, reason=f"Its audio is not in {where}."))
                continue
            files.append(
                SourceFile(
                    present[note], match["family"], LICENCE, seconds=SECONDS,
                    folder=match["instrument"],
                )
            )  # fmt: skip
    return _Found(files, skipped)


def _listed(path: Path, texts: dict[str, bytes]) -> set[str]:
    """Names of the notes in the part's own list."""
    names: set[str] = set()
    for name, text in texts.items():
        try:
            names |= msgspec.json.decode(text, type=dict[str, msgspec.Raw]).keys()
        except msgspec.DecodeError as error:
            raise UmtnError(f"{name} of {path} is not NSynth's list of notes: {error}.") from error
    return names
