"""The portable reference engine: a bundle's step graph on ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.companding import LEVELS
from umtn_core.decode.engine import Engine
from umtn_core.decode.onnx.graph_stepper import GraphStepper
from umtn_core.decode.sampling import Sampling
from umtn_core.runtime import available_cores, open_session

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
        The model that the decoder is of.
    domain
        The domain whose decoder it is.
    threads
        The number of batches advanced at once; None, one for each core this process may use.

    Raises
    ------
    UmtnError
        If the bundle has no such domain.
    """

    name = "onnx"

    def __init__(self, bundle: Bundle, domain: str, threads: int | None = None):
        super().__init__(bundle, domain)
        self.threads = max(1, threads or available_cores())
        self.fewest_streams_a_thread = -(-WORTH_A_THREAD // self.shape.multiply_adds)
        self._step = open_session(bundle.decoder(domain))

    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> OnnxStepper:
        """See `Engine.stepper`."""
        return OnnxStepper(self, self._step, streams, sampling)


class OnnxStepper(GraphStepper):
    """Streams advanced by repeated runs of a session, on arrays bound to it once.

    Parameters
    ----------
    engine
        The engine that opens the batch.
    session
        The step graph.
    streams
        The number of streams.
    sampling
        Temperatures and top-p.
    """

    def __init__(
        self, engine: OnnxEngine, session: ort.InferenceSession, streams: int, sampling: Sampling
    ):
        shape = engine.shape
        rows, channels = max(streams, FEWEST_ROWS), shape.residual_channels
        codes = np.zeros((rows, shape.input_codes), np.int64)
        super().__init__(engine, codes[:streams], sampling)
        self._session = session
        self._rings = np.zeros((self._layout.rows, rows, channels), np.float32)
        self._delayed = np.zeros((shape.delayed_taps, rows, channels), np.float32)
        self._conditioning = np.zeros((rows, shape.conditioning_width), np.float32)
        self._binding = session.io_binding()
        self._binding.bind_cpu_input("codes", codes)
        self._binding.bind_cpu_input("delayed", self._delayed)
        self._binding.bind_cpu_input("conditioning", self._conditioning)
        self._logits = self._bind_output("logits", (rows, LEVELS * shape.bands))
        self._columns = self._bind_output("columns", (len(shape.dilations), rows, channels))

    def _load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        self._time = time
        self._recent[...] = recent
        for i, ring in enumerate(rings):
            self._rings[:, i] = ring

    def _store(self, rings: Sequence[NDArray[np.float32] | None]) -> None:
        for i, ring in enumerate(rings):
            if ring is not None:
                ring[...] = self._rings[:, i]

    def _condition(self, conditioning: NDArray[np.float32]) -> None:
        self._conditioning[: self._streams] = conditioning

    def _advance(self) -> NDArray[np.float32]:
        """See `GraphStepper._advance`."""
        rows = self._layout.rows_read(self._time)
        np.take(self._rings, rows.reshape(-1), axis=0, out=self._delayed, mode="clip")
        self._session.run_with_iobinding(self._binding)
        self._rings[rows[:, 0]] = self._columns
        self._time += 1
        return self._logits[: self._streams].reshape(self._streams, self._shape.bands, LEVELS)

    def _bind_output(self, name: str, dims: tuple[int, ...]) -> NDArray[np.float32]:
        """Have an output written into an array that stays the same from run to run."""
        array = np.zeros(dims, np.float32)
        self._binding.bind_output(
            name, "cpu", 0, np.float32, dims, array.__array_interface__["data"][0]
        )
        return array
