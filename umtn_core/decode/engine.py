"""The interface that all decode engines share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.decode.sampling import Sampling
from umtn_core.encode.latent_encoder import EncoderPrecision
from umtn_core.shape import NetworkShape


class Stepper(ABC):
    """A batch of streams that stand at the same time and advance together.

    It holds a copy of their rings while they advance, in whatever form it likes.
    """

    @abstractmethod
    def load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        """Take over the streams' state.

        Parameters
        ----------
        time
            Steps that have been made.
        recent : int64 array (streams, input_codes)
            Newest codes, newest last, those of a step together.
        rings : one float32 array (ring rows, residual_channels) a stream
            Laid out as `umtn_core.decode.stream.RingLayout` says.
        """

    @abstractmethod
    def store(self, rings: Sequence[NDArray[np.float32]]) -> None:
        """Write the streams' rings back, laid out as `load` takes them."""

    @abstractmethod
    def steps(
        self,
        conditioning: NDArray[np.float32],
        uniforms: NDArray[np.float32],
        codes: NDArray[np.uint8],
        stop: Event,
    ) -> int:
        """Make some samples of every stream, all within one latent frame.

        Where a network makes several bands, a step makes a sample of each: ``samples`` is a
        multiple of their number, and the samples of a step stand together.

        Parameters
        ----------
        conditioning : float32 array (streams, conditioning_width)
        uniforms : float32 array (streams, samples)
        codes : uint8 array (streams, samples)
            Filled in.
        stop
            Looked at several times in a tenth of a second; once set, no more are made.

        Returns
        -------
        int
            Samples made of each stream.

        Raises
        ------
        UmtnError
            If the network's output is not a number.
        """

    @abstractmethod
    def score(
        self, conditioning: NDArray[np.float32], codes: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """Logits of codes that are given rather than drawn, within one latent frame.

        Parameters
        ----------
        conditioning : float32 array (streams, conditioning_width)
        codes : uint8 array (streams, samples)

        Returns
        -------
        float32 array (streams, samples, 256)
        """


class Engine(ABC):
    """One domain's decoder, ready to run.

    Attributes
    ----------
    name : str
        How users ask for the engine.
    shape : NetworkShape
    fingerprint : str
        Names the weights: a decode can only be resumed with the same ones.
    precision : str
        Of the products: a decode can only be resumed in the same one.
    threads : int
        How many batches are advanced at once, at most.
    """

    name: str
    precision: str = "fp32"
    shape: NetworkShape
    fingerprint: str
    threads: int

    #: Precision of our own encoder kernels that it is used with; None, ONNX Runtime's encoder.
    encoder_precision: EncoderPrecision | None = None

    #: Streams below which a batch is not worth dividing between threads.
    fewest_streams_a_thread: int = 1

    @property
    def most_streams(self) -> int:
        """Streams in one batch, at most: more are no faster, and wide ones take 33 MB each."""
        return 64

    @abstractmethod
    def condition(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make what latents add to each step.

        Parameters
        ----------
        latents : float32 array (latent_channels, frames)

        Returns
        -------
        float32 array (frames, conditioning_width)
        """

    @abstractmethod
    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> Stepper:
        """Open a batch for so many streams.

        Parameters
        ----------
        streams
            How many.
        sampling
            Temperatures and top-p.
        threads
            That this batch may use; an engine need not use more than one.
        """
