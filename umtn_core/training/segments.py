"""Random segments of a store, each decided by the seed and its number alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from umtn_core.companding import MU, NOTHING_YET, Companding
from umtn_core.data.split import Split
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.shape import NetworkShape
from umtn_core.training.clips import Cut, DomainAudio, Place, band_samples, heard_audio
from umtn_core.training.corruption import corrupt
from umtn_core.training.perturbation import perturb
from umtn_core.training.settings import Corruption, Perturbation, Settings
from umtn_core.training.spectrum import semitone_spectrum

Audio = NDArray[np.float32]


class TrainingSegment(NamedTuple):
    """One segment of every domain.

    D domains, T samples made, H heard in the same time, C heard as context on each side.

    Attributes
    ----------
    heard : Tensor[D x 1 x (C + H + C)]
        What the encoder hears: codes as ``code / 255 - 0.5``.
    past : Tensor[D x T], int16
        What the decoder sees a step before each of its samples, as codes; with several bands
        those of a step together.
    target : Tensor[D x T], uint8
        The clean codes.
    scored : Tensor[D x T], bool
        Which samples count.
    spectrum : Tensor[D x bands x F]
        Clean spectrum of the segment; without bands when the aid is off.
    """

    heard: Tensor
    past: Tensor
    target: Tensor
    scored: Tensor
    spectrum: Tensor

    def widened(self) -> TrainingSegment:
        """The same with int64 codes, as networks take them.

        Narrow ones are a fifth of the bytes on their way from process to process and to a GPU.
        """
        return self._replace(past=self.past.long(), target=self.target.long())


class SegmentDataset(Dataset[TrainingSegment]):
    """Segments by number: the same number always gives the same segment.

    That makes a run resumable at any batch, and independent of how many processes and
    devices share the work.

    Parameters
    ----------
    settings
        The settings of the run.
    domains
        The domains that are trained, in the network's order.
    split
        Validation and test segments are neither perturbed nor corrupted.
    gains : sequence of float32 arrays (bands,)
        What each domain's bands are multiplied by before they are companded; left out, 1.

    Raises
    ------
    UmtnError
        If the store's audio is not at the rates that the network hears and makes, or a domain
        has too little of it.
    """

    def __init__(
        self,
        settings: Settings,
        domains: tuple[str, ...],
        split: Split,
        gains: Sequence[Audio] | None = None,
    ):
        self.settings = settings
        self.split = split
        self.shape = settings.network_shape
        self.companding = Companding(self.shape.companding)
        self.cut = Cut.of(self.shape, settings.segment, settings.context)
        self.gains = gains or [np.ones(self.shape.bands, np.float32)] * len(domains)
        store = Store.open(settings.store)
        _check_rates(store, self.shape, settings.perturbation.reorchestration > 0)
        self.audio = [
            DomainAudio(store, domain, split, self.cut.samples, self.cut.made) for domain in domains
        ]

    def __getitem__(self, number: int) -> TrainingSegment:
        rows = []
        for domain in range(len(self.audio)):
            key = (self.settings.seed, ("train", "valid", "test").index(self.split), domain, number)
            rows.append(self._segment(domain, np.random.default_rng(key)))
        return TrainingSegment(
            *(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))
        )

    def _segment(self, domain: int, random: np.random.Generator) -> tuple[NDArray[Any], ...]:
        settings, audio = self.settings, self.audio[domain]
        training = self.split == "train"
        gain = random.uniform(settings.gain_quietest, settings.gain_loudest) if training else 1.0
        place = audio.place(random)
        clip = np.float32(gain) * audio.read(place, self.cut.samples)
        around = heard_audio(clip, self.cut, self.shape)
        source = self._source(audio, place, gain, around, random) if training else around
        heard = self._heard(source, random)
        past, codes, scored = self._codes(domain, clip, gain, random)
        return heard[None], past, codes, scored, self._spectrum(around)

    def _source(
        self,
        audio: DomainAudio,
        place: Place,
        gain: float,
        around: Audio,
        random: np.random.Generator,
    ) -> Audio:
        """What the encoder hears before it is perturbed: at times another instrument."""
        share = self.settings.perturbation.reorchestration
        if not share or random.random() >= share:
            return around
        other = self._reorchestrated(audio, place, gain, random)
        return around if other is None else other

    def _heard(self, source: Audio, random: np.random.Generator) -> Audio:
        """What the encoder hears, perturbed in training, as codes between -0.5 and 0.5."""
        settings = self.settings
        training = self.split == "train"
        perturbation = settings.perturbation if training else Perturbation(probability=0)
        heard = perturb(source, perturbation, settings.segment, random)
        codes = self.companding.encode(heard).astype(np.float32)
        return codes / np.float32(MU) - np.float32(0.5)

    def _codes(
        self, domain: int, clip: Audio, gain: float, random: np.random.Generator
    ) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.bool_]]:
        """The past, corrupted in training, the codes that follow it, and which of them count."""
        settings, shape, cut = self.settings, self.shape, self.cut
        bands = self._companded(domain, clip, cut.front + cut.context)

        def another() -> Audio:
            excerpt = self.audio[domain].draw(cut.samples, random)
            return gain * self._companded(domain, excerpt, cut.front)[:-1]

        past, scored = corrupt(
            bands[:-1],
            another,
            settings.corruption if self.split == "train" else Corruption(),
            random,
            max(1, settings.corruption.splice_longest * shape.steps_per_frame // shape.hop),
        )
        codes = self.companding.encode(bands[1:]).reshape(-1)
        past_codes = self.companding.encode(past).astype(np.int16).reshape(-1)
        if cut.context == 0:
            past_codes[: shape.bands] = NOTHING_YET
        scored[: settings.unscored * shape.steps_per_frame // shape.hop] = False
        return past_codes, codes, scored.repeat(shape.bands)

    def _spectrum(self, around: Audio) -> Audio:
        """The clean spectrum that the spectral aid is to read; no bands when it is off."""
        settings, shape = self.settings, self.shape
        frames = settings.segment // shape.hop
        if not settings.spectral.weight:
            return np.zeros((0, frames), np.float32)
        return semitone_spectrum(
            around, settings.context, frames, shape.hop, shape.sample_rate, settings.spectral
        )

    def _companded(self, domain: int, clip: Audio, first: int) -> Audio:
        """Samples of the bands at the level that they are companded at: (1 + steps, bands)."""
        return band_samples(clip, self.cut, self.shape, first) * self.gains[domain]

    def _reorchestrated(
        self, audio: DomainAudio, place: Place, gain: float, random: np.random.Generator
    ) -> Audio | None:
        """The same notes by another instrument, if there is one."""
        if not audio.others[place.file]:
            return None
        settings, cut = self.settings.perturbation, self.cut
        louder = gain * random.uniform(settings.other_quietest, settings.other_loudest)
        start = cut.as_heard(place.start + cut.front)
        samples = cut.as_heard(cut.segment + 2 * cut.context)
        return np.float32(louder) * audio.other(place.file, start, samples, random)


def _check_rates(store: Store, shape: NetworkShape, others: bool) -> None:
    if store.sample_rate != shape.output_rate:
        raise UmtnError(
            f"The store {store.path} holds audio at {store.sample_rate} Hz and the network makes "
            f"{shape.output_rate} Hz: make the store with --sample-rate {shape.output_rate}, or "
            "choose another preset."
        )
    rate = store.heard_rate or store.sample_rate
    if others and any(entry.others for entry in store.index.files) and rate != shape.sample_rate:
        raise UmtnError(
            f"The other instruments in the store {store.path} are at {rate} Hz and the encoder "
            f"hears {shape.sample_rate} Hz: set perturbation.reorchestration to 0, or make the "
            "store for this network."
        )


class NumberedBatches(Sampler[int]):
    """Numbers of the segments that one process sees, from a given batch on.

    Parameters
    ----------
    batch
        The number of segments in a batch, over all processes together.
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
