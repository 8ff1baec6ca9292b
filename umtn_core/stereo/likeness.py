"""Whether two channels hear one player, and if so how much later one of them hears it.

One player has the same harmonics in both channels at each moment, whatever the places of the
microphones: rooms and reverberation scatter how loud they are by a few decibels from one region of
the spectrum to the next. Two instruments that play the same notes scatter by more than ten, and two
that play other notes by more than twenty. Two that are panned but not all the way scatter less, as
either is heard in both channels; but then the channels agree about phases, and what agrees about
phases and is one player scatters least of all. So both are looked at together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.stage import Passing

Audio = NDArray[np.float32]
Spectra = NDArray[np.complex64]
Powers = NDArray[np.float32]

#: A frame is at least so long, by far longer than any delay that is looked for.
_FRAME_SECONDS = 0.16
#: Frames that are judged together, about six seconds.
_FRAMES = 32
#: From this passage on every second one is looked at.
_ALL_PASSAGES = 60
#: Hertz that are looked at.
_LOWEST, _HIGHEST = 60.0, 8000.0
#: Parts of an octave in which loudness is compared.
_PARTS = 6
#: Bins this far below a frame's loudest, in power, are not looked at.
_BELOW_LOUDEST_BIN = 10**-3.5
#: Frames this far below the loudest so far, in power, are not looked at.
_BELOW_LOUDEST_FRAME = 10**-4.0
#: A channel this far below the other, or below full scale, says nothing, in power.
_BELOW_OTHER, _SILENCE = 10**-4.5, 10**-9.0
#: Louder parts count for more, but not in proportion to their power.
_COMPRESSION = 0.3
#: So many decibels of scatter, and of agreement in parts of 1, make two players. Found with 18
#: instruments of three soundfonts alone and in pairs; see docs/sound.md.
_TWO_PLAYERS_DB, _AGREEMENT_DB = 7.8, 2.5
#: By how much one passage can speak for one player, and for two: two that are heard in a third of
#: the time are two.
_FOR_ONE_DB, _FOR_TWO_DB = -2.0, 6.0
#: What speaks for one player before a sound is heard, in frames times decibels: as much as one
#: frame can speak for two.
_BEFOREHAND = -6.0
#: The longest delay.
_LONGEST_SECONDS = 0.050
#: A delay is one where this share of phases agrees with it, and by this factor more than with
#: any other that is not next to it.
_DELAY_AGREEMENT, _DELAY_CLEARER, _NEXT_SECONDS = 0.2, 1.5, 0.001


@dataclass(frozen=True)
class Delay:
    """By how much one channel is later than another.

    Parameters
    ----------
    samples
        The delay; negative, the channel is earlier. 0 where none is clear.
    sign
        -1 where the channel is turned over.
    agreement
        The share of phases that agree with it, 0 to 1.
    """

    samples: int = 0
    sign: int = 1
    agreement: float = 0.0


class Likeness:
    """Compares channels with one of them, the loudest when sound begins.

    Parameters
    ----------
    channels
        The number of channels.
    sample_rate
        Their rate in hertz.
    """

    def __init__(self, channels: int, sample_rate: int):
        self.first = 0
        self._channels, self._rate = channels, sample_rate
        self._size = 1 << max(4, int(np.ceil(np.log2(_FRAME_SECONDS * sample_rate))))
        frequencies = np.fft.rfftfreq(self._size, 1 / sample_rate)
        lowest = min(_LOWEST, sample_rate / 4)
        used = np.flatnonzero((frequencies >= lowest) & (frequencies < _HIGHEST))
        self._used = slice(used[0], used[-1] + 1)
        part = np.floor(_PARTS * np.log2(frequencies[self._used] / lowest))
        self._parts = np.flatnonzero(np.diff(part, prepend=-1.0))
        window = np.hanning(self._size + 1)[:-1]
        # The sum of a frame's bins is then its power.
        self._window = (window / np.sqrt(self._size * (window**2).sum() / 2)).astype(np.float32)
        self._waiting = Passing()
        self._passages = 0
        self._loudest = 0.0
        self._judged = np.full(channels, _BEFOREHAND)
        self._phases = np.zeros((channels, len(used)), np.complex128)
        self._weights = np.zeros(channels)

    def add(self, block: Audio) -> None:
        """Take in the next block, float32 (channels, n)."""
        self._waiting.add(block)
        size = _FRAMES * self._size
        while self._waiting.end - self._waiting.begin >= size:
            begin = self._waiting.begin
            if self._passages < _ALL_PASSAGES or self._passages % 2 == 0:
                self._look(self._waiting.read(begin, begin + size))
            self._passages += 1
            self._waiting.forget(begin + size)

    def end(self) -> None:
        """Look at what is left, once there are no more blocks."""
        left = self._waiting.end - self._waiting.begin
        if left:
            part = self._waiting.read(self._waiting.begin, self._waiting.end)
            self._look(np.pad(part, ((0, 0), (0, _FRAMES * self._size - left))))
            self._waiting.forget(self._waiting.end)

    def is_one_player(self) -> bool:
        """Tell whether all channels hear one player; where nothing speaks against it, they do."""
        return bool((self._judged <= 0).all())

    def delay(self, channel: int) -> Delay:
        """Find by how much a channel is later than `first`."""
        if channel == self.first or not self._weights[channel]:
            return Delay()
        agreement = self._agreement(self._phases[channel]) / self._weights[channel]
        reach = round(_LONGEST_SECONDS * self._rate)
        lags = np.arange(-reach, reach + 1)
        agreement = agreement[lags]
        best = int(np.abs(agreement).argmax())
        height = float(np.abs(agreement[best]))
        far = np.abs(lags - lags[best]) > _NEXT_SECONDS * self._rate
        clear = height >= _DELAY_CLEARER * np.abs(agreement[far]).max(initial=0.0)
        if height < _DELAY_AGREEMENT or not clear:
            return Delay()
        # The first channel's phases are less by what the second is later.
        return Delay(int(lags[best]), 1 if agreement[best] > 0 else -1, min(1.0, height))

    def _agreement(self, phases: NDArray[np.complex128]) -> NDArray[np.float64]:
        """Sum up phases for every lag, in samples: complex (bins,) -> float (size,)."""
        spectrum = np.zeros(self._size // 2 + 1, np.complex128)
        spectrum[self._used] = phases
        return np.fft.irfft(spectrum, self._size) * (self._size / 2)

    def _look(self, audio: Audio) -> None:
        """Judge a passage of fixed length, (channels, samples)."""
        frames = audio.reshape(self._channels, _FRAMES, self._size) * self._window
        spectra = np.fft.rfft(frames)[..., self._used].astype(np.complex64)
        powers = spectra.real**2 + spectra.imag**2
        loud = powers.sum(axis=2)
        if not self._loudest:
            self.first = int(loud.sum(axis=1).argmax())
        loudest = float(loud.max())
        if loudest <= _SILENCE:
            return
        self._loudest = max(self._loudest, loudest)
        for channel in range(self._channels):
            if channel == self.first:
                continue
            pair = loud[[self.first, channel]]
            both = pair.min(axis=0) > np.maximum(_BELOW_OTHER * pair.max(axis=0), _SILENCE)
            both &= pair.max(axis=0) > _BELOW_LOUDEST_FRAME * self._loudest
            if both.any():
                a, b = spectra[self.first, both], spectra[channel, both]
                pair_powers = powers[[self.first, channel]][:, both] / pair[:, both, None]
                self._compare(channel, a * b.conj(), pair_powers)

    def _compare(self, channel: int, crossed: Spectra, powers: Powers) -> None:
        """Take in frames that sound in both channels.

        Parameters
        ----------
        channel
            The channel that is compared with the first.
        crossed : complex64 array (frames, bins)
            The product of the two spectra, the second conjugated.
        powers : float32 array (2, frames, bins)
            In each channel and frame, 1 in all.
        """
        both = np.sqrt(powers[0] * powers[1])
        weights = both**_COMPRESSION
        weights[both < _BELOW_LOUDEST_BIN * both.max(axis=1, keepdims=True)] = 0.0
        crossed = crossed * (weights / np.maximum(np.abs(crossed), 1e-30))
        phases = crossed.sum(axis=0, dtype=np.complex128)
        weight = float(weights.sum(dtype=np.float64))
        self._phases[channel] += phases.conj()
        self._weights[channel] += weight
        agreement = float(np.abs(self._agreement(phases)).max()) / weight
        margin = self._scatter(powers) + _AGREEMENT_DB * agreement - _TWO_PLAYERS_DB
        self._judged[channel] += len(crossed) * np.clip(margin, _FOR_ONE_DB, _FOR_TWO_DB)

    def _scatter(self, powers: Powers) -> float:
        """Tell by how many decibels parts of the spectrum differ in how they are panned."""
        parts = np.add.reduceat(powers, self._parts, axis=2).astype(np.float64)
        louder = parts.max(axis=0)
        weights = louder**_COMPRESSION
        weights[louder < _BELOW_LOUDEST_BIN * louder.max(axis=1, keepdims=True)] = 0.0
        balance = np.clip(10 * np.log10((parts[0] + 1e-12) / (parts[1] + 1e-12)), -30.0, 30.0)
        middle = (balance * weights).sum(axis=1, keepdims=True) / weights.sum(axis=1, keepdims=True)
        return float(np.sqrt(((balance - middle) ** 2 * weights).sum() / weights.sum()))
