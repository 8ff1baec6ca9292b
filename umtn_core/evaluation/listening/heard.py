"""A recording as the measures hear it: each description made once, when first wanted."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.audio.resample import resample
from umtn_core.evaluation.listening.chroma import chroma
from umtn_core.evaluation.listening.harmonics import harmonics_over_rest, steady_frames
from umtn_core.evaluation.listening.note import Transcribed
from umtn_core.evaluation.listening.note_segments import levels, segment
from umtn_core.evaluation.listening.pitch_tracking import PitchTrack, track
from umtn_core.evaluation.listening.polyphonic import notes_from_posteriors, posteriors
from umtn_core.evaluation.listening.rhythm import Rhythm, rhythm
from umtn_core.evaluation.listening.spectra import envelope

#: Samples a second of what the measures hear: they were made, and their bounds set, for it.
RATE = 16_000

#: Of so many steady frames one is asked for its harmonics: spectra overlap by half even so.
_EVERY = 4


class Heard:
    """One mono recording.

    Parameters
    ----------
    full
        The audio: float array (samples,), full scale 1.
    rate
        The samples a second of the audio.
    """

    def __init__(self, full: ArrayLike, rate: int = RATE) -> None:
        self.full: NDArray[np.float32] = np.asarray(full, np.float32)
        self.rate = rate

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.full) / self.rate

    @cached_property
    def samples(self) -> NDArray[np.float32]:
        """The recording at `RATE`, as the measures hear it."""
        return resample(self.full, self.rate, RATE) if len(self.full) else self.full

    @cached_property
    def pitch(self) -> PitchTrack:
        """Its fundamental frequency; means something for one voice only."""
        return track(self.samples, RATE)

    @cached_property
    def notes(self) -> list[Transcribed]:
        """Its notes, if it is one voice."""
        return segment(self.pitch, levels(self.samples, RATE))

    @cached_property
    def posteriors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How probable its notes are; see `umtn_core.evaluation.listening.polyphonic`."""
        return posteriors(self.samples, RATE)

    @cached_property
    def polyphonic_notes(self) -> list[Transcribed]:
        """Its notes, of however many voices."""
        return notes_from_posteriors(*self.posteriors)

    @cached_property
    def envelope(self) -> NDArray[np.float64]:
        """Its mean spectral envelope: (bands,)."""
        return envelope(self.samples, RATE)

    @cached_property
    def chroma(self) -> NDArray[np.float64]:
        """Its pitch classes over time: (frames, 12)."""
        return chroma(self.samples, RATE)

    @cached_property
    def harmonics_over_rest(self) -> float:
        """The power of its harmonics over that of everything else in dB; NaN without one voice."""
        steady = steady_frames(self.pitch.hertz)
        steady &= np.arange(len(steady)) % _EVERY == 0
        return harmonics_over_rest(self.samples, RATE, self.pitch, steady)

    @cached_property
    def rhythm(self) -> Rhythm:
        """Its onsets."""
        return rhythm(self.samples, RATE)
