"""Audio of any length to latents, through a bundle's encoder graph."""

from __future__ import annotations

from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.companding import MU, Companding
from umtn_core.errors import Cancelled
from umtn_core.progress import IsCancelled
from umtn_core.runtime import available_cores, open_session
from umtn_core.shape import NetworkShape
from umtn_core.threads import Job, run_watched

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
        That share the work; None, one for each core this process may use. The latents do
        not depend on their number.
    """

    def __init__(self, bundle: Bundle, threads: int | None = None):
        self.shape: NetworkShape = bundle.shape
        self._companding = Companding(bundle.shape.companding)
        self._threads = max(1, threads or available_cores())
        # Threads share chunks, not the work of one: results would depend on their number.
        self._session = open_session(bundle.encoder, threads=1)

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
            Asked about 20 times a second; the chunks begun by then are finished.

        Returns
        -------
        float32 array (latent_channels, frames)
            A frame for each ``hop`` samples; the last may hear silence at its end.

        Raises
        ------
        Cancelled
        """
        frames = -(-len(audio) // self.shape.hop)
        chunk = max(1, round(CHUNK_SECONDS * self.shape.sample_rate / self.shape.hop))
        latents = np.empty((self.shape.latent_channels, frames), np.float32)

        def watch(done: bool) -> None:
            if not done and cancelled is not None and cancelled():
                raise Cancelled("The translation was cancelled.")

        def filling(first: int) -> Job:
            def fill(stop: Event) -> None:
                last = min(first + chunk, frames)
                if not stop.is_set():
                    latents[:, first:last] = self._frames(audio, first, last)

            return fill

        run_watched(map(filling, range(0, frames, chunk)), self._threads, watch)
        return latents

    def _frames(self, audio: NDArray[np.float32], first: int, last: int) -> NDArray[np.float32]:
        """Encode some frames, hearing as much around them as they can."""
        hop = self.shape.hop
        reach = -(-self.shape.encoder_reach // hop)
        begin, end = max(0, first - reach), min(-(-len(audio) // hop), last + reach)
        codes = self._companding.encode(audio[begin * hop : end * hop])
        padded = heard(codes, (end - begin) * hop)
        (encoded,) = self._session.run(None, {"audio": padded[None]})
        return np.asarray(encoded[0, :, first - begin : last - begin], np.float32)


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
