"""Audio of any length to latents, some of it at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from threading import Event
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import MU, Companding
from umtn_core.errors import Cancelled
from umtn_core.progress import IsCancelled
from umtn_core.rows import Rows
from umtn_core.runtime import available_cores
from umtn_core.shape import NetworkShape
from umtn_core.threads import Work, run_watched

#: Of our own kernels, see `umtn_core.encode.cpu_encoder`.
EncoderPrecision = Literal["fp32", "bf16", "int8"]

#: Audio encoded in one run: short enough to be cancelled soon, and for the memory, long
#: enough that what is heard twice, around it, costs little.
CHUNK_SECONDS = 2.0


class LatentEncoder(ABC):
    """The shared encoder of a model.

    Parameters
    ----------
    shape
        The network's shape.
    threads
        The number of threads that share the work; None, one for each core this process may use.
        The latents do not depend on their number.
    """

    def __init__(self, shape: NetworkShape, threads: int | None = None):
        self.shape = shape
        self._companding = Companding(shape.companding)
        self._threads = max(1, threads or available_cores())

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
        latents = np.empty((frames, self.shape.latent_channels), np.float32)
        self.encode_from(lambda a, b: audio[a:b], len(audio), latents, cancelled=cancelled)
        return np.ascontiguousarray(latents.T)

    def encode_from(
        self,
        read: Callable[[int, int], NDArray[np.float32]],
        samples: int,
        latents: Rows | NDArray[np.float32],
        *,
        cancelled: IsCancelled | None = None,
    ) -> None:
        """Encode audio that is read a stretch at a time.

        Parameters
        ----------
        read
            Gives audio as `encode` takes it, from a sample up to another; called by several
            threads.
        samples
            The number of samples.
        latents : (frames, latent_channels)
            What is filled in, a row for each frame.
        cancelled
            What it is for `encode`.

        Raises
        ------
        Cancelled
        """
        hop = self.shape.hop
        frames = -(-samples // hop)
        chunk = self._chunk(frames)
        reach = -(-self.shape.encoder_reach // hop)

        def watch(done: bool) -> None:
            if not done and cancelled is not None and cancelled():
                raise Cancelled("The translation was cancelled.")

        def filling(first: int) -> Work:
            def fill(stop: Event) -> None:
                if stop.is_set():
                    return
                last = min(first + chunk, frames)
                begin, end = max(0, first - reach), min(frames, last + reach)
                codes = self._companding.encode(read(begin * hop, min(end * hop, samples)))
                sound = heard(codes, (end - begin) * hop)
                latents[first:last] = self.frames(sound, first - begin, last - begin).T

            return fill

        # Threads share chunks, not the work of one: results would depend on their number.
        run_watched(map(filling, range(0, frames, chunk)), self._threads, watch)

    def _chunk(self, frames: int) -> int:
        """Say how many of some frames to encode in one run; the number of threads has no say."""
        return max(1, round(CHUNK_SECONDS * self.shape.sample_rate / self.shape.hop))

    @abstractmethod
    def frames(self, sound: NDArray[np.float32], first: int, last: int) -> NDArray[np.float32]:
        """Encode some frames, hearing as much around them as they can.

        Parameters
        ----------
        sound : float32 array (samples,)
            What `heard` gives, in whole frames.
        first, last
            The first frame, and the one after the last.

        Returns
        -------
        float32 array (latent_channels, last - first)
        """


def heard(codes: NDArray[np.uint8], samples: int) -> NDArray[np.float32]:
    """Scale codes as the encoder hears them, ``code / 255 - 0.5``.

    Parameters
    ----------
    codes : uint8 array (n,)
    samples
        What is heard; at least n samples.

    Returns
    -------
    float32 array (samples,)
        Padded with silence.
    """
    padded = np.zeros(samples, np.float32)
    padded[: len(codes)] = codes.astype(np.float32) / np.float32(MU) - np.float32(0.5)
    return padded
