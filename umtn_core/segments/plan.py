"""Where a signal is cut into segments, and what each of them decodes."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.resample import resampled_length
from umtn_core.segments.quiet import QuietMeter, quietest
from umtn_core.shape import NetworkShape

#: After it has warmed up, a stream gets this long to become the tone that a
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
        Ahead of its cut, at least: warming up, settling, and room for the join.
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
    def of(cls, shape: NetworkShape, context: int | None = None) -> Margins:
        """Compute them for a network.

        Parameters
        ----------
        shape
            The network's shape.
        context
            Samples that its decoders were trained on at a time, at their rate, from an empty past
            (a manifest's ``context``); None where nobody knows.
        """
        rate = shape.output_rate
        join = round((REACH + FADE + 2 * SHIFT) * rate) + 2
        before = warm_up(shape, context) + round(SETTLING * rate) + join
        return cls(before, join, shape.output_hop, round(SHORTEST * rate))

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


def warm_up(shape: NetworkShape, context: int | None = None) -> int:
    """Count the samples after which a stream plays as well as one that began earlier.

    A decoder knows nothing of what lies before its receptive field. Nor has it learned to use more
    of a past than the excerpts had that it was trained on: what lay before them was empty.

    Parameters
    ----------
    shape
        The network's shape.
    context
        Samples that its decoders were trained on at a time, see `Margins.of`.

    Returns
    -------
    int
        At the decoders' rate.
    """
    return shape.receptive_field if context is None else min(shape.receptive_field, context)


def segment_id(signal: int, segment: int) -> int:
    """Name the random numbers of a signal's segment; the first one's are the signal's own."""
    return signal + segment * _ID_STEP


def samples_made(heard: int, shape: NetworkShape) -> int:
    """Count the samples that cover as many heard: whole steps, at the decoders' rate."""
    return _whole_steps(resampled_length(heard, shape.sample_rate, shape.output_rate), shape)


def plan(
    audio: NDArray[np.float32], shape: NetworkShape, segments: int, context: int | None = None
) -> tuple[Segment, ...]:
    """Cut a signal into segments whose streams are about equally long.

    Parameters
    ----------
    audio : float32 array (samples,)
        The signal as the network hears it.
    shape, segments, context
        What they are for `plan_by_levels`.

    Returns
    -------
    tuple of Segment
    """
    meter = QuietMeter(shape.sample_rate)
    meter.add(audio)
    return plan_by_levels(meter.powers(), len(audio), shape, segments, context)


def plan_by_levels(
    powers: NDArray[np.float64],
    samples_heard: int,
    shape: NetworkShape,
    segments: int,
    context: int | None = None,
) -> tuple[Segment, ...]:
    """Cut a signal of which only the levels are at hand.

    Each stream but the first begins early enough to have warmed up and settled before its cut, and
    goes on past the next one. A cut moves up to a quarter of a second to where the signal is quiet.

    Parameters
    ----------
    powers : float64 array (steps,)
        What a `QuietMeter` measured of the signal as the network hears it.
    samples_heard
        Samples of that signal, at the rate that the network hears.
    shape
        The network's shape.
    segments
        The number of segments; fewer where they would be too short.
    context
        Samples that the decoders were trained on at a time, see `Margins.of`.

    Returns
    -------
    tuple of Segment
    """
    margins, rate = Margins.of(shape, context), shape.output_rate
    samples = samples_made(samples_heard, shape)
    segments = min(segments, margins.most(samples))
    # The first has nothing before it to decode, so its own stretch is the longest.
    stream = margins.longest_stream(samples, segments)
    stretch = max(margins.shortest, stream - margins.overhead)
    first = samples - (segments - 1) * stretch
    wanted = [first + k * stretch for k in range(segments - 1)]
    wandering = min(round(WANDERING * rate), stretch // 4)
    # Levels are those of what is heard, so places are looked for at its rate.
    heard = [place * shape.sample_rate // rate for place in wanted]
    near = wandering * shape.sample_rate // rate
    quiet = quietest(powers, heard, near, shape.sample_rate)
    cuts = [0, *(place * rate // shape.sample_rate for place in quiet)]
    ends = [min(_whole_steps(cut + margins.after, shape), samples) for cut in cuts[1:]]
    ends.append(samples)
    begins = [max(0, cut - margins.before) // margins.hop * margins.hop for cut in cuts]
    return tuple(map(Segment, begins, cuts, ends))


def _whole_steps(samples: int, shape: NetworkShape) -> int:
    return -(-samples // shape.bands) * shape.bands
