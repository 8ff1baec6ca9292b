"""From a recording to the same music on another instrument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from umtn_core.audio.channels import ChannelMode, Channels
from umtn_core.audio.level import limited, matched, to_reference
from umtn_core.audio.loudness import loudness
from umtn_core.audio.resample import resample
from umtn_core.bundle import Bundle
from umtn_core.companding import Companding
from umtn_core.decode.decode import Decode
from umtn_core.decode.engine import Engine
from umtn_core.decode.engines import open_engine
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import Stream
from umtn_core.encode import LatentEncoder
from umtn_core.errors import UmtnError
from umtn_core.progress import IsCancelled, OnProgress, Progress

Audio = NDArray[np.float32]

#: A network makes audio about as loud as what it was trained on. What is so many decibels
#: quieter is a hum or an offset in place of music, and is not brought up all the way.
LARGEST_SHORTFALL = 20.0


class Translator:
    """Plays recordings on another instrument. Calls like a pedalboard effect.

    Parameters
    ----------
    bundle
        The model: a `Bundle`, the path of one, or the name of an installed one.
    target
        Domain to translate to; may be left out if the model has only one.
    engine
        What decodes, see `umtn_core.decode.engines`.
    seed, temperature, top_p
        See `umtn_core.decode.sampling.Sampling`. The same seed gives the same samples;
        without a temperature it is the model's own.
    mix
        0 gives the input back, 1 the translation only, and between them both.
    channels
        See `umtn_core.audio.channels.ChannelMode`.
    threads
        That decode at once; None, one for each core this process may use.

    Raises
    ------
    UmtnError
        If the model, the target or an option is not valid.
    """

    def __init__(
        self,
        bundle: Bundle | str | Path,
        target: str | None = None,
        *,
        engine: str = "auto",
        seed: int = 0,
        temperature: float | None = None,
        top_p: float = 1.0,
        mix: float = 1.0,
        channels: ChannelMode = "per-channel",
        threads: int | None = None,
    ):
        self.bundle = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
        self.target = _chosen(self.bundle, target)
        if temperature is None:
            temperature = self.bundle.manifest.temperature
        self.sampling = Sampling(seed, temperature, top_p)
        if not 0 <= mix <= 1:
            raise UmtnError(f"The mix must be from 0 (dry) to 1 (wet), not {mix}.")
        Channels(np.zeros((1, 1), np.float32), channels)
        self.mix = mix
        self.channels = channels
        self._companding = Companding(self.bundle.shape.companding)
        self._encoder = LatentEncoder(self.bundle, threads)
        self._engine: Engine = open_engine(engine, self.bundle, self.target, threads)

    def __call__(
        self,
        audio: Audio,
        sample_rate: int,
        *,
        progress: OnProgress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> Audio:
        """Translate a recording.

        Parameters
        ----------
        audio : float32 array (channels, samples) or (samples,)
        sample_rate
            In hertz.
        progress
            Called about 20 times a second with a `umtn_core.progress.Progress`.
        cancelled
            Asked as often; work ends once it says yes.

        Returns
        -------
        float32 array
            Of the input's shape, starting at the same instant and about as loud; its
            peak is at most 1, or the input's if that is higher. Silence stays silence.

        Raises
        ------
        UmtnError
            If the audio has no samples, or some that are not numbers.
        Cancelled
        """
        (translated,) = self.translate_many(
            [(audio, sample_rate)], progress=progress, cancelled=cancelled
        )
        return translated

    def translate_many(
        self,
        pieces: Sequence[tuple[Audio, int]],
        *,
        progress: OnProgress | None = None,
        cancelled: IsCancelled | None = None,
    ) -> list[Audio]:
        """Translate several recordings, decoding them together.

        Each comes out as it would by itself; together they take less time.

        Parameters
        ----------
        pieces
            Audio and sample rate of each, as for a single one.
        progress, cancelled
            For all of them together.

        Returns
        -------
        list of float32 array
        """
        recordings = [_Recording.of(audio, rate, self.channels) for audio, rate in pieces]
        if self.mix == 0:
            return [recording.dry.reshape(recording.shape).copy() for recording in recordings]
        signals = [signal for recording in recordings for signal in recording.signals]
        sounding = [signal for signal in signals if signal.lufs > -np.inf]
        streams = []
        for signal in sounding:
            if progress is not None:
                progress(Progress(0.0))
            streams.append(self._stream(signal, cancelled))
        decode = Decode(self._engine, streams, self.sampling)
        decode.advance(progress=progress, cancelled=cancelled)
        for signal, codes in zip(sounding, decode.codes, strict=True):
            signal.translated = self._finished(signal, codes)
        return [recording.mixed(self.mix) for recording in recordings]

    def _stream(self, signal: _Signal, cancelled: IsCancelled | None) -> Stream:
        """Ask the decoder for one signal."""
        rate = self.bundle.shape.sample_rate
        audio = resample(signal.audio, signal.sample_rate, rate)
        audio = to_reference(audio, rate, self.bundle.manifest.reference_loudness)
        latents = self._encoder.encode(audio, cancelled=cancelled)
        return Stream(latents, len(audio), signal.id)

    def _finished(self, signal: _Signal, codes: NDArray[np.uint8]) -> Audio:
        """Bring decoded codes to the signal's sample rate, length and loudness."""
        audio = self._companding.decode(codes)
        samples = len(signal.audio)
        audio = resample(audio, self.bundle.shape.sample_rate, signal.sample_rate, samples)
        quietest = self.bundle.manifest.reference_loudness - LARGEST_SHORTFALL
        return matched(audio, signal.sample_rate, signal.lufs, quietest)


@dataclass
class _Signal:
    """One mono signal of a recording on its way."""

    audio: Audio
    sample_rate: int
    id: int
    lufs: float
    translated: Audio


@dataclass
class _Recording:
    """A recording, its signals, and how they become channels again."""

    dry: Audio
    sample_rate: int
    shape: tuple[int, ...]
    channels: Channels
    signals: list[_Signal]

    @classmethod
    def of(cls, audio: Audio, sample_rate: int, mode: ChannelMode) -> _Recording:
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
            _Signal(s, sample_rate, i, loudness(s, sample_rate), np.zeros_like(s))
            for i, s in zip(channels.ids, channels.signals, strict=True)
        ]
        return cls(dry, sample_rate, audio.shape, channels, signals)

    def mixed(self, mix: float) -> Audio:
        """Mix dry and wet, in the form the recording came in."""
        wet = self.channels.joined([signal.translated for signal in self.signals])
        wet = limited(wet, self.sample_rate, max(1.0, float(np.abs(self.dry).max())))
        if mix < 1:
            wet = np.float32(1 - mix) * self.dry + np.float32(mix) * wet
        return wet.reshape(self.shape)


def _chosen(bundle: Bundle, target: str | None) -> str:
    if target is None and len(bundle.domains) == 1:
        return bundle.domains[0]
    if target is None:
        raise UmtnError(f"Say what to translate to; the model has {', '.join(bundle.domains)}.")
    if target not in bundle.domains:
        raise UmtnError(
            f"The model {bundle.name} cannot translate to {target!r}; "
            f"it can to {', '.join(bundle.domains)}."
        )
    return target
