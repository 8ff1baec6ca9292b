"""A recording taken apart into the mono signals that are translated, and put together again."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.channels import ChannelMode, EqualChannels, Mean, PerChannel
from umtn_core.audio.level import Limiter
from umtn_core.audio.sound import FARTHEST, Sound, blocks_of
from umtn_core.errors import UmtnError
from umtn_core.hearing import Hearing, Signal
from umtn_core.progress import IsCancelled
from umtn_core.stage import ahead, feed, heeding, through, together
from umtn_core.stereo.listener import StereoListener
from umtn_core.stereo.placing import Placing

Audio = NDArray[np.float32]


class Recording:
    """A recording, its signals, and how they become channels again. It is read block by block.

    Parameters
    ----------
    sound
        The recording, wherever it lies.
    mode
        What becomes of several channels.
    cancelled
        Asked for every block; work ends once it says yes.

    Attributes
    ----------
    signals : list of Signal
        The signals to be translated; none before `hear`.

    Raises
    ------
    UmtnError
        If it holds samples that are not numbers, or beyond all measure.
    Cancelled
    """

    def __init__(self, sound: Sound, mode: ChannelMode, cancelled: IsCancelled | None = None):
        self.sound = sound
        self.signals: list[Signal] = []
        self._cancelled = cancelled
        several = sound.channels > 1
        listener = (
            StereoListener(sound.channels, sound.sample_rate)
            if several and mode == "auto"
            else None
        )
        survey = _Survey(sound.channels)
        feed(self._blocks(), survey.add, *([listener.add] if listener is not None else []))
        self._peak = survey.peak
        equal = survey.equal
        placing = None
        if listener is not None and len(set(equal.first())) > 1:
            placing = listener.placing()
        self._layout: Mean | PerChannel | _OnePlayer
        if mode in ("mono", "mid"):
            self._layout = Mean(sound.channels, keeps_sides=mode == "mid")
        elif placing is not None:
            self._layout = _OnePlayer(placing, sound.sample_rate)
        else:
            self._layout = PerChannel(equal.first())

    def hear(self, hearing: Hearing) -> None:
        """Take its signals in.

        Raises
        ------
        Cancelled
        """
        samples, rate = self.sound.samples, self.sound.sample_rate
        self.signals = [Signal(i, samples, rate, hearing) for i in self._layout.ids]
        takers = [
            partial(self._one, i, take)
            for i, signal in enumerate(self.signals)
            for take in signal.takers
        ]
        feed(self._layout.signals(self._blocks()), *takers)
        for signal in self.signals:
            signal.end()

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of its samples."""
        digest = hashlib.sha256()
        for block in blocks_of(self.sound):
            digest.update(np.ascontiguousarray(block).data)
        return digest.digest()

    @staticmethod
    def _one(number: int, take: Callable[[Audio], None], block: Audio) -> None:
        take(block[number])

    def heed(self, cancelled: IsCancelled | None) -> None:
        """From now on, ask this for every block."""
        self._cancelled = cancelled

    @property
    def sounding(self) -> list[Signal]:
        """The signals that are not silent."""
        return [signal for signal in self.signals if not signal.is_silent]

    def dry(self) -> Iterator[Audio]:
        """Give the recording as it is: blocks (channels, n)."""
        return self._blocks()

    def mixed(self, translated: Sequence[Iterable[Audio]], mix: float) -> Iterator[Audio]:
        """Mix it with what its sounding signals have become.

        Parameters
        ----------
        translated : blocks of float32 array (n,), for each sounding signal
            What each has become: as long and as loud, at its sample rate.
        mix
            0 gives the recording, 1 the translation only.

        Yields
        ------
        float32 array (channels, n)
            Its peak is at most 1, or that of the recording if that is higher.
        """
        given = iter(translated)
        sources = [self._silence() if signal.is_silent else next(given) for signal in self.signals]
        wet = ahead(self._layout.joined(ahead(together(sources)), self._blocks()))
        limiter = Limiter(self.sound.sample_rate, max(1.0, self._peak))
        position = 0
        for block in heeding(self._cancelled, through(wet, limiter)):
            if mix < 1:
                dry = self.sound.read(position, block.shape[1])
                block = np.float32(1 - mix) * dry + np.float32(mix) * block
            position += block.shape[1]
            yield block

    def _silence(self) -> Iterator[Audio]:
        return (np.zeros(block.shape[1], np.float32) for block in self._blocks())

    def _blocks(self) -> Iterator[Audio]:
        return heeding(self._cancelled, blocks_of(self.sound))


class _Survey:
    """What has to be known of a recording before its signals are taken in."""

    def __init__(self, channels: int):
        self.equal = EqualChannels(channels)
        self.peak = 0.0

    def add(self, block: Audio) -> None:
        peak = float(np.abs(block).max())
        if not peak <= FARTHEST:
            what = (
                f"more than {FARTHEST:,.0f} times beyond full scale"
                if math.isfinite(peak)
                else "not numbers (NaN or infinity)"
            )
            raise UmtnError(f"The audio has samples that are {what}.")
        self.peak = max(self.peak, peak)
        self.equal.add(block)


class _OnePlayer:
    """Channels that one player is heard on: mixed to one signal, and placed again."""

    ids = (0,)

    def __init__(self, placing: Placing, sample_rate: int):
        self._placing = placing
        self._rate = sample_rate

    def signals(self, blocks: Iterator[Audio]) -> Iterator[Audio]:
        return (block[None] for block in through(blocks, self._placing.mixer()))

    def joined(self, blocks: Iterator[Audio], dry: Iterator[Audio]) -> Iterator[Audio]:
        return through((block[0] for block in blocks), self._placing.placer(self._rate))
