"""Where segments are cut out of a store: places, and the audio there."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from umtn_core import filter_bank
from umtn_core.data.files import as_floats
from umtn_core.data.split import Split
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.shape import NetworkShape

Audio = NDArray[np.float32]

#: Samples at each end of a clip that a resampler has to have seen, at the lower rate.
_RESAMPLING = 64


class Cut(NamedTuple):
    """How a clip is cut so that what is heard and what is made lie at the same time.

    A clip is so much of a file at the rate of what is made: a margin that filters need, the
    context, the segment, the context again and another margin.

    Attributes
    ----------
    made, heard : int
        The shortest time that is a whole number of samples at both rates, in samples made and
        in samples heard. Clips begin at multiples of it.
    front, back : int
        The margins, in samples made.
    context, segment : int
        Their lengths in samples made.
    lead : int
        Steps before the segment that the filter bank analyses with it.
    """

    made: int
    heard: int
    front: int
    back: int
    context: int
    segment: int
    lead: int

    @property
    def samples(self) -> int:
        """Length of a clip in samples made."""
        return self.front + self.back + 2 * self.context + self.segment

    def as_heard(self, samples: int) -> int:
        """So many samples made, in samples heard."""
        return samples * self.heard // self.made

    @classmethod
    def of(cls, shape: NetworkShape, segment: int, context: int) -> Cut:
        """Cut segments and context, given in samples heard, for a network."""
        common = math.gcd(shape.output_rate, shape.sample_rate)
        made, heard = shape.output_rate // common, shape.sample_rate // common
        lead = filter_bank.OVERLAP if shape.bands > 1 else 1
        if made == heard and shape.bands == 1:
            # Audio as it is heard: one sample in front, so that the first step has a past.
            front, back = 1, 0
        else:
            units = max(
                -(-lead * shape.bands // made),
                -(-_RESAMPLING // min(made, heard)) if made != heard else 1,
            )
            front = back = units * made
        scale = made / heard
        return cls(made, heard, front, back, round(context * scale), round(segment * scale), lead)


class Place(NamedTuple):
    """A clip's file, and its first sample there at the rate of what is made."""

    file: int
    start: int


class DomainAudio:
    """All files of one domain and split, as one row of samples to draw from.

    Parameters
    ----------
    store, domain, split
        The store, and the domain and split whose files of it are drawn from.
    shortest
        The number of samples of a clip.
    unit
        Clips begin at multiples of so many samples.
    """

    def __init__(self, store: Store, domain: str, split: Split, shortest: int, unit: int = 1):
        self.store = store
        self.unit = unit
        entries = store.files(domain, split)
        self.files = [store.read(entry) for entry in entries]
        self.others = [tuple(entry.others) for entry in entries]
        if not self.files:
            raise UmtnError(
                f"Domain '{domain}' has no {split} audio in the store {store.path}: each domain "
                "needs two recordings or more, one of them to be held back for validation."
            )
        # A start is any sample from which `shortest` more follow in the same file.
        starts = np.array([max(0, (len(a) - shortest) // unit + 1) for a in self.files])
        self.ends = np.cumsum(starts)
        if self.ends[-1] == 0:
            raise UmtnError(
                f"Domain '{domain}' has no {split} file of {shortest} samples or more: "
                "add longer recordings, or shorten segment and context in the settings."
            )

    def place(self, random: np.random.Generator) -> Place:
        """A random place, each as likely as any other."""
        number = int(random.integers(0, self.ends[-1]))
        file = int(np.searchsorted(self.ends, number, side="right"))
        first = int(self.ends[file - 1]) if file else 0
        return Place(file, (number - first) * self.unit)

    def read(self, place: Place, samples: int) -> Audio:
        """So many samples from a place on: float32 in [-1, 1]."""
        return as_floats(self.files[place.file][place.start : place.start + samples])

    def draw(self, samples: int, random: np.random.Generator) -> Audio:
        """So many samples from a random place: float32 in [-1, 1]."""
        return self.read(self.place(random), samples)

    def other(self, file: int, start: int, samples: int, random: np.random.Generator) -> Audio:
        """The same performance by another instrument, chosen among those there are.

        Parameters
        ----------
        file
            The number of the file among the domain's; it has others.
        start, samples
            The first sample and their number, at the rate of what is heard.
        random
            What chooses the instrument.

        Returns
        -------
        float32 array, shape (samples,)
            Silence beyond the other's end.
        """
        names = self.others[file]
        audio = _mapped(self.store, names[int(random.integers(len(names)))])
        piece = as_floats(audio[start : start + samples])
        return np.pad(piece, (0, samples - len(piece)))


@lru_cache(maxsize=4096)
def _mapped(store: Store, path: str) -> NDArray[np.int16]:
    return store.read(path)


def heard_audio(clip: Audio, cut: Cut, shape: NetworkShape) -> Audio:
    """What the encoder hears of a clip, context included.

    Parameters
    ----------
    clip : float32 array, shape (cut.samples,)
    cut
        How it was cut.
    shape
        The shape of the network.

    Returns
    -------
    float32 array
        At ``shape.sample_rate``; its sample 0 is at the time of the clip's ``cut.front``.
    """
    if cut.made != cut.heard:
        clip = soxr.resample(clip, shape.output_rate, shape.sample_rate, quality="HQ")
    first = cut.as_heard(cut.front)
    return clip[first : first + cut.as_heard(cut.segment + 2 * cut.context)]


def band_samples(clip: Audio, cut: Cut, shape: NetworkShape, first: int) -> Audio:
    """Samples of the bands of a clip's segment, one step earlier too.

    Parameters
    ----------
    clip : float32 array
    cut
        How it was cut.
    shape
        The shape of the network.
    first
        Place of the segment in the clip, in samples made; ``cut.front`` or more.

    Returns
    -------
    float32 array, shape (1 + steps, bands)
    """
    bands, lead = shape.bands, cut.lead
    whole = slice(first - lead * bands, first + cut.segment + (lead * bands if bands > 1 else 0))
    analysed = filter_bank.analyse(clip[whole], bands)
    return analysed[lead - 1 : lead + cut.segment // bands]
