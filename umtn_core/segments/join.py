"""Decoded segments joined where they are most alike, so that nobody hears where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.segments.plan import FADE, REACH, SHIFT, Segment
from umtn_core.stage import BLOCK, Passing

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
    joins: list[Join] = []
    blocks = list(joining([[part] for part in parts], segments, rate, joins))
    return np.concatenate(blocks), joins


def joining(
    parts: Sequence[Iterable[Audio]],
    segments: Sequence[Segment],
    rate: int,
    joins: list[Join] | None = None,
) -> Iterator[Audio]:
    """Join segments that come in blocks, as `joined` does.

    Parameters
    ----------
    parts : sequence of iterables of float32 array (n,)
        What was decoded of each segment; taken from as it is needed.
    segments, rate
        What they are for `joined`.
    joins
        A list that joins are added to as they are found.

    Yields
    ------
    float32 array (n,)
    """
    half, largest = round(FADE * rate / 2), round(SHIFT * rate)
    offsets = _offsets(rate)
    sounding = _Sounding(parts[0], 0)
    begin = 0
    for blocks, segment in zip(parts[1:], segments[1:], strict=True):
        yield from sounding.blocks(begin, segment.cut + min(offsets) - half)
        begin = segment.cut + min(offsets) - half
        shifts = range(2 * largest + 1) if segment is segments[-1] else range(-largest, largest + 1)
        later = _Sounding(blocks, segment.begin)
        join = _found(sounding, later, segment, shifts, half, offsets)
        fade = join.place - half
        yield from sounding.blocks(begin, fade)
        rise = _rise(2 * half, join.likeness)
        later.first += join.shift
        both = later.read(fade, fade + 2 * half) * rise
        both += sounding.read(fade, fade + 2 * half) * rise[::-1]
        yield both
        begin, sounding = fade + 2 * half, later
        if joins is not None:
            joins.append(join)
    yield from sounding.blocks(begin, segments[-1].end)


class _Sounding:
    """A part on its way: its samples by their place in the signal, from ``first`` on."""

    def __init__(self, blocks: Iterable[Audio], first: int):
        self.first = first
        self._blocks = iter(blocks)
        self._here = Passing()

    def read(self, begin: int, end: int) -> Audio:
        """Give some samples, which stay; nothing before them is asked for again."""
        begin, end = begin - self.first, end - self.first
        while self._here.end < end:
            block = next(self._blocks, None)
            if block is None:
                # The last part may end a shift early.
                self._here.add(np.zeros(end - self._here.end, np.float32))
            else:
                self._here.add(block)
                if self._here.end < begin:
                    self._here.forget(self._here.end)
        return self._here.read(begin, end)

    def blocks(self, begin: int, end: int) -> Iterator[Audio]:
        """Give some samples, block by block, and forget them."""
        for first in range(begin, end, BLOCK):
            last = min(first + BLOCK, end)
            yield self.read(first, last)
            self._here.forget(last - self.first)


def _offsets(rate: int) -> list[int]:
    """List the places for a join as distances from the cut, nearest first."""
    reach, step = round(REACH * rate), max(1, round(_PLACES_SECONDS * rate))
    return sorted(range(-(reach // step) * step, reach + 1, step), key=abs)


def _found(
    audio: _Sounding,
    part: _Sounding,
    segment: Segment,
    shifts: range,
    half: int,
    offsets: Sequence[int],
) -> Join:
    """Find the join that differs least from what it joins."""
    best: tuple[float, Join] | None = None
    farthest = max(offsets)
    first = segment.cut - farthest - half
    whole = audio.read(first, segment.cut + farthest + half).astype(np.float64)
    heard_from = first - shifts[-1]
    heard = part.read(heard_from, segment.cut + farthest + half - shifts[0]).astype(np.float64)
    for place in (segment.cut + offset for offset in offsets):
        begin = place - half
        before = whole[begin - first : begin - first + 2 * half]
        near = heard[begin - shifts[-1] - heard_from : begin - shifts[0] + 2 * half - heard_from]
        windows = np.lib.stride_tricks.sliding_window_view(near, 2 * half)[::-1]
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
