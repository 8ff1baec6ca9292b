"""Makes a store of MusicNet: the six domains that the published network was trained on.

MusicNet (Thickstun, Harchaoui and Kakade, "Learning Features of Music from Scratch", 2017) is
330 recordings of classical music, ``<id>.wav`` in ``train_data`` and ``test_data``, and a table
``musicnet_metadata.csv`` of composers and ensembles, which is a file of its own.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path, PurePosixPath

import msgspec

from umtn_core.data.collection import Contents, Item, open_collection
from umtn_core.data.pool import OnItem
from umtn_core.data.reading import SourceFile, finish, read_all, refuse_recipes
from umtn_core.data.split import Split, split_by_name
from umtn_core.data.store import Skipped, Store
from umtn_core.errors import UmtnError
from umtn_core.names import the_one_meant

METADATA = "musicnet_metadata.csv"
LICENCE = "CC BY 4.0"

#: The domains, by composer and ensemble as the table calls them.
DOMAINS = {
    "bach_solo_cello": ("Bach", "Solo Cello"),
    "beethoven_solo_piano": ("Beethoven", "Solo Piano"),
    "cambini_wind_quintet": ("Cambini", "Wind Quintet"),
    "bach_solo_piano": ("Bach", "Solo Piano"),
    "beethoven_accompanied_violin": ("Beethoven", "Accompanied Violin"),
    "beethoven_string_quartet": ("Beethoven", "String Quartet"),
}

#: Shares of each domain's recordings that validate and test.
VALID, TEST = 0.1, 0.1


class _Row(msgspec.Struct, frozen=True):
    """What is read of one row of the table; it has more columns."""

    id: str
    composer: str
    composition: str
    movement: str
    ensemble: str
    source: str
    seconds: float


def prepare_musicnet(
    source: str | os.PathLike[str],
    store: str | os.PathLike[str],
    *,
    metadata: str | os.PathLike[str] | None = None,
    domains: tuple[str, ...] = tuple(DOMAINS),
    workers: int = 1,
    progress: OnItem | None = None,
) -> Store:
    """Make a store of MusicNet's recordings, a domain for each composer and ensemble.

    MusicNet's own test recordings test; in domains that have none, a tenth of the recordings by
    number does, and everywhere another tenth validates, as many as the published network set
    aside. An archive is read from beginning to end twice, to check it and to read it; an
    interrupted run goes on where it was.

    Parameters
    ----------
    source
        ``musicnet.tar.gz``, or the folder it unpacks to.
    store
        The folder to make.
    metadata
        The table; None looks inside ``source``, and beside it.
    domains
        The domains to make, out of `DOMAINS`.
    workers, progress
        The number of processes that read, and what is told of each recording; see
        `umtn_core.data.prepare.prepare`.

    Returns
    -------
    the finished store

    Raises
    ------
    UmtnError
        If the table is missing or is not MusicNet's, a domain has no usable recording, the
        archive is damaged, or a file cannot be written.
    """
    domains = tuple(the_one_meant(each, DOMAINS, "domain", "MusicNet") for each in domains)
    collection, folder = open_collection(source), Path(store)
    refuse_recipes(folder)
    contents = collection.contents(lambda name: PurePosixPath(name).name == METADATA)
    rows = _rows(*_table(metadata, collection.path, contents.texts))
    files, skipped = _wanted(domains, rows, contents, collection.path.name)
    lengths, unusable = read_all(collection, files, folder, workers=workers, progress=progress)
    splits: dict[str, Split] = {}
    for domain in domains:
        usable = [f.item.name for f in files if f.domain == domain and f.path in lengths]
        if not usable:
            raise UmtnError(
                f"{collection.path} has no usable recording of {domain}"
                f"{'' if domain not in {f.domain for f in files} else ': '}"
                f"{next((s.reason for s in unusable), '').rstrip('.')}; fetch the whole of "
                "MusicNet, or leave that domain out."
            )
        splits |= _splits(usable)
    return finish(folder, files, lengths, splits, skipped + unusable)


def _table(
    metadata: str | os.PathLike[str] | None, source: Path, texts: dict[str, bytes]
) -> tuple[str, bytes]:
    """Find the table of recordings: its name and contents."""
    if metadata is None and texts:
        return next(iter(texts.items()))
    file = Path(metadata) if metadata is not None else source.parent / METADATA
    try:
        return str(file), file.read_bytes()
    except OSError as error:
        raise UmtnError(
            f"Cannot read {file} ({error.strerror}): fetch MusicNet's table of recordings, and put "
            "it beside the archive or say where it is."
        ) from error


def _rows(name: str, table: bytes) -> list[_Row]:
    try:
        rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
        return msgspec.convert(rows, list[_Row], strict=False)
    except (UnicodeDecodeError, csv.Error, msgspec.ValidationError) as error:
        raise UmtnError(f"{name} is not MusicNet's table of recordings: {error}.") from error


def _wanted(
    domains: tuple[str, ...], rows: list[_Row], contents: Contents, place: str
) -> tuple[list[SourceFile], list[Skipped]]:
    """List the recordings of some domains, and those of the table that are not there."""
    audio = {
        PurePosixPath(item.name).stem: item
        for item in contents.items
        if PurePosixPath(item.name).suffix == ".wav"
    }
    files, skipped = [], []
    for domain in domains:
        for row in rows:
            if (row.composer, row.ensemble) != DOMAINS[domain]:
                continue
            if row.id in audio:
                files.append(_source_file(domain, row, audio[row.id]))
            else:
                skipped.append(Skipped(source=f"{row.id}.wav", reason=f"It is not in {place}."))
    return files, skipped


def _source_file(domain: str, row: _Row, item: Item) -> SourceFile:
    return SourceFile(
        item,
        domain,
        f"{LICENCE} (MusicNet; recording: {row.source})",
        credits=f"{row.composer}: {row.composition}, {row.movement}",
        seconds=row.seconds,
    )


def _splits(names: list[str]) -> dict[str, Split]:
    """Split a domain's recordings; those that MusicNet tests with are never trained on."""
    own = [name for name in names if PurePosixPath(name).parent.name == "test_data"]
    # By number alone, so that an archive and the folder it unpacks to are split alike.
    others = {PurePosixPath(name).name: name for name in names if name not in own}
    splits = split_by_name(others, valid=VALID, test=TEST)
    chosen: dict[str, Split] = dict.fromkeys(own, "test")
    for number, split in splits.items():
        chosen[others[number]] = "train" if own and split == "test" else split
    return chosen
