"""The interface that all decode engines share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.decode.arrays import check_array, check_room
from umtn_core.decode.conditioner import Conditioner
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.decode.uniform import Seeds
from umtn_core.encode.latent_encoder import EncoderPrecision
from umtn_core.errors import UmtnError
from umtn_core.shape import NetworkShape


class Stepper(ABC):
    """A batch of streams that stand at the same time and advance together.

    It holds a copy of their rings while they advance, in whatever form it likes. What all engines
    ask of their arguments is checked here; each engine does the rest by the functions of the same
    names with an underscore.

    Parameters
    ----------
    engine
        The engine that opens the batch.
    streams
        The number of streams.
    """

    def __init__(self, engine: Engine, streams: int):
        self._name = engine.name
        self._shape = engine.shape
        self._streams = streams
        self._layout = RingLayout.of(engine.shape)
        self._entered: NDArray[np.float32] | None = None

    def load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]] | None
    ) -> None:
        """Take over the streams' state.

        Parameters
        ----------
        time
            The number of steps that have been made.
        recent : int64 array (streams, input_codes)
            The newest codes, newest last, those of a step together.
        rings : one float32 array (ring rows, residual_channels) a stream
            The layers' past inputs, laid out as `umtn_core.decode.stream.RingLayout` says; None,
            zeros, as they are before the first step.

        Raises
        ------
        UmtnError
            If the position or an array is not as it should be.
        """
        check_array(self._name, recent, np.int64, (self._streams, self._shape.input_codes))
        if time < 0:
            raise UmtnError(f"A stream cannot be at the position {time}.")
        if rings is None:
            self._begin(time, recent)
            return
        self._check_count(rings)
        for ring in rings:
            check_array(self._name, ring, np.float32, self._ring_dims)
        self._load(time, recent, rings)

    def store(self, rings: Sequence[NDArray[np.float32] | None]) -> None:
        """Write the streams' rings back, laid out as `load` takes them; not where there is None.

        Raises
        ------
        UmtnError
            If an array is not as it should be.
        """
        self._check_count(rings)
        for ring in rings:
            if ring is not None:
                check_room(self._name, ring, np.float32, self._ring_dims)
        self._store(rings)

    def steps(
        self,
        conditioning: NDArray[np.float32],
        uniforms: NDArray[np.float32] | Seeds,
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
            The random numbers; where the engine makes them itself, what they are made of.
        codes : uint8 array (streams, samples)
            The array that is filled in.
        stop
            Looked at several times in a tenth of a second; once set, no more are made.

        Returns
        -------
        int
            Samples made of each stream.

        Raises
        ------
        UmtnError
            If an array is not as it should be, or the network's output is not a number.
        """
        dims = (self._streams, codes.shape[1])
        self._check_work(conditioning, codes)
        if not isinstance(uniforms, Seeds):
            check_array(self._name, uniforms, np.float32, dims)
        check_room(self._name, codes, np.uint8, dims)
        self._enter(conditioning)
        if isinstance(uniforms, Seeds):
            return self._seeded_steps(uniforms, codes, stop)
        return self._steps(uniforms, codes, stop)

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

        Raises
        ------
        UmtnError
            If an array is not as it should be.
        """
        self._check_work(conditioning, codes)
        check_array(self._name, codes, np.uint8, (self._streams, codes.shape[1]))
        self._enter(conditioning)
        return self._score(codes)

    @abstractmethod
    def _load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None: ...

    @abstractmethod
    def _store(self, rings: Sequence[NDArray[np.float32] | None]) -> None: ...

    @abstractmethod
    def _condition(self, conditioning: NDArray[np.float32]) -> None:
        """Take over what is added to all steps from now on."""

    @abstractmethod
    def _steps(
        self, uniforms: NDArray[np.float32], codes: NDArray[np.uint8], stop: Event
    ) -> int: ...

    def _seeded_steps(self, seeds: Seeds, codes: NDArray[np.uint8], stop: Event) -> int:
        """Do as `_steps` with random numbers that are made here."""
        raise UmtnError(f"The engine {self._name} makes no random numbers; give it some.")

    @abstractmethod
    def _score(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]: ...

    def _begin(self, time: int, recent: NDArray[np.int64]) -> None:
        """Take over streams whose rings are zeros."""
        self._load(time, recent, [np.zeros(self._ring_dims, np.float32)] * self._streams)

    def _enter(self, conditioning: NDArray[np.float32]) -> None:
        """Take over a frame's conditioning, unless that is done.

        The array of a latent frame is read-only, so it cannot have changed since the last call.
        """
        if conditioning is not self._entered or conditioning.flags.writeable:
            self._condition(conditioning)
            self._entered = conditioning

    @property
    def _ring_dims(self) -> tuple[int, int]:
        return self._layout.rows, self._shape.residual_channels

    def _check_count(self, rings: Sequence[NDArray[np.float32] | None]) -> None:
        if len(rings) != self._streams:
            raise UmtnError(f"There are {self._streams} streams, but {len(rings)} rings.")

    def _check_work(self, conditioning: NDArray[np.float32], codes: NDArray[np.uint8]) -> None:
        count, bands = codes.shape[1], self._shape.bands
        if count % bands:
            raise UmtnError(f"{count} codes are no whole number of steps of {bands} bands.")
        dims = (self._streams, self._shape.conditioning_width)
        check_array(self._name, conditioning, np.float32, dims)


class Engine(ABC):
    """One domain's decoder, ready to run.

    Parameters
    ----------
    bundle
        The model that the decoder is of.
    domain
        The domain whose decoder it is.

    Attributes
    ----------
    name : str
        How users ask for the engine.
    shape : NetworkShape
    fingerprint : str
        Names the weights: a decode can only be resumed with the same ones.
    precision : str
        The precision of the products: a decode can only be resumed in the same one.
    threads : int
        How many batches are advanced at once, at most.

    Raises
    ------
    UmtnError
        If the bundle has no such domain.
    """

    name: str
    precision: str = "fp32"
    shape: NetworkShape
    fingerprint: str
    threads: int

    #: Precision of our own encoder kernels that it is used with; None, ONNX Runtime's encoder.
    encoder_precision: EncoderPrecision | None = None

    #: Whether the streams' rings lie in a device's memory rather than in the computer's own.
    on_device: bool = False
    #: Whether its steps may be given seeds in place of random numbers.
    makes_uniforms: bool = False

    #: Streams below which a batch is not worth dividing between threads.
    fewest_streams_a_thread: int = 1

    def __init__(self, bundle: Bundle, domain: str):
        self.shape = bundle.shape
        self.fingerprint = bundle.decoder_fingerprint(domain)
        self._conditioner = Conditioner(bundle, domain)

    @property
    def most_streams(self) -> int:
        """Streams in one batch, at most: more are no faster, and wide ones take 33 MB each."""
        return 64

    def condition(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Make what latents add to each step.

        Parameters
        ----------
        latents : float32 array (latent_channels, frames)

        Returns
        -------
        float32 array (frames, conditioning_width)
        """
        return self._conditioner(latents)

    @abstractmethod
    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> Stepper:
        """Open a batch for so many streams.

        Parameters
        ----------
        streams
            The number of streams.
        sampling
            Temperatures and top-p.
        threads
            The number of threads that this batch may use; an engine need not use more than one.
        """


def check_precision(precision: str, known: Sequence[str]) -> None:
    """Refuse a precision that an engine does not have.

    Raises
    ------
    UmtnError
        If it is none of those known.
    """
    if precision not in known:
        raise UmtnError(f"There is no precision {precision!r}; choose one of {', '.join(known)}.")


def damaged_output() -> UmtnError:
    """Make the error of a network whose output is not a number."""
    return UmtnError("The model's output is not a number: its weights are damaged.")
