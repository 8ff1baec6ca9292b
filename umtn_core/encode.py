"""Audio of any length to latents, through a bundle's encoder graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.companding import MU, Companding
from umtn_core.errors import Cancelled
from umtn_core.progress import IsCancelled
from umtn_core.runtime import available_cores, open_session
from umtn_core.shape import NetworkShape

#: Audio encoded in one run: short enough to be cancelled soon, and for the memory, long
#: enough that what is heard twice, around it, costs little.
CHUNK_SECONDS = 1.0


class LatentEncoder:
    """The shared encoder of a bundle.

    Parameters
    ----------
    bundle
        The model.
    threads
        That share the work; None, one for each core this process may use.
    """

    def __init__(self, bundle: Bundle, threads: int | None = None):
        self.shape: NetworkShape = bundle.shape
        self._companding = Companding(bundle.shape.companding)
        self._session = open_session(bundle.encoder, threads=threads or available_cores())

    def encode(
        self, audio: NDArray[np.float32], *, cancelled: IsCancelled | None = None
    ) -> NDArray[np.float32]:
        """Encode audio.

        It is done some seconds at a time, each with as much around it as a latent can
        hear, so the result is that of one go, and the memory that of some seconds.

        Parameters
        ----------
        audio : float32 array (samples,)
            Mono, at the network's sample rate, clipped to [-1, 1].
        cancelled
            Asked before every chunk.

        Returns
        -------
        float32 array (latent_channels, frames)
            A frame for each ``hop`` samples; the last may hear silence at its end.

        Raises
        ------
        Cancelled
        """
        hop = self.shape.hop
        frames = -(-len(audio) // hop)
        reach = -(-self.shape.encoder_reach // hop)
        chunk = max(1, round(CHUNK_SECONDS * self.shape.sample_rate / hop))
        latents = np.empty((self.shape.latent_channels, frames), np.float32)
        for first in range(0, frames, chunk):
            if cancelled is not None and cancelled():
                raise Cancelled("The translation was cancelled.")
            last = min(first + chunk, frames)
            begin, end = max(0, first - reach), min(frames, last + reach)
            codes = self._companding.encode(audio[begin * hop : end * hop])
            padded = heard(codes, (end - begin) * hop)
            (encoded,) = self._session.run(None, {"audio": padded[None]})
            latents[:, first:last] = encoded[0, :, first - begin : last - begin]
        return latents


def heard(codes: NDArray[np.uint8], samples: int) -> NDArray[np.float32]:
    """Scale codes as the encoder hears them, ``code / 255 - 0.5``.

    Parameters
    ----------
    codes : uint8 array (n,)
    samples
        At least n.

    Returns
    -------
    float32 array (samples,)
        Padded with silence.
    """
    padded = np.zeros(samples, np.float32)
    padded[: len(codes)] = codes.astype(np.float32) / np.float32(MU) - np.float32(0.5)
    return padded
