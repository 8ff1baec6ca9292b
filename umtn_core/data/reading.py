"""Reads source files into a store, each once, and keeps count of what could not be used."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from umtn_core.audio.read import opened_audio
from umtn_core.audio.resample import resample
from umtn_core.data.collection import SPOOL, Collection, Item
from umtn_core.data.files import FULL_SCALE, sweep_unfinished, write_audio
from umtn_core.data.pool import OnItem, run_all
from umtn_core.data.records import finished, remark_on, remove_unlisted, write_record
from umtn_core.data.split import Split
from umtn_core.data.store import RECIPE, FileEntry, Index, Skipped, Store, write_index
from umtn_core.errors import UmtnError

SAMPLE_RATE = 16_000

#: Raised when the way of reading changes, so that old audio is made again.
_VERSION = 2
#: Below one step of 16 bits, all that would be left is zeros.
_SILENCE = 1.0 / FULL_SCALE
_SHORTEST_S = 0.1


@dataclass(frozen=True)
class SourceFile:
    """A file to be read into a store, and where it goes.

    Parameters
    ----------
    item
        The file, in its collection.
    domain
        The domain that it belongs to.
    licence, credits
        The terms of the recording, and whom to name, if known.
    sample_rate
        The rate of the store's audio, in samples a second.
    seconds
        The length that it must have, give or take a second; None, any length.
    folder
        A folder within the domain's audio, for data sets of very many files.

    Attributes
    ----------
    path
        The path of its audio in the store.
    fingerprint
        A text that changes with anything that decides the samples.
    """

    item: Item
    domain: str
    licence: str
    sample_rate: int = SAMPLE_RATE
    credits: str | None = None
    seconds: float | None = None
    folder: str = ""
    path: str = field(init=False)
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        name = self.item.name
        # Two files may differ in their endings or folders alone, hence the hash.
        own = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        slug = re.sub(r"[^A-Za-z0-9._-]+", "_", PurePosixPath(name).stem)[:80]
        place = PurePosixPath("audio", self.domain, self.folder, f"{slug}-{own}.npy")
        decides = f"{_VERSION} {self.sample_rate} {self.item.size} {self.item.modified}"
        object.__setattr__(self, "path", place.as_posix())
        object.__setattr__(self, "fingerprint", hashlib.sha256(decides.encode()).hexdigest())


@dataclass(frozen=True)
class _Task:
    """A file to be read that is at hand: where it was packed, as a copy."""

    source: SourceFile
    file: Path
    store: Path


def refuse_recipes(store: Path) -> None:
    """See that a store is not one of made-up audio, which is made in another way.

    Raises
    ------
    UmtnError
        If it is.
    """
    if (store / RECIPE).exists():
        raise UmtnError(f"{store} holds a synthetic store: give recordings a folder of their own.")


def read_all(
    collection: Collection,
    sources: Iterable[SourceFile],
    store: Path,
    *,
    workers: int = 1,
    progress: OnItem | None = None,
) -> tuple[dict[str, int], list[Skipped]]:
    """Read what is not finished into a store.

    Parameters
    ----------
    collection
        The collection that holds the files.
    sources
        All files that the store is to have.
    store
        The store's folder.
    workers
        The number of processes that read; each holds one recording in memory.
    progress
        Called as ``progress("audio", done, total, name)``.

    Returns
    -------
    lengths : dict of str to int
        Samples of what was read, by path in the store.
    skipped : list of Skipped
        What could not be used, and why.

    Raises
    ------
    UmtnError
        If the collection is damaged, or a file cannot be written.
    """
    sweep_unfinished(store)
    _sweep_spool(store)
    lengths: dict[str, int] = {}
    missing: dict[str, SourceFile] = {}
    for source in sources:
        samples = finished(store, source.path, source.fingerprint)
        if samples is None:
            missing[source.item.name] = source
        else:
            lengths[source.path] = samples
    total = len(lengths) + len(missing)
    unusable: list[Skipped] = []

    def tasks() -> Iterator[_Task]:
        for name, file in collection.files(set(missing), store):
            yield _Task(missing[name], file, store)

    try:
        for task, outcome in run_all(_read_one, tasks(), workers=workers, kind="processes"):
            source = task.source
            if isinstance(outcome, str):
                unusable.append(Skipped(source=source.item.name, reason=outcome))
            else:
                lengths[source.path] = outcome
            if progress is not None:
                progress("audio", len(lengths) + len(unusable), total, source.item.name)
    finally:
        _sweep_spool(store)
    unusable.sort(key=lambda item: item.source)
    return lengths, unusable


def finish(
    store: Path,
    sources: Iterable[SourceFile],
    lengths: dict[str, int],
    splits: dict[str, Split],
    skipped: list[Skipped],
    sample_rate: int = SAMPLE_RATE,
) -> Store:
    """Write the index of a store whose source files have been read.

    Parameters
    ----------
    store
        The store's folder.
    sources, lengths
        The files that were to be read, and the samples of those that were, by path in the store.
    splits
        The split of each file that was read, by its name in the collection.
    skipped
        What is not in the store, and why.
    sample_rate
        The rate of the store's audio, in samples a second.

    Returns
    -------
    the finished store
    """
    entries = [
        FileEntry(
            domain=source.domain,
            split=splits[source.item.name],
            path=source.path,
            samples=lengths[source.path],
            source=source.item.name,
            licence=source.licence,
            credits=source.credits,
            remark=remark_on(store, source.path),
        )
        for source in sources
        if source.path in lengths
    ]
    index = Index(sample_rate=sample_rate, files=entries, skipped=skipped)
    write_index(store, index)
    remove_unlisted(store, [entry.path for entry in entries])
    return Store(store, index)


def _read_one(task: _Task) -> int | str:
    """Read one file into the store: its length, or why it cannot be used."""
    source, name = task.source, Path(task.source.item.name).name
    try:
        with opened_audio(task.file) as file:
            audio, rate, remark = file.read(0, file.samples), file.sample_rate, file.remark
    except UmtnError as error:
        # The file's own name, where it was read from a copy.
        return str(error).replace(str(task.file), name if _is_copy(task) else str(task.file))
    finally:
        if _is_copy(task):
            task.file.unlink(missing_ok=True)
    seconds = audio.shape[1] / rate
    if source.seconds is not None and abs(seconds - source.seconds) > 1:
        return f"It is {seconds:.1f} s long, where it should be {source.seconds:.0f} s."
    mono = resample(audio.mean(axis=0), rate, source.sample_rate)
    loudest = float(np.max(np.abs(mono)))
    if loudest < _SILENCE:
        return "It is silent (or its channels cancel each other)."
    if mono.size < _SHORTEST_S * source.sample_rate:
        return f"It is shorter than {_SHORTEST_S} s."
    # Files of float samples may pass full scale, and resampling may overshoot it.
    samples = write_audio(task.store / source.path, mono / max(1.0, loudest))
    write_record(task.store, source.path, source.fingerprint, samples, remark)
    return samples


def _is_copy(task: _Task) -> bool:
    return task.file.parent == task.store / SPOOL


def _sweep_spool(store: Path) -> None:
    """Remove copies that a killed run left."""
    spool = store / SPOOL
    if spool.is_dir():
        for file in spool.iterdir():
            file.unlink(missing_ok=True)
        spool.rmdir()
