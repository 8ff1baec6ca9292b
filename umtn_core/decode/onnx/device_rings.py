"""Everything that a step reads and writes, where a session's device keeps it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from umtn_core.companding import LEVELS
from umtn_core.decode.stream import RingLayout
from umtn_core.errors import UmtnError
from umtn_core.runtime import Device
from umtn_core.shape import NetworkShape

#: Numbers between the starts of two parts of one transfer: 256 bytes, as CUDA aligns.
_ALIGNED = 32


class DeviceRings:
    """The memory of a batch, bound once to a graph of `with_rings`.

    The rings are bound both as what the graph takes and as what it gives, so that a step
    changes a row of each layer in place. A step takes the codes and the numbers of the rows in
    one transfer, and gives the logits in another.

    A layer has one row more here than `RingLayout` gives it, so that the row written is none
    of those read: the first layer's column waits for no tap, and may be written before they
    are read. For the same reason a step that is run several times over gives the same.

    Parameters
    ----------
    session
        The graph's session, opened on the device.
    shape
        The network's shape.
    streams
        The number of streams in the batch.
    device
        The session's device.
    recording
        The name of the CUDA graph to record, a number from 1 on that no other memory has; None,
        run the nodes one by one.

    Attributes
    ----------
    codes : int64 array (streams, input_codes)
        The newest codes, newest last, for the next step to take.

    Raises
    ------
    UmtnError
        If the device has no room.
    """

    def __init__(
        self,
        session: ort.InferenceSession,
        shape: NetworkShape,
        streams: int,
        device: Device,
        recording: int | None = None,
    ):
        self.streams = streams
        self._session = session
        self._shape = shape
        self._device = device
        self._saved = RingLayout.of(shape)
        sizes = self._saved.sizes + 1
        self._layout = RingLayout(
            np.cumsum(sizes) - sizes, sizes, self._saved.delays, self._saved.taps
        )
        starts = self._stage()
        try:
            self._allocate()
        except Exception as error:  # its exceptions share no base class but this
            size = 4 * self._layout.rows * streams * shape.residual_channels >> 20
            raise UmtnError(
                f"The {device.upper()} has no room for the {size} MB that {streams} streams "
                "take; decode fewer at once."
            ) from error
        self._binding = session.io_binding()
        self._bind(starts)
        self._options = ort.RunOptions()
        if recording is not None:
            self._record(recording)

    def _stage(self) -> list[int]:
        """Lay out the whole numbers that go to the device together; returns where each part begins.

        The parts are the codes, the numbers of the rows read, and those of the rows written.
        """
        layers, taps = len(self._shape.dilations), self._layout.taps
        counts = [self.streams * self._shape.input_codes, layers * taps, layers]
        starts = np.cumsum([0, *(-(-count // _ALIGNED) * _ALIGNED for count in counts)])
        self._staged = np.zeros(starts[-1], np.int64)
        codes, read, written = (
            self._staged[at : at + n] for at, n in zip(starts, counts, strict=False)
        )
        self.codes: NDArray[np.int64] = codes.reshape(self.streams, self._shape.input_codes)
        self._rows_read = read.reshape(layers, taps)
        self._rows_written = written
        return [int(start) for start in starts[:-1]]

    def _allocate(self) -> None:
        """Take the device's memory."""
        shape, streams = self._shape, self.streams
        self._numbers = self._allocated([len(self._staged)], np.int64)
        self._rings = self._allocated(
            [self._layout.rows, streams, shape.residual_channels], np.float32
        )
        self._conditioning = self._allocated([streams, shape.conditioning_width], np.float32)
        self._logits = self._allocated([streams, shape.bands * LEVELS], np.float32)

    def _bind(self, starts: Sequence[int]) -> None:
        """Tell the session where everything lies; ``starts`` is what `_stage` returned."""
        layers = len(self._shape.dilations)
        dims = {
            "codes": [self.streams, self._shape.input_codes],
            "rows_read": [layers * self._layout.taps],
            "rows_written": [layers, 1],
        }
        for (name, dim), start in zip(dims.items(), starts, strict=True):
            address = self._numbers.data_ptr() + 8 * start
            self._binding.bind_input(name, self._device, 0, np.int64, dim, address)
        self._binding.bind_ortvalue_input("rings", self._rings)
        self._binding.bind_ortvalue_input("conditioning", self._conditioning)
        self._binding.bind_ortvalue_output("logits", self._logits)
        self._binding.bind_ortvalue_output("rings_after", self._rings)

    def _record(self, recording: int) -> None:
        """Record the step as a CUDA graph, which runs it several times over; from then on once."""
        self._options.add_run_config_entry("gpu_graph_id", str(recording))
        self.fill(0, [])
        self.condition(np.zeros((0, self._shape.conditioning_width), np.float32))
        self.step(0)

    def fill(self, time: int, rings: Sequence[NDArray[np.float32]]) -> None:
        """Take over the first streams' rings, laid out as `Stepper.load` has it; others are zero.

        Parameters
        ----------
        time
            The time of the step that comes next.
        rings : one float32 array (ring rows, residual_channels) a stream
        """
        together = np.zeros(self._rings.shape(), np.float32)
        here, there = _rows_before(time, self._layout), _rows_before(time, self._saved)
        for i, ring in enumerate(rings):
            together[here, i] = ring[there]
        self._rings.update_inplace(together)

    def fetch(self, time: int, rings: Sequence[NDArray[np.float32] | None]) -> None:
        """Write the first streams' rings back, as `fill` takes them; not where there is None."""
        together = self._rings.numpy()
        here, there = _rows_before(time, self._layout), _rows_before(time, self._saved)
        for i, ring in enumerate(rings):
            if ring is not None:
                ring[there] = together[here, i]

    def condition(self, conditioning: NDArray[np.float32]) -> None:
        """Set what is added to the first streams' steps from now on, as `Stepper.steps` has it."""
        together = np.zeros(self._conditioning.shape(), np.float32)
        together[: len(conditioning)] = conditioning
        self._conditioning.update_inplace(together)

    def step(self, time: int) -> NDArray[np.float32]:
        """Make the step at a time from ``codes``.

        Returns the logits, (streams, bands * 256), good until the next step.
        """
        self._rows_read[...] = self._layout.rows_read(time)
        self._rows_written[...] = self._layout.offsets + time % self._layout.sizes
        self._numbers.update_inplace(self._staged)
        self._session.run_with_iobinding(self._binding, self._options)
        logits: NDArray[np.float32] = self._logits.numpy()
        return logits

    def _allocated(self, dims: list[int], element: type[np.generic]) -> ort.OrtValue:
        return ort.OrtValue.ortvalue_from_shape_and_type(dims, element, self._device, 0)


def _rows_before(time: int, layout: RingLayout) -> NDArray[np.int64]:
    """List where each layer's inputs lie that later steps read, oldest first."""
    oldest = layout.delays[:, 0]
    return np.concatenate(
        [
            offset + np.arange(time - many, time) % size
            for offset, size, many in zip(layout.offsets, layout.sizes, oldest, strict=True)
        ]
    )
