"""The spectral aid: a semitone-spaced log spectrum, and the head that guesses it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from umtn_core.training.settings import SpectralAid

#: Magnitudes below this are silence.
FLOOR = 1e-2
#: Length of the transform; zero padding reads the lowest semitones apart.
TRANSFORM = 4096


class SpectralHead(nn.Sequential):
    """Reads a spectrum off the latent: two 1x1 convolutions.

    It keeps pitch in the latent from the first steps on, long before reconstruction
    alone would have asked for it. Only training uses it.

    Parameters
    ----------
    latent_channels
        Width of the latent.
    settings
        Width of the head and number of bands.
    """

    def __init__(self, latent_channels: int, settings: SpectralAid):
        super().__init__(
            nn.Conv1d(latent_channels, settings.channels, 1),
            nn.ReLU(),
            nn.Conv1d(settings.channels, settings.bands, 1),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Tensor[B x latent_channels x F] -> Tensor[B x bands x F]."""
        return super().forward(latents)  # type: ignore[no-untyped-call]  # PyTorch leaves it so


def semitone_spectrum(
    audio: NDArray[np.float32],
    first: int,
    frames: int,
    hop: int,
    sample_rate: int,
    settings: SpectralAid,
) -> NDArray[np.float32]:
    """Log magnitudes in bands a semitone wide, one column a latent frame.

    Parameters
    ----------
    audio : float32 array, shape (samples,)
        Beyond its ends is silence.
    first, frames, hop
        First sample of the first frame, number of frames, samples a frame.
    sample_rate
        In samples a second.
    settings
        Bands and window.

    Returns
    -------
    float32 array, shape (bands, frames)
    """
    window = settings.window
    padded = np.pad(audio, window)
    starts = first + window + hop // 2 - window // 2 + hop * np.arange(frames)
    pieces = padded[starts[:, None] + np.arange(window)] * _window(window)
    magnitudes = np.abs(np.fft.rfft(pieces, TRANSFORM)).astype(np.float32)
    bank = _filter_bank(sample_rate, settings.lowest_pitch, settings.bands)
    # By PyTorch, which keeps to one thread in a loader; NumPy's would fight over the cores.
    energy = (torch.from_numpy(magnitudes) @ torch.from_numpy(bank).T).numpy()
    return np.log10(energy + FLOOR).T.astype(np.float32)


@lru_cache(maxsize=4)
def _window(length: int) -> NDArray[np.float32]:
    return np.hanning(length).astype(np.float32)


@lru_cache(maxsize=4)
def _filter_bank(sample_rate: int, lowest: float, bands: int) -> NDArray[np.float32]:
    """Triangles two semitones wide at their feet, each of unit sum: (bands, bins)."""
    frequencies = np.arange(TRANSFORM // 2 + 1) * sample_rate / TRANSFORM
    bank = np.zeros((bands, len(frequencies)), np.float32)
    for band in range(bands):
        centre = 440.0 * 2 ** ((lowest + band - 69) / 12)
        low, high = centre * 2 ** (-1 / 12), centre * 2 ** (1 / 12)
        rise = (frequencies - low) / (centre - low)
        fall = (high - frequencies) / (high - centre)
        bank[band] = np.clip(np.minimum(rise, fall), 0, None)
        bank[band] /= bank[band].sum() or 1.0
    return bank
