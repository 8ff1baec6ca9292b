"""Makes a store of recordings: one folder of audio for each domain."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from umtn_core.audio.read import read_audio
from umtn_core.audio.resample import resample
from umtn_core.data.files import FULL_SCALE, sweep_unfinished, write_audio
from umtn_core.data.licences import NOT_STATED, folder_licence, is_licence_file
from umtn_core.data.pool import OnItem, run_all
from umtn_core.data.records import finished, remove_unlisted, write_record
from umtn_core.data.split import split_by_name
from umtn_core.data.store import RECIPE, FileEntry, Index, Skipped, Store, write_index
from umtn_core.errors import UmtnError

SAMPLE_RATE = 16_000

#: Raised when the way of reading changes, so that old audio is made again.
_PREPARE_VERSION = 1
#: Below one step of 16 bits, all that would be left is zeros.
_SILENCE = 1.0 / FULL_SCALE
_SHORTEST_S = 0.1
_DOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class _Recording:
    """A file to be read, and where it goes."""

    file: Path
    source: str
    domain: str
    licence: str
    folder: Path
    path: str
    sample_rate: int
    fingerprint: str


def prepare(
    source: str | os.PathLike[str],
    store: str | os.PathLike[str],
    *,
    licence: str | None = None,
    workers: int = 1,
    progress: OnItem | None = None,
    sample_rate: int = SAMPLE_RATE,
    valid: float = 0.05,
    test: float = 0.05,
) -> Store:
    """Make a store of a folder that has one sub-folder of audio for each domain.

    Files become mono (the mean of their channels) at one rate, keep their level unless
    it passes full scale, and are split by file within each domain. What cannot be used
    is listed with the reason in the index's ``skipped``. A run that was interrupted, or
    to whose source files were added, goes on where it was. One process at a time may
    work on a store.

    Parameters
    ----------
    source
        The folder; sub-folders of a domain's folder belong to the domain.
    store
        Folder to make, outside ``source``.
    licence
        Terms of the recordings in folders without a LICENCE file of their own.
    workers
        Processes that read; each holds one recording in memory.
    progress
        Called as ``progress(stage, done, total, name)``, with stage ``audio``.
    sample_rate
        Of the store.
    valid, test
        Shares of each domain's files that are set aside.

    Returns
    -------
    the finished store

    Raises
    ------
    UmtnError
        If there are no domains, a domain has no usable file, a name cannot be a
        domain's, or a file cannot be written.
    """
    root, folder = Path(source), Path(store)
    if not root.is_dir():
        raise UmtnError(f"There is no folder {root}.")
    if folder.resolve().is_relative_to(root.resolve()):
        raise UmtnError("The store must lie outside the folder of recordings: choose another.")
    if (folder / RECIPE).exists():
        raise UmtnError(f"{folder} holds a synthetic store: give recordings a folder of their own.")
    domains = _domains(root)
    skipped = [
        Skipped(source=file.name, reason="It lies outside the domains' folders.")
        for file in sorted(root.iterdir())
        if file.is_file() and not file.name.startswith(".") and not is_licence_file(file)
    ]
    general = folder_licence(root) or licence or NOT_STATED
    recordings = [
        _recording(file, root, folder, folder_licence(domain) or general, sample_rate)
        for domain in domains
        for file in _files(domain)
    ]
    sweep_unfinished(folder)
    lengths, unusable = _read_all(recordings, workers, progress)
    entries: list[FileEntry] = []
    for domain in domains:
        usable = [r for r in recordings if r.domain == domain.name and r.path in lengths]
        if not usable:
            reason = next(
                (s.reason for s in unusable if s.source.startswith(f"{domain.name}/")), ""
            )
            raise UmtnError(f"The domain {domain.name} has no usable file. {reason}".strip())
        splits = split_by_name((r.source for r in usable), valid=valid, test=test)
        entries += [
            FileEntry(
                domain=r.domain,
                split=splits[r.source],
                path=r.path,
                samples=lengths[r.path],
                source=r.source,
                licence=r.licence,
            )
            for r in usable
        ]
    index = Index(sample_rate=sample_rate, files=entries, skipped=skipped + unusable)
    write_index(folder, index)
    remove_unlisted(folder, [entry.path for entry in entries])
    return Store(folder, index)


def _domains(root: Path) -> list[Path]:
    """Return the folders of the domains."""
    folders = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    if not folders:
        raise UmtnError(f"{root} has no sub-folders: put the audio of each instrument in its own.")
    for folder in folders:
        # The name becomes part of file names in stores and bundles.
        if not _DOMAIN.fullmatch(folder.name):
            raise UmtnError(
                f"The folder {folder.name!r} cannot name a domain: "
                "rename it, with letters, digits, - and _ only."
            )
    return folders


def _files(domain: Path) -> Iterator[Path]:
    """Yield all files of a domain that may be meant as audio, in a fixed order."""
    for file in sorted(domain.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(domain).parts)
        if file.is_file() and not hidden and not is_licence_file(file):
            yield file


def _recording(file: Path, root: Path, folder: Path, licence: str, sample_rate: int) -> _Recording:
    """Describe one file: where it goes, and a fingerprint of what it is."""
    source = file.relative_to(root).as_posix()
    domain, _, inner = source.partition("/")
    # Two files may differ in their endings or folders alone, hence the hash.
    name = hashlib.sha256(source.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    slug = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(inner).stem)[:80]
    status = file.stat()
    decides = f"{_PREPARE_VERSION} {sample_rate} {status.st_size} {status.st_mtime_ns}"
    return _Recording(
        file=file,
        source=source,
        domain=domain,
        licence=licence,
        folder=folder,
        path=f"audio/{domain}/{slug}-{name}.npy",
        sample_rate=sample_rate,
        fingerprint=hashlib.sha256(decides.encode()).hexdigest(),
    )


def _read_all(
    recordings: list[_Recording], workers: int, progress: OnItem | None
) -> tuple[dict[str, int], list[Skipped]]:
    """Read what is not finished; return the lengths by path, and what is unusable."""
    lengths: dict[str, int] = {}
    missing = []
    for recording in recordings:
        samples = finished(recording.folder, recording.path, recording.fingerprint)
        if samples is None:
            missing.append(recording)
        else:
            lengths[recording.path] = samples
    unusable: list[Skipped] = []
    done = len(lengths)
    for recording, outcome in run_all(_read_one, missing, workers=workers, kind="processes"):
        done += 1
        if isinstance(outcome, str):
            unusable.append(Skipped(source=recording.source, reason=outcome))
        else:
            lengths[recording.path] = outcome
        if progress is not None:
            progress("audio", done, len(recordings), recording.source)
    unusable.sort(key=lambda item: item.source)
    return lengths, unusable


def _read_one(recording: _Recording) -> int | str:
    """Read one file into the store: its length, or why it cannot be used."""
    try:
        audio, rate = read_audio(recording.file)
    except UmtnError as error:
        return str(error)
    mono = resample(audio.mean(axis=0), rate, recording.sample_rate)
    loudest = float(np.max(np.abs(mono)))
    if loudest < _SILENCE:
        return "It is silent (or its channels cancel each other)."
    if mono.size < _SHORTEST_S * recording.sample_rate:
        return f"It is shorter than {_SHORTEST_S} s."
    # Files of float samples may pass full scale, and resampling may overshoot it.
    samples = write_audio(recording.folder / recording.path, mono / max(1.0, loudest))
    write_record(recording.folder, recording.path, recording.fingerprint, samples)
    return samples
