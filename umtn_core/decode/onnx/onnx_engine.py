"""The portable reference engine: a bundle's step graph on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.companding import LEVELS
from umtn_core.decode.conditioner import Conditioner
from umtn_core.decode.engine import Engine, Stepper
from umtn_core.decode.sampling import Sampling, draw_bands
from umtn_core.decode.stream import RingLayout
from umtn_core.errors import UmtnError
from umtn_core.runtime import available_cores, open_session
from umtn_core.shape import NetworkShape

#: ONNX Runtime multiplies a single row by other code than several, with other rounding.
#: A second, idle row makes a stream's samples independent of how many there are.
FEWEST_ROWS = 2

#: Multiply-adds a step below which a second thread costs more than it gains: the threads
#: take turns with Python between steps, and a fuller batch is faster than two half empty.
WORTH_A_THREAD = 8_000_000


class OnnxEngine(Engine):
    """Steps the decoder graph of one domain, ring buffers kept outside it.

    One step is far too little work to be divided between threads, so each thread
    advances streams of its own.

    Parameters
    ----------
    bundle
        The model.
    domain
        Whose decoder.
    threads
        Batches advanced at once; None, one for each core this process may use.

    Raises
    ------
    UmtnError
        If the bundle has no such domain.
    """

    name = "onnx"

    def __init__(self, bundle: Bundle, domain: str, threads: int | None = None):
        self.shape: NetworkShape = bundle.shape
        self.fingerprint = bundle.decoder_fingerprint(domain)
        self.threads = max(1, threads or available_cores())
        self.fewest_streams_a_thread = -(-WORTH_A_THREAD // self.shape.multiply_adds)
        self._step = open_session(bundle.decoder(domain))
        self._conditioner = Conditioner(bundle, domain)

    def condition(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.condition`."""
        return self._conditioner(latents)

    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> OnnxStepper:
        """See `Engine.stepper`."""
        return OnnxStepper(self._step, self.shape, streams, sampling)


class OnnxStepper(Stepper):
    """Streams advanced by repeated runs of a session, on arrays bound to it once."""

    def __init__(
        self, session: ort.InferenceSession, shape: NetworkShape, streams: int, sampling: Sampling
    ):
        rows, channels = max(streams, FEWEST_ROWS), shape.residual_channels
        self._session = session
        self._sampling = sampling
        self._streams = streams
        self._layout = RingLayout.of(shape)
        self._time = 0
        self._rings = np.zeros((self._layout.rows, rows, channels), np.float32)
        self._bands = shape.bands
        self._codes = np.zeros((rows, shape.input_codes), np.int64)
        self._delayed = np.zeros((shape.delayed_taps, rows, channels), np.float32)
        self._conditioning = np.zeros((rows, shape.conditioning_width), np.float32)
        self._binding = session.io_binding()
        self._binding.bind_cpu_input("codes", self._codes)
        self._binding.bind_cpu_input("delayed", self._delayed)
        self._binding.bind_cpu_input("conditioning", self._conditioning)
        self._logits = self._bind_output("logits", (rows, LEVELS * shape.bands))
        self._columns = self._bind_output("columns", (len(shape.dilations), rows, channels))

    def load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        """See `Stepper.load`."""
        self._time = time
        self._codes[: self._streams] = recent
        for i, ring in enumerate(rings):
            self._rings[:, i] = ring

    def store(self, rings: Sequence[NDArray[np.float32]]) -> None:
        """See `Stepper.store`."""
        for i, ring in enumerate(rings):
            ring[...] = self._rings[:, i]

    def steps(
        self,
        conditioning: NDArray[np.float32],
        uniforms: NDArray[np.float32],
        codes: NDArray[np.uint8],
        stop: Event,
    ) -> int:
        """See `Stepper.steps`."""
        streams = self._streams
        self._conditioning[:streams] = conditioning
        made = 0
        while made < codes.shape[1] and not stop.is_set():
            step = slice(made, made + self._bands)
            codes[:, step] = draw_bands(self._advance(), uniforms[:, step], self._sampling)
            self._remember(codes[:, step])
            made = step.stop
        if made and not np.isfinite(self._logits[:streams]).all():
            raise UmtnError("The model's output is not a number: its weights are damaged.")
        return made

    def score(
        self, conditioning: NDArray[np.float32], codes: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """See `Stepper.score`."""
        streams = self._streams
        self._conditioning[:streams] = conditioning
        logits = np.empty((*codes.shape, LEVELS), np.float32)
        for begin in range(0, codes.shape[1], self._bands):
            step = slice(begin, begin + self._bands)
            logits[:, step] = self._advance()
            self._remember(codes[:, step])
        return logits

    def _remember(self, codes: NDArray[np.uint8]) -> None:
        """Take the codes of a step, (streams, bands), for the newest."""
        known, bands = self._codes[: self._streams], self._bands
        known[:, :-bands] = known[:, bands:]
        known[:, -bands:] = codes

    def _advance(self) -> NDArray[np.float32]:
        """Run the graph once; returns the logits, (streams, bands, 256)."""
        rows = self._layout.rows_read(self._time)
        np.take(self._rings, rows.reshape(-1), axis=0, out=self._delayed, mode="clip")
        self._session.run_with_iobinding(self._binding)
        self._rings[rows[:, 0]] = self._columns
        self._time += 1
        return self._logits[: self._streams].reshape(self._streams, self._bands, LEVELS)

    def _bind_output(self, name: str, dims: tuple[int, ...]) -> NDArray[np.float32]:
        """Have an output written into an array that stays the same from run to run."""
        array = np.zeros(dims, np.float32)
        self._binding.bind_output(
            name, "cpu", 0, np.float32, dims, array.__array_interface__["data"][0]
        )
        return array
