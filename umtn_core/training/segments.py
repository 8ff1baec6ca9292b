"""Random segments of a store, each decided by the seed and its number alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from umtn_core.companding import MU, NOTHING_YET, Companding
from umtn_core.data.files import FULL_SCALE
from umtn_core.data.split import Split
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.training.corruption import corrupt
from umtn_core.training.perturbation import perturb
from umtn_core.training.settings import Corruption, Perturbation, Settings
from umtn_core.training.spectrum import semitone_spectrum

Audio = NDArray[np.float32]


class Segment(NamedTuple):
    """One segment of every domain; D domains, T samples, C samples of context on each side.

    Attributes
    ----------
    heard : Tensor[D x 1 x (C + T + C)]
        What the encoder hears: codes as ``code / 255 - 0.5``.
    past : Tensor[D x T], int64
        What the decoder sees before each of its samples, as codes.
    target : Tensor[D x T], int64
        The clean codes.
    scored : Tensor[D x T], bool
        Which samples count.
    spectrum : Tensor[D x bands x F]
        Clean spectrum of the T samples; without bands when the aid is off.
    """

    heard: Tensor
    past: Tensor
    target: Tensor
    scored: Tensor
    spectrum: Tensor


class DomainAudio:
    """All files of one domain and split, as one row of samples to draw from."""

    def __init__(self, store: Store, domain: str, split: Split, shortest: int):
        self.files = [store.read(entry) for entry in store.files(domain, split)]
        if not self.files:
            raise UmtnError(
                f"Domain '{domain}' has no {split} audio in the store {store.path}: each domain "
                "needs two recordings or more, one of them to be held back for validation."
            )
        # A start is any sample from which `shortest` more follow in the same file.
        starts = np.array([max(0, len(audio) - shortest + 1) for audio in self.files])
        self.ends = np.cumsum(starts)
        if self.ends[-1] == 0:
            raise UmtnError(
                f"Domain '{domain}' has no {split} file of {shortest} samples or more: "
                "add longer recordings, or shorten segment and context in the settings."
            )

    def draw(self, samples: int, random: np.random.Generator) -> Audio:
        """So many samples from a random place: float32 in [-1, 1]."""
        place = int(random.integers(0, self.ends[-1]))
        file = int(np.searchsorted(self.ends, place, side="right"))
        start = place - (int(self.ends[file - 1]) if file else 0)
        return self.files[file][start : start + samples].astype(np.float32) / FULL_SCALE


class SegmentDataset(Dataset[Segment]):
    """Segments by number: the same number always gives the same segment.

    That makes a run resumable at any batch, and independent of how many processes and
    devices share the work.

    Parameters
    ----------
    settings
        Of the run.
    domains
        In the order of the network's.
    split
        Validation and test segments are neither perturbed nor corrupted.
    """

    def __init__(self, settings: Settings, domains: tuple[str, ...], split: Split):
        self.settings = settings
        self.split = split
        self.shape = settings.network_shape
        self.companding = Companding(self.shape.companding)
        self.length = settings.segment + 2 * settings.context + 1
        store = Store.open(settings.store)
        self.audio = [DomainAudio(store, domain, split, self.length) for domain in domains]

    def __getitem__(self, number: int) -> Segment:
        rows = []
        for domain in range(len(self.audio)):
            key = (self.settings.seed, ("train", "valid", "test").index(self.split), domain, number)
            rows.append(self._segment(domain, np.random.default_rng(key)))
        return Segment(*(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)))

    def _segment(self, domain: int, random: np.random.Generator) -> tuple[NDArray, ...]:
        settings, length = self.settings, self.settings.segment
        training = self.split == "train"
        gain = random.uniform(settings.gain_quietest, settings.gain_loudest) if training else 1.0
        # One more sample in front, so that the first step too has a past.
        clip = np.float32(gain) * self.audio[domain].draw(self.length, random)
        around, start = clip[1:], settings.context

        perturbation = settings.perturbation if training else Perturbation(probability=0)
        heard = perturb(around, perturbation, length, random)
        codes = self.companding.encode(clip[start : start + length + 1]).astype(np.int64)
        corruption = settings.corruption if training else Corruption()
        past, scored = corrupt(
            clip[start : start + length],
            lambda: gain * self.audio[domain].draw(self.length, random)[:length],
            corruption,
            random,
        )
        past_codes = self.companding.encode(past).astype(np.int64)
        if start == 0:
            past_codes[0] = NOTHING_YET
        scored[: settings.unscored] = False
        spectrum = np.zeros((0, length // self.shape.hop), np.float32)
        if settings.spectral.weight:
            spectrum = semitone_spectrum(
                around, start, length // self.shape.hop, self.shape.hop,
                self.shape.sample_rate, settings.spectral,
            )  # fmt: skip
        scaled = self.companding.encode(heard).astype(np.float32) / MU - 0.5
        return scaled[None], past_codes, codes[1:], scored, spectrum


class NumberedBatches(Sampler[int]):
    """Numbers of the segments that one process sees, from a given batch on.

    Parameters
    ----------
    batch
        Segments in a batch, over all processes together.
    first, last
        First batch, and the one after the last.
    rank, processes
        This process, and how many there are; each takes its share of every batch.
    """

    def __init__(self, batch: int, first: int, last: int, rank: int = 0, processes: int = 1):
        if batch % processes:
            raise UmtnError(
                f"A batch of {batch} segments cannot be shared evenly by {processes} processes: "
                "choose a multiple in the settings."
            )
        self.batch, self.first, self.last = batch, first, last
        self.share = batch // processes
        self.rank = rank

    def __len__(self) -> int:
        # Of the whole run: Lightning counts the batches before a resumption as done.
        return self.last * self.share

    def __iter__(self) -> Iterator[int]:
        for batch in range(self.first, self.last):
            begin = batch * self.batch + self.rank * self.share
            yield from range(begin, begin + self.share)
