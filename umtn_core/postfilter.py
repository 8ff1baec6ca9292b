"""The post-filter at run time: takes a decoder's noise out of the audio that it made.

It masks the audio's spectrogram. Frames are weighed by half a sine when they are taken and again
when they are put back, half a frame apart, so that a mask of 1 gives the audio. What is put back is
what the mask takes out, and it is subtracted: above the bins that are masked, nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.errors import Cancelled
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.progress import IsCancelled
from umtn_core.runtime import available_cores, open_session
from umtn_core.stage import Passing
from umtn_core.threads import Work, run_watched

Audio = NDArray[np.float32]
Spectra = NDArray[np.complex64]

#: Makes a mask, float32 (bins, frames), of magnitudes of that form.
Mask = Callable[[NDArray[np.float32]], NDArray[np.float32]]

#: Hops that are filtered in one run: few enough for the memory and to be cancelled soon, so many
#: that what is seen twice, around them, costs little.
BLOCK = 128


class Postfilter:
    """The post-filter of one domain.

    Parameters
    ----------
    graph
        Magnitudes to mask, an ONNX file's contents.
    shape
        The form of its network.
    threads
        The number of threads that share the work; None, one for each core this process may use.
        The audio does not depend on their number.
    """

    def __init__(self, graph: bytes, shape: PostfilterShape, threads: int | None = None):
        self.shape = shape
        self._threads = max(1, threads or available_cores())
        self._session = open_session(graph, threads=1)

    def mask(self, magnitudes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make the mask of magnitudes: float32 (bins, frames) -> the same form."""
        (mask,) = self._session.run(None, {"magnitudes": magnitudes[None]})
        return np.asarray(mask[0], np.float32)

    def __call__(
        self, audio: Audio, *, cancelled: IsCancelled | None = None, block: int = BLOCK
    ) -> Audio:
        """Filter audio.

        Parameters
        ----------
        audio : float32 array (samples,)
            Mono, at the decoders' rate; before and after it is silence.
        cancelled
            Asked about 20 times a second; the blocks begun by then are finished.
        block
            Hops in one run. The audio does not depend on them, but for the last bits.

        Returns
        -------
        float32 array (samples,)
            In time with what came in. Silence stays silence.

        Raises
        ------
        Cancelled
        """
        return masked(audio, self.shape, self.mask, self._threads, cancelled, block)

    def stage(self, samples: int, cancelled: IsCancelled | None = None) -> Masking:
        """Open a stage that filters so many samples as they come."""
        return Masking(self.shape, self.mask, samples, self._threads, cancelled)


def masked(
    audio: Audio,
    shape: PostfilterShape,
    mask: Mask,
    threads: int = 1,
    cancelled: IsCancelled | None = None,
    block: int = BLOCK,
) -> Audio:
    """Mask the spectrogram of audio.

    Parameters
    ----------
    audio : float32 array (samples,)
    shape
        Says how long frames are, how many bins are masked, and how far the mask looks.
    mask
        Called for some frames at a time; at the audio's ends with fewer around them.
    threads, cancelled, block
        What they are for `Postfilter`.

    Returns
    -------
    float32 array (samples,)
    """
    masking = Masking(shape, mask, len(audio), threads, cancelled, block)
    return masking(np.asarray(audio, np.float32))


class Masking:
    """Masks the spectrogram of audio that comes in blocks: a stage, see `masked`.

    Parameters
    ----------
    shape, mask
        What they are for `masked`.
    samples
        The number of samples that come in all.
    threads, cancelled, block
        What they are for `Postfilter`.
    """

    def __init__(
        self,
        shape: PostfilterShape,
        mask: Mask,
        samples: int,
        threads: int = 1,
        cancelled: IsCancelled | None = None,
        block: int = BLOCK,
    ):
        self._shape = shape
        self._mask = mask
        self._samples = samples
        self._hops = -(-samples // shape.hop)
        self._threads = threads
        self._cancelled = cancelled
        self._block = block
        self._done = 0
        self._waiting = Passing()

    def __call__(self, audio: Audio) -> Audio:
        """Take the next block, and give what is complete."""
        self._waiting.add(audio)
        if self._waiting.end >= self._samples:
            return self._made(self._hops)
        # As many at once as there are threads: to wait for less would leave some without work.
        step = self._block * self._threads
        known = self._waiting.end // self._shape.hop - self._shape.reach - 1
        return self._made(max(self._done, known // step * step))

    def rest(self) -> Audio:
        """Give what is left: nothing, once all samples have come."""
        return np.empty(0, np.float32)

    def _made(self, end: int) -> Audio:
        """Filter the hops up to one."""
        hop, start = self._shape.hop, self._done * self._shape.hop
        audio = self._waiting.read(start, min(end * hop, self._samples))
        made = np.empty_like(audio)

        def watch(done: bool) -> None:
            if not done and self._cancelled is not None and self._cancelled():
                raise Cancelled("The translation was cancelled.")

        def filling(first: int) -> Work:
            def fill(stop: Event) -> None:
                if stop.is_set():
                    return
                last = min(first + self._block, end)
                part = slice(first * hop - start, last * hop - start)
                taken = self._taken_out(first, last)
                np.subtract(audio[part], taken[: len(audio[part])], out=made[part])

            return fill

        if end > self._done:
            # Threads share blocks, not the work of one: results would depend on their number.
            run_watched(map(filling, range(self._done, end, self._block)), self._threads, watch)
            self._done = end
            self._waiting.forget((end - self._shape.reach - 1) * hop)
        return made

    def _taken_out(self, first: int, last: int) -> Audio:
        """What the mask takes out of some hops: float32 (samples,).

        Frame k lies over hops k - 1 and k, so a hop needs its own frame and the next one.
        """
        shape = self._shape
        begin, end = max(0, first - shape.reach), min(self._hops + 1, last + 1 + shape.reach)
        before = max(0, begin - 1)
        audio = self._waiting.read(before * shape.hop, min(end * shape.hop, self._samples))
        spectra = frames_of(audio, shape, begin - before, end - before)[:, : shape.bins]
        found = self._mask(magnitudes_of(spectra, shape))
        own = slice(first - begin, last + 1 - begin)
        rest = np.zeros((last + 1 - first, shape.hop + 1), np.complex64)
        np.multiply(spectra[own], 1 - found.T[own], out=rest[:, : shape.bins])
        rows = np.fft.irfft(rest, shape.window).astype(np.float32) * window_of(shape)
        taken: Audio = rows[:-1, shape.hop :] + rows[1:, : shape.hop]
        return taken.reshape(-1)


def frames_of(audio: Audio, shape: PostfilterShape, begin: int, end: int) -> Spectra:
    """Take the spectra of some frames.

    Parameters
    ----------
    audio : float32 array (samples,)
    shape
        Says how long frames are.
    begin, end
        Frames; frame k begins at sample ``(k - 1) * hop``.

    Returns
    -------
    complex64 array (end - begin, hop + 1)
    """
    hop = shape.hop
    part = np.zeros((end - begin + 1) * hop, np.float32)
    start = (begin - 1) * hop
    inside = audio[max(0, start) : start + len(part)]
    part[max(0, -start) :][: len(inside)] = inside
    halves = part.reshape(-1, hop)
    frames = np.concatenate([halves[:-1], halves[1:]], axis=1)
    return np.fft.rfft(frames * window_of(shape)).astype(np.complex64)


def magnitudes_of(spectra: Spectra, shape: PostfilterShape) -> NDArray[np.float32]:
    """Scale spectra as the network sees them: (frames, bins) -> float32 (bins, frames)."""
    return np.ascontiguousarray(np.abs(spectra).T * np.float32(magnitude_scale(shape)))


def window_of(shape: PostfilterShape) -> Audio:
    """Give what frames are weighed by, half a sine: float32 (window,)."""
    return np.sin(np.pi * (np.arange(shape.window) + 0.5) / shape.window).astype(np.float32)


def magnitude_scale(shape: PostfilterShape) -> float:
    """Give the factor by which the spectrum of a sine of amplitude 1 has a magnitude of 1."""
    return 2 / float(window_of(shape).sum())
