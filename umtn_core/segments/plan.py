"""Where a signal is cut into segments, and what each of them decodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resampled_length
from umtn_core.shape import NetworkShape

#: After its receptive field has filled, a stream gets this long to become the tone that a
#: stream which has heard everything is, in seconds.
SETTLING = 0.1
#: A join lies at most so far from its cut, in seconds, ...
REACH = 0.06
#: ... is a crossfade of this length, ...
FADE = 0.03
#: ... and the later segment is moved by at most this to be in phase: half a period of 50 Hz.
SHIFT = 0.01
#: Shortest stretch that a segment is made for, in seconds.
SHORTEST = 0.5
#: A cut goes to a quiet place at most this far away, in seconds.
WANDERING = 0.25
#: Decibels that a place at that distance has to be quieter to be preferred.
RELUCTANCE = 6.0

_LEVEL_SECONDS = 0.01
_SMOOTHED_SECONDS = 0.05
_FLOOR = 1e-8

#: Ids of a signal's segments lie so far apart: signals have the low half to themselves.
_ID_STEP = 1 << 32


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a signal, in samples at the decoders' rate.

    Parameters
    ----------
    begin
        Where its stream begins, at the start of a latent frame.
    cut
        Where it takes over from the segment before it, or 0.
    end
        Where its stream ends.
    """

    begin: int
    cut: int
    end: int


@dataclass(frozen=True)
class Margins:
    """What a segment has to decode beyond its own stretch, in samples at the decoders' rate.

    Parameters
    ----------
    before
        Ahead of its cut, at least: receptive field, settling, and room for the join.
    after
        Past the next cut: room for that join.
    hop
        Streams begin at multiples of it.
    shortest
        Stretch from cut to cut.
    """

    before: int
    after: int
    hop: int
    shortest: int

    @classmethod
    def of(cls, shape: NetworkShape) -> Margins:
        """Compute them for a network."""
        rate = shape.output_rate
        join = round((REACH + FADE + 2 * SHIFT) * rate) + 2
        warm_up = shape.receptive_field + round(SETTLING * rate)
        return cls(warm_up + join, join, shape.output_hop, round(SHORTEST * rate))

    @property
    def overhead(self) -> int:
        """Samples decoded beyond its own by every segment but the first, about."""
        return self.before + self.after + self.hop // 2

    def longest_stream(self, samples: int, segments: int) -> int:
        """Samples of each stream if a signal is divided evenly, about."""
        return -(-(samples + (segments - 1) * self.overhead) // segments)

    def most(self, samples: int) -> int:
        """Count the segments that a signal can be cut into, all of them long enough."""
        return max(1, 1 + (samples - self.overhead - self.shortest) // self.shortest)


def segment_id(signal: int, segment: int) -> int:
    """Name the random numbers of a signal's segment; the first one's are the signal's own."""
    return signal + segment * _ID_STEP


def samples_made(heard: int, shape: NetworkShape) -> int:
    """Count the samples that cover as many heard: whole steps, at the decoders' rate."""
    return _whole_steps(resampled_length(heard, shape.sample_rate, shape.output_rate), shape)


def plan(audio: NDArray[np.float32], shape: NetworkShape, segments: int) -> tuple[Segment, ...]:
    """Cut a signal into segments whose streams are about equally long.

    Each stream but the first begins early enough to have filled its receptive field and settled
    before its cut, and goes on past the next one. A cut moves up to a quarter of a second to where
    the signal is quiet.

    Parameters
    ----------
    audio : float32 array (samples,)
        The signal as the network hears it.
    shape
        The network's shape.
    segments
        The number of segments; fewer where they would be too short.

    Returns
    -------
    tuple of Segment
    """
    margins, rate = Margins.of(shape), shape.output_rate
    samples = samples_made(len(audio), shape)
    segments = min(segments, margins.most(samples))
    # The first has nothing before it to decode, so its own stretch is the longest.
    stream = margins.longest_stream(samples, segments)
    stretch = max(margins.shortest, stream - margins.overhead)
    first = samples - (segments - 1) * stretch
    wanted = [first + k * stretch for k in range(segments - 1)]
    wandering = min(round(WANDERING * rate), stretch // 4)
    # Levels are those of what is heard, so places are looked for at its rate.
    heard = [place * shape.sample_rate // rate for place in wanted]
    quiet = _quiet(audio, heard, wandering * shape.sample_rate // rate, shape.sample_rate)
    cuts = [0, *(place * rate // shape.sample_rate for place in quiet)]
    ends = [min(_whole_steps(cut + margins.after, shape), samples) for cut in cuts[1:]]
    ends.append(samples)
    begins = [max(0, cut - margins.before) // margins.hop * margins.hop for cut in cuts]
    return tuple(map(Segment, begins, cuts, ends))


def _whole_steps(samples: int, shape: NetworkShape) -> int:
    return -(-samples // shape.bands) * shape.bands


def _quiet(
    audio: NDArray[np.float32], wanted: Sequence[int], wandering: int, rate: int
) -> list[int]:
    """Move each place to the quietest near it."""
    if not wanted:
        return []
    step = max(1, round(_LEVEL_SECONDS * rate))
    power = np.add.reduceat(np.square(audio, dtype=np.float64), np.arange(0, len(audio), step))
    width = max(1, round(_SMOOTHED_SECONDS / _LEVEL_SECONDS))
    power = np.convolve(power / step, np.ones(width) / width, "same")
    level = 10 * np.log10(np.maximum(power, _FLOOR))
    moved = []
    for place in wanted:
        near = np.arange(max(0, place - wandering) // step, (place + wandering) // step + 1)
        near = near[near < len(level)]
        far = np.abs(near * step + step // 2 - place) / max(1, wandering)
        best = near[np.argmin(level[near] + RELUCTANCE * far)]
        moved.append(int(best) * step + step // 2)
    return moved
