"""The store: a folder of mono audio that training and evaluation read.

::

    STORE/index.json                         what there is, and under which licence
    STORE/audio/<domain>/<id>.npy            int16 (samples,), memory-mappable
    STORE/pairs/<soundfont>/<piece>.<domain>.npy   the same performance in every domain
    STORE/others/<domain>/<id>.<k>.npy       a file's performance by another instrument
    STORE/records/...                        one small file per finished item

The records make work resumable: an item is finished when its record exists, and the
record is written after the audio, so a kill at any instant leaves nothing half-made.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.data.files import write_json
from umtn_core.data.split import Split
from umtn_core.errors import UmtnError

SCHEMA = 1
INDEX = "index.json"
#: In a synthetic store, the recipe it was made by.
RECIPE = "recipe.json"


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One piece of training audio.

    Parameters
    ----------
    domain
        The instrument it is played on.
    split
        ``train``, ``valid`` or ``test``.
    path
        The path of the ``.npy``, relative to the store.
    samples
        The number of its samples.
    source
        The recording or score it was made from.
    licence
        The terms of that source (and of the soundfont, if one was used).
    credits
        People and instruments to name, if known.
    others
        Paths of the same performance by other instruments, which only the encoder is to hear: at
        the index's ``heard_rate``, from the same start and as long in seconds.
    remark
        What is odd of the file that it was read from, in a sentence; empty if all is well.
    """

    domain: str
    split: Split
    path: str
    samples: int
    source: str
    licence: str
    credits: str | None = None
    others: list[str] = []
    remark: str = ""


class Skipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A source that was left out, and why."""

    source: str
    reason: str


class PairEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One held-out piece, played identically in every domain; for evaluation only.

    Parameters
    ----------
    piece
        The piece's name.
    split
        ``valid`` or ``test``.
    licence, source
        The terms of the score and the soundfont, and the score it was made from.
    soundfont
        The soundfont of these renders.
    notes
        Path of the notes played, relative to the store, or None: a JSON list of
        ``[start_s, end_s, midi_pitch, velocity]``.
    renders
        Path of the ``.npy`` for each domain, relative to the store.
    sources
        The same for instruments that are no domain.
    curves
        Path of an ``.npz`` of what changes while the notes sound, or None if nothing does; see
        `Store.curves`.
    texture
        ``line`` or ``chords``, where that is known.
    """

    piece: str
    split: Split
    licence: str
    source: str
    soundfont: str
    notes: str | None
    renders: dict[str, str]
    sources: dict[str, str] = {}
    curves: str | None = None
    texture: str | None = None


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything a store holds, as written in ``index.json``.

    Parameters
    ----------
    sample_rate
        The rate of the files and the pairs, in samples a second.
    heard_rate
        The rate of the files' versions by other instruments; None if there are none.
    """

    schema: int = SCHEMA
    sample_rate: int = 16_000
    heard_rate: int | None = None
    files: list[FileEntry] = []
    skipped: list[Skipped] = []
    pairs: list[PairEntry] = []


@dataclass(frozen=True, eq=False)
class PairCurves:
    """What changes while the notes of a held-out piece sound, 100 points a second.

    Parameters
    ----------
    bend : float32, shape (points,)
        Semitones above the notes' pitches, the tuning included; instruments that cannot bend
        keep to the tuning alone.
    gain : float32, shape (points,)
        Linear, 0 to 1; instruments that cannot swell keep to 1.
    tuning
        Semitones above concert pitch of the whole piece.
    """

    bend: NDArray[np.float32]
    gain: NDArray[np.float32]
    tuning: float


class Store:
    """A finished store, opened for reading.

    Parameters
    ----------
    path
        The store's folder.
    index
        What ``index.json`` says.
    """

    def __init__(self, path: Path, index: Index) -> None:
        self.path = path
        self.index = index

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Open the store in a folder.

        Raises
        ------
        UmtnError
            If there is no store, or its index cannot be understood.
        """
        folder = Path(path)
        file = folder / INDEX
        try:
            index = msgspec.json.decode(file.read_bytes(), type=Index)
        except FileNotFoundError:
            raise UmtnError(
                f"{folder} holds no data store (no {INDEX}): "
                "make one with `umtn data prepare` or `umtn data synth`."
            ) from None
        except OSError as error:
            raise UmtnError(f"Cannot read {file}: {error.strerror or error}.") from error
        except msgspec.MsgspecError as error:
            raise UmtnError(
                f"{file} is not a valid index ({error}): make the store again."
            ) from error
        if index.schema != SCHEMA:
            raise UmtnError(
                f"{file} has schema {index.schema} and this version reads {SCHEMA}: "
                "make the store again."
            )
        return cls(folder, index)

    @property
    def sample_rate(self) -> int:
        """Samples a second of all audio in the store."""
        return self.index.sample_rate

    @property
    def heard_rate(self) -> int | None:
        """Samples a second of versions by other instruments; None if there are none."""
        return self.index.heard_rate

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, sorted."""
        return tuple(sorted({entry.domain for entry in self.index.files}))

    def files(self, domain: str, split: Split) -> list[FileEntry]:
        """Return the files of one domain and split, in the index's order.

        Raises
        ------
        UmtnError
            If the store has no such domain.
        """
        if domain not in self.domains:
            raise UmtnError(
                f"The store {self.path} has no domain {domain!r}: "
                f"it has {', '.join(self.domains) or 'none'}."
            )
        return [e for e in self.index.files if e.domain == domain and e.split == split]

    def pairs(self, soundfont: str | None = None, split: Split | None = None) -> list[PairEntry]:
        """Return the paired renders, all or those of one soundfont and split."""
        return [
            pair
            for pair in self.index.pairs
            if soundfont in (None, pair.soundfont) and split in (None, pair.split)
        ]

    def read(self, entry: FileEntry | str) -> NDArray[np.int16]:
        """Map one file's audio into memory.

        Parameters
        ----------
        entry
            An entry of the index, or a path relative to the store (as in a pair).

        Returns
        -------
        int16 read-only memory map, shape (samples,)

        Raises
        ------
        UmtnError
            If the file is missing, damaged, or not as long as the index says.
        """
        relative = entry if isinstance(entry, str) else entry.path
        file = self.path / relative
        try:
            audio: NDArray[np.int16] = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UmtnError(f"Cannot read {file} ({error}): make the store again.") from error
        expected = audio.size if isinstance(entry, str) else entry.samples
        if audio.dtype != np.int16 or audio.shape != (expected,):
            raise UmtnError(f"{file} is not as the index says: make the store again.")
        return audio

    def notes(self, pair: PairEntry) -> list[tuple[float, float, int, int]]:
        """Return the notes of a held-out piece: (start_s, end_s, midi_pitch, velocity).

        Raises
        ------
        UmtnError
            If the piece has no notes, or their file cannot be read.
        """
        if pair.notes is None:
            raise UmtnError(f"The piece {pair.piece} has no notes.")
        file = self.path / pair.notes
        try:
            rows = json.loads(file.read_text())
            return [(float(a), float(b), int(p), int(v)) for a, b, p, v in rows]
        except (OSError, ValueError, TypeError) as error:
            raise UmtnError(f"Cannot read {file} ({error}): make the store again.") from error

    def curves(self, pair: PairEntry) -> PairCurves | None:
        """Return what changes while a held-out piece's notes sound, or None if nothing does.

        Raises
        ------
        UmtnError
            If their file cannot be read.
        """
        if pair.curves is None:
            return None
        file = self.path / pair.curves
        try:
            with np.load(file, allow_pickle=False) as found:
                return PairCurves(found["bend"], found["gain"], float(found["tuning"]))
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
            raise UmtnError(f"Cannot read {file} ({error}): make the store again.") from error


def write_index(path: Path, index: Index) -> None:
    """Write the index of the store in folder ``path``; the last step of making one."""
    write_json(path / INDEX, index)
