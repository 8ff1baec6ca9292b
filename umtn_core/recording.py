"""A recording taken apart into the mono signals that are translated, and put together again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.channels import ChannelMode, Channels
from umtn_core.audio.level import limited
from umtn_core.audio.loudness import loudness
from umtn_core.errors import UmtnError

Audio = NDArray[np.float32]


@dataclass
class Signal:
    """One mono signal of a recording on its way.

    Parameters
    ----------
    audio : float32 array (samples,)
        The samples as recorded.
    sample_rate
        The rate in hertz.
    id
        Names its random numbers.
    lufs
        Its loudness; minus infinity for silence.
    translated : float32 array (samples,)
        Silence at first.
    """

    audio: Audio
    sample_rate: int
    id: int
    lufs: float
    translated: Audio


@dataclass
class Recording:
    """A recording, its signals, and how they become channels again.

    Parameters
    ----------
    dry : float32 array (channels, samples)
    sample_rate
        The rate in hertz.
    shape
        The shape that the caller's array had.
    channels
        How signals become channels.
    signals
        The signals to be translated.
    """

    dry: Audio
    sample_rate: int
    shape: tuple[int, ...]
    channels: Channels
    signals: list[Signal]

    @classmethod
    def of(cls, audio: Audio, sample_rate: int, mode: ChannelMode) -> Recording:
        """Check a recording and take it apart.

        Raises
        ------
        UmtnError
            If it is not audio, or has no samples, or some that are not numbers.
        """
        audio = np.asarray(audio)
        if not np.issubdtype(audio.dtype, np.floating):
            raise UmtnError(f"Audio must be of type float32, from -1 to 1, not {audio.dtype}.")
        audio = audio.astype(np.float32, copy=False)
        if audio.ndim not in (1, 2):
            raise UmtnError(
                f"Audio must have the form (channels, samples), not {audio.ndim} dimensions."
            )
        if audio.size == 0:
            raise UmtnError("There is no audio to translate: it has no channels or no samples.")
        if not 1 <= sample_rate < np.inf or sample_rate % 1:
            raise UmtnError(f"The sample rate must be a whole number of hertz, not {sample_rate}.")
        if not np.isfinite(audio).all():
            raise UmtnError("The audio has samples that are not numbers (NaN or infinity).")
        dry, sample_rate = np.atleast_2d(audio), int(sample_rate)
        channels = Channels(dry, mode)
        signals = [
            Signal(s, sample_rate, i, loudness(s, sample_rate), np.zeros_like(s))
            for i, s in zip(channels.ids, channels.signals, strict=True)
        ]
        return cls(dry, sample_rate, audio.shape, channels, signals)

    @property
    def sounding(self) -> list[Signal]:
        """The signals that are not silent."""
        return [signal for signal in self.signals if signal.lufs > -np.inf]

    def mixed(self, mix: float) -> Audio:
        """Mix dry and wet, in the form the recording came in."""
        wet = self.channels.joined([signal.translated for signal in self.signals])
        wet = limited(wet, self.sample_rate, max(1.0, float(np.abs(self.dry).max())))
        if mix < 1:
            wet = np.float32(1 - mix) * self.dry + np.float32(mix) * wet
        return wet.reshape(self.shape)
