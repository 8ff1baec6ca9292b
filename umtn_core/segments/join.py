"""Decoded segments joined where they are most alike, so that nobody hears where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.segments.plan import FADE, REACH, SHIFT, Segment

Audio = NDArray[np.float32]

#: Places for a join that are tried, so far apart in seconds.
_PLACES_SECONDS = 0.005
#: How much worse a join may be to spare a segment the largest shift.
_SHIFT_AVERSION = 0.1
_TINY = 1e-12


@dataclass(frozen=True)
class Join:
    """Where and how two segments meet.

    Parameters
    ----------
    place
        Middle of the crossfade, in samples of the signal.
    shift
        Samples by which the later segment is late.
    likeness
        Correlation of the two over the crossfade, -1 to 1; 1 where both are silent.
    """

    place: int
    shift: int
    likeness: float


def joined(
    parts: Sequence[Audio], segments: Sequence[Segment], rate: int
) -> tuple[Audio, list[Join]]:
    """Join decoded segments.

    Around each cut, the place and the shift of the later segment are looked for at which the two
    differ least for how loud they are: their cross-correlation says by how much. There they are
    crossfaded, so that the power stays even whether they are alike or not. All but the last may
    come early or late; the last only late, since nothing follows its end.

    Parameters
    ----------
    parts : list of float32 array (end - begin,)
        What was decoded of each segment.
    segments
        What `plan` gave.
    rate
        Samples a second, the decoders'.

    Returns
    -------
    audio : float32 array (samples,)
        From the first cut, 0, to the last end.
    joins : list of Join
    """
    audio = np.zeros(segments[-1].end, np.float32)
    audio[: segments[0].end] = parts[0]
    half, largest = round(FADE * rate / 2), round(SHIFT * rate)
    joins = []
    for part, segment in zip(parts[1:], segments[1:], strict=True):
        last = segment is segments[-1]
        shifts = range(2 * largest + 1) if last else range(-largest, largest + 1)
        join = _found(audio, part, segment, shifts, half, rate)
        rise = _rise(2 * half, join.likeness)
        begin = join.place - half
        late = part[begin - join.shift - segment.begin :][: len(audio) - begin].copy()
        late[: 2 * half] *= rise
        late[: 2 * half] += audio[begin : begin + 2 * half] * rise[::-1]
        audio[begin : begin + len(late)] = late
        joins.append(join)
    return audio, joins


def _found(
    audio: Audio, part: Audio, segment: Segment, shifts: range, half: int, rate: int
) -> Join:
    """Find the join that differs least from what it joins."""
    reach, step = round(REACH * rate), max(1, round(_PLACES_SECONDS * rate))
    offsets = sorted(range(-(reach // step) * step, reach + 1, step), key=abs)
    best: tuple[float, Join] | None = None
    for place in (segment.cut + offset for offset in offsets):
        before = audio[place - half : place + half].astype(np.float64)
        begin = place - half - segment.begin
        heard = part[begin - shifts[-1] : begin - shifts[0] + 2 * half].astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(heard, 2 * half)[::-1]
        powers = np.einsum("ij,ij->i", windows, windows)
        power, product = before @ before, windows @ before
        loud = np.sqrt((power + powers) * 2 * half) + _TINY
        cost = np.maximum(power + powers - 2 * product, 0) / loud
        cost *= 1 + _SHIFT_AVERSION * np.abs(shifts) / max(map(abs, shifts))
        i = int(np.argmin(np.where(np.abs(shifts) == 0, cost - _TINY, cost)))
        if best is None or cost[i] < best[0] - _TINY:
            both = np.sqrt(power * powers[i])
            likeness = float(product[i] / both) if both > _TINY else 1.0
            best = float(cost[i]), Join(place, shifts[i], likeness)
    assert best is not None
    return best[1]


def _rise(samples: int, likeness: float) -> Audio:
    """Gains of the later of two signals, over a crossfade that keeps their power."""
    share = (np.arange(samples) + 0.5) / samples
    power = share**2 + (1 - share) ** 2 + 2 * max(0.0, likeness) * share * (1 - share)
    return (share / np.sqrt(power)).astype(np.float32)
