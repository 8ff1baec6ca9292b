"""Which instrument is it? A classifier that has heard only real renders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from umtn_core.errors import UmtnError
from umtn_core.evaluation.listening.spectra import envelope, mel_spectrum

CLIP_SECONDS = 2.0
_CEPSTRA = 20
#: Signal-to-noise ratios heard while learning, so that hiss is no instrument.
_NOISE_DB = (20.0, 50.0)


class TimbreClassifier:
    """Names the instrument of clips of two seconds, by spectrum alone.

    Its features know neither level nor order in time: means and spreads of cepstra and of
    their changes. It learns from each clip clean and with some noise. It must choose one
    of its instruments, so mere noise is given a name too: judge with
    `umtn_core.evaluation.listening.spectra.envelope_distance` beside it.

    Parameters
    ----------
    recordings
        The real audio to learn from: for each instrument, float arrays (samples,).
    sample_rate
        The samples a second of all audio, here and later.

    Raises
    ------
    UmtnError
        If scikit-learn is not installed, or there are not two instruments with a
        sounding clip each.
    """

    def __init__(
        self, recordings: Mapping[str, Sequence[ArrayLike]], sample_rate: int = 16_000
    ) -> None:
        try:
            from sklearn.linear_model import LogisticRegression
            from sklearn.pipeline import make_pipeline
            from sklearn.preprocessing import StandardScaler
        except ImportError:
            raise UmtnError(
                "The instrument classifier needs scikit-learn: run `pip install 'umtn[evaluate]'`."
            ) from None
        self.sample_rate = sample_rate
        self.domains = tuple(sorted(recordings))
        self.envelopes: dict[str, NDArray[np.float64]] = {}
        random = np.random.default_rng(0)
        rows, names = [], []
        for domain in self.domains:
            clips = [c for audio in recordings[domain] for c in sounding_clips(audio, sample_rate)]
            if not clips:
                raise UmtnError(f"There is no sounding clip of {domain} to learn its timbre from.")
            for version in (clips, [_with_noise(clip, random) for clip in clips]):
                rows += [_features(clip, sample_rate) for clip in version]
                names += [domain] * len(version)
            self.envelopes[domain] = np.mean([envelope(c, sample_rate) for c in clips], axis=0)
        if len(self.domains) < 2:
            raise UmtnError("Telling instruments apart takes at least two of them.")
        self._model = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced")
        )
        self._model.fit(np.array(rows), names)

    def probabilities(self, samples: ArrayLike) -> NDArray[np.float64]:
        """Probability of each of ``domains`` for each sounding clip: (clips, domains)."""
        clips = sounding_clips(samples, self.sample_rate)
        if not clips:
            return np.zeros((0, len(self.domains)))
        rows = np.array([_features(clip, self.sample_rate) for clip in clips])
        return np.asarray(self._model.predict_proba(rows))


def sounding_clips(
    samples: ArrayLike, sample_rate: int = 16_000, seconds: float = CLIP_SECONDS
) -> list[NDArray[np.float64]]:
    """Cut a recording into whole clips, leaving out those that are mostly silence.

    A recording shorter than a clip is one clip.
    """
    audio = np.asarray(samples, np.float64)
    length = min(round(seconds * sample_rate), len(audio))
    if not length:
        return []
    clips = audio[: len(audio) // length * length].reshape(-1, length)
    level = np.sqrt((clips**2).mean(axis=1))
    return list(clips[level > max(0.1 * level.max(), 1e-4)])


def _features(clip: NDArray[np.float64], sample_rate: int) -> NDArray[np.float64]:
    from scipy.fft import dct

    spectrum = mel_spectrum(clip, sample_rate)
    cepstra = dct(spectrum, axis=1, norm="ortho")[:, 1 : _CEPSTRA + 1]
    changes = np.abs(np.diff(cepstra, axis=0)) if len(cepstra) > 1 else np.zeros_like(cepstra)
    return np.concatenate([cepstra.mean(axis=0), cepstra.std(axis=0), changes.mean(axis=0)])


def _with_noise(clip: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    level = np.sqrt(np.mean(clip**2)) * 10 ** (-random.uniform(*_NOISE_DB) / 20)
    return clip + random.normal(0.0, level, clip.shape)
