"""What a bundle must say of the audio that its network was trained on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.scope import taught_by
from export.sources import listed
from umtn_core.audio.loudness import loudness
from umtn_core.bundle import TrainingSource
from umtn_core.bundle.scope import Scope
from umtn_core.data.store import FileEntry, Store
from umtn_core.errors import UmtnError

#: Music (channels, samples), and its sample rate in hertz.
Excerpt = tuple[NDArray[np.float32], int]

#: Files of each domain whose loudness is measured: enough for a median.
FILES_A_DOMAIN = 50


class TrainingAudio:
    """The part of a store that a network was trained on.

    Parameters
    ----------
    store
        The store that it lies in.
    domains
        The network's domains.
    """

    def __init__(self, store: Store, domains: Iterable[str]):
        self._store = store
        self._domains = tuple(domains)

    @classmethod
    def open(cls, path: str | Path, domains: Iterable[str]) -> TrainingAudio:
        """Open a store.

        Raises
        ------
        UmtnError
            If there is none.
        """
        return cls(Store.open(path), domains)

    def loudness(self, gain: float = 1.0) -> float:
        """Measure the median loudness of training files, all domains counting alike.

        Parameters
        ----------
        gain
            The gain that training applied to them, on average.

        Returns
        -------
        float
            In LUFS.

        Raises
        ------
        UmtnError
            If a domain has no audible file.
        """
        medians = [self._median(self._store.files(domain, "train")) for domain in self._domains]
        return round(float(np.mean(medians)) + 20 * math.log10(gain), 2)

    def sources(self, others: Iterable[TrainingSource] = ()) -> list[TrainingSource]:
        """List every distinct source and its licence, and others, see `export.sources.listed`."""
        files = [file for domain in self._domains for file in self._store.files(domain, "train")]
        pairs = {(file.source, file.licence) for file in files}
        return listed(pairs | {(other.source, other.licence) for other in others})

    def scope(self) -> Scope | None:
        """Read what its makers say of the music; None where they say nothing."""
        return taught_by(self._store, self._domains)

    def excerpts(self) -> dict[str, Excerpt]:
        """Read a file of each domain that was held back from training, by domain.

        Raises
        ------
        UmtnError
            If there is none at all.
        """
        found = {domain: self._excerpt(domain) for domain in self._domains}
        excerpts = {domain: music for domain, music in found.items() if music is not None}
        if not excerpts:
            raise UmtnError(
                f"The store {self._store.path} holds no file back from training; "
                "name a recording for the parity check."
            )
        return excerpts

    def _excerpt(self, domain: str) -> Excerpt | None:
        for split in ("valid", "test"):
            files = self._store.files(domain, split)
            if files:
                longest = max(files, key=lambda file: file.samples)
                return self._audio(longest)[None], self._rate
        return None

    def _median(self, files: Sequence[FileEntry]) -> float:
        chosen = files[:: max(1, len(files) // FILES_A_DOMAIN)]
        measured = [loudness(self._audio(file), self._rate) for file in chosen]
        audible = [lufs for lufs in measured if math.isfinite(lufs)]
        if not audible:
            raise UmtnError(f"The store {self._store.path} has a domain without audible audio.")
        return float(np.median(audible))

    @property
    def _rate(self) -> int:
        return self._store.index.sample_rate

    def _audio(self, file: FileEntry) -> NDArray[np.float32]:
        return self._store.read(file).astype(np.float32) / np.float32(32768)
