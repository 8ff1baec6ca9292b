"""The step graph on ONNX Runtime, with its state on the device that runs it."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Sequence
from threading import Event, Lock

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.bundle.ring_graph import with_rings
from umtn_core.companding import LEVELS
from umtn_core.decode.conditioner import Conditioner
from umtn_core.decode.engine import Engine, Stepper
from umtn_core.decode.onnx.device_rings import DeviceRings
from umtn_core.decode.onnx.onnx_engine import FEWEST_ROWS
from umtn_core.decode.sampling import Sampling, draw_bands
from umtn_core.errors import UmtnError
from umtn_core.runtime import Device, open_session
from umtn_core.shape import NetworkShape


class OnnxDeviceEngine(Engine):
    """Steps the decoder graph of one domain, ring buffers kept beside it on the device.

    One batch is advanced at a time: a device has one queue of work, and a recorded CUDA graph
    must not run twice at once.

    Parameters
    ----------
    bundle
        The model.
    domain
        Whose decoder.
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
    threads = 1

    def __init__(
        self, bundle: Bundle, domain: str, device: Device = "cuda", *, captured: bool = True
    ):
        self.shape: NetworkShape = bundle.shape
        self.fingerprint = bundle.decoder_fingerprint(domain)
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
        self._conditioner = Conditioner(bundle, domain)
        self._recordings = itertools.count(1)
        self._idle: list[DeviceRings] = []
        self._lock = Lock()

    def condition(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine.condition`."""
        return self._conditioner(latents)

    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> OnnxDeviceStepper:
        """See `Engine.stepper`."""
        memory = self._memory(max(streams, FEWEST_ROWS))
        stepper = OnnxDeviceStepper(memory, self.shape.bands, streams, sampling)
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


class OnnxDeviceStepper(Stepper):
    """Streams advanced by repeated runs of a session on the device's memory."""

    def __init__(self, memory: DeviceRings, bands: int, streams: int, sampling: Sampling):
        self._memory = memory
        self._bands = bands
        self._streams = streams
        self._sampling = sampling
        self._time = 0
        self._conditioning: NDArray[np.float32] | None = None

    def load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        """See `Stepper.load`."""
        self._time = time
        self._memory.codes[...] = 0
        self._memory.codes[: self._streams] = recent
        self._memory.fill(time, rings)

    def store(self, rings: Sequence[NDArray[np.float32]]) -> None:
        """See `Stepper.store`."""
        self._memory.fetch(self._time, rings)

    def steps(
        self,
        conditioning: NDArray[np.float32],
        uniforms: NDArray[np.float32],
        codes: NDArray[np.uint8],
        stop: Event,
    ) -> int:
        """See `Stepper.steps`."""
        self._condition(conditioning)
        made, logits = 0, np.zeros((0, self._bands, LEVELS), np.float32)
        while made < codes.shape[1] and not stop.is_set():
            step = slice(made, made + self._bands)
            logits = self._advance()
            codes[:, step] = draw_bands(logits, uniforms[:, step], self._sampling)
            self._append(codes[:, step])
            made = step.stop
        if not np.isfinite(logits).all():
            raise UmtnError("The model's output is not a number: its weights are damaged.")
        return made

    def score(
        self, conditioning: NDArray[np.float32], codes: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """See `Stepper.score`."""
        self._condition(conditioning)
        logits = np.empty((*codes.shape, LEVELS), np.float32)
        for begin in range(0, codes.shape[1], self._bands):
            step = slice(begin, begin + self._bands)
            logits[:, step] = self._advance()
            self._append(codes[:, step])
        return logits

    def _advance(self) -> NDArray[np.float32]:
        """Make one step; returns the logits, (streams, bands, 256)."""
        logits = self._memory.step(self._time)[: self._streams]
        self._time += 1
        return logits.reshape(-1, self._bands, LEVELS)

    def _append(self, newest: NDArray[np.uint8]) -> None:
        codes = self._memory.codes[: self._streams]
        codes[:, : -self._bands] = codes[:, self._bands :]
        codes[:, -self._bands :] = newest

    def _condition(self, conditioning: NDArray[np.float32]) -> None:
        """Send it unless it is there: the array of a latent frame is read-only."""
        if conditioning is not self._conditioning or conditioning.flags.writeable:
            self._memory.condition(conditioning)
            self._conditioning = conditioning
