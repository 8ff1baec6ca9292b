"""The step graph on ONNX Runtime, with its state on the device that runs it."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.bundle.ring_graph import with_rings
from umtn_core.companding import LEVELS
from umtn_core.decode.engine import Engine
from umtn_core.decode.onnx.device_rings import DeviceRings
from umtn_core.decode.onnx.graph_stepper import GraphStepper
from umtn_core.decode.onnx.onnx_engine import FEWEST_ROWS
from umtn_core.decode.sampling import Sampling
from umtn_core.errors import UmtnError
from umtn_core.runtime import Device, open_session


class OnnxDeviceEngine(Engine):
    """Steps the decoder graph of one domain, ring buffers kept beside it on the device.

    One batch is advanced at a time: a device has one queue of work, and a recorded CUDA graph
    must not run twice at once.

    Parameters
    ----------
    bundle
        The model that the decoder is of.
    domain
        The domain whose decoder it is.
    device
        ``cuda``, where samples may depend on the number of streams, since its libraries choose
        their arithmetic by it; ``cpu`` does the same in the computer's own memory.
    captured
        Whether to repeat steps as CUDA graphs where ONNX Runtime can.

    Attributes
    ----------
    captured : bool
        Whether it does.

    Raises
    ------
    UmtnError
        If the bundle has no such domain, or the device cannot be used.
    """

    name = "onnx-cuda"
    on_device = True
    threads = 1

    def __init__(
        self, bundle: Bundle, domain: str, device: Device = "cuda", *, captured: bool = True
    ):
        super().__init__(bundle, domain)
        self._device: Device = device
        graph = with_rings(bundle.decoder(domain))
        self.captured = captured and device == "cuda"
        try:
            self._session = open_session(graph, device=device, captured=self.captured)
        except UmtnError:
            if not self.captured:
                raise
            # It records nothing of which it runs a part on the processor.
            self.captured = False
            self._session = open_session(graph, device=device)
        self._recordings = itertools.count(1)
        self._idle: list[DeviceRings] = []
        self._lock = Lock()

    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> OnnxDeviceStepper:
        """See `Engine.stepper`."""
        memory = self._memory(max(streams, FEWEST_ROWS))
        stepper = OnnxDeviceStepper(self, memory, streams, sampling)
        # A decode in many short pieces would record as many graphs, which are never forgotten.
        weakref.finalize(stepper, self._idle.append, memory)
        return stepper

    def _memory(self, streams: int) -> DeviceRings:
        """Take the memory that a batch of as many has given back, or new."""
        with self._lock:
            while self._idle:
                memory = self._idle.pop()
                if memory.streams == streams:
                    return memory
        recording = next(self._recordings) if self.captured else None
        return DeviceRings(self._session, self.shape, streams, self._device, recording)


class OnnxDeviceStepper(GraphStepper):
    """Streams advanced by repeated runs of a session on the device's memory.

    Parameters
    ----------
    engine
        The engine that opens the batch.
    memory
        Everything that a step reads and writes, for as many streams or more.
    streams
        The number of streams.
    sampling
        Temperatures and top-p.
    """

    def __init__(
        self, engine: OnnxDeviceEngine, memory: DeviceRings, streams: int, sampling: Sampling
    ):
        super().__init__(engine, memory.codes[:streams], sampling)
        self._memory = memory

    def _load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        self._time = time
        self._memory.codes[...] = 0
        self._recent[...] = recent
        self._memory.fill(time, rings)

    def _store(self, rings: Sequence[NDArray[np.float32] | None]) -> None:
        self._memory.fetch(self._time, rings)

    def _condition(self, conditioning: NDArray[np.float32]) -> None:
        self._memory.condition(conditioning)

    def _advance(self) -> NDArray[np.float32]:
        """See `GraphStepper._advance`."""
        logits = self._memory.step(self._time)[: self._streams]
        self._time += 1
        return logits.reshape(-1, self._shape.bands, LEVELS)
