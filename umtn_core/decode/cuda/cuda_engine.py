"""The engine for NVIDIA GPUs: a bundle's decoder on CUDA kernels of our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from threading import Event
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.companding import LEVELS
from umtn_core.decode.arrays import checked
from umtn_core.decode.cuda.cuda_plan import Plan, Planner
from umtn_core.decode.cuda.cuda_weights import (
    CudaPrecision,
    CudaWeights,
    as_elements,
    cuda_weights,
    padded,
)
from umtn_core.decode.engine import Engine, Stepper, check_precision, damaged_output
from umtn_core.decode.patience import Patience
from umtn_core.decode.sampling import Sampling
from umtn_core.decode.stream import RingLayout
from umtn_core.decode.uniform import Seeds
from umtn_core.errors import UmtnError
from umtn_core.native.cuda.device import Device, LaunchRefused, Memory, OutOfDeviceMemory, ffi
from umtn_core.native.cuda.driver import open_device

#: Steps of one launch, at most.
MOST_STEPS = 128

#: Codes of one step, at most.
MOST_BANDS = len(ffi.new("umtn_cuda_work *").temperatures)

#: Clock cycles that one block waits for another before it gives up: about ten seconds.
PATIENCE = 20_000_000_000

#: Bytes behind weights that the kernels may read, and leave unused: less than a batch of a strip's.
BEHIND = 4096

#: Device memory that is left for others, in bytes.
SPARED = 256 << 20

#: What a block's cycles go to, in the order in which they are counted.
PHASES = tuple(
    name.removeprefix("UMTN_").lower()
    for _, name in sorted(ffi.typeof("enum umtn_cuda_phase").elements.items())
    if name != "UMTN_PHASES"
)

#: What random numbers are made of, as `work.h` names it.
_SEEDS = ("seeds", "ids")


class CudaEngine(Engine):
    """Steps one domain's decoder on a GPU.

    Parameters
    ----------
    bundle
        The model that the decoder is of.
    domain
        The domain whose decoder it is.
    precision
        The precision of weights, rings and the factors of products; sums and the residual path
        are float32 always.
    device
        The device to run on; None, the first GPU.

    Raises
    ------
    UmtnError
        If there is no usable GPU or no such domain or precision, the weights are not numbers
        or do not fit the GPU's memory, or there are more bands than the kernels make.
    """

    name = "cuda"
    on_device = True
    makes_uniforms = True

    def __init__(
        self,
        bundle: Bundle,
        domain: str,
        precision: CudaPrecision = "fp32",
        device: Device | None = None,
    ):
        check_precision(precision, get_args(CudaPrecision))
        if bundle.shape.bands > MOST_BANDS:
            raise UmtnError(
                f"The cuda engine makes {MOST_BANDS} bands at most, but this model has "
                f"{bundle.shape.bands}; use another engine."
            )
        super().__init__(bundle, domain)
        # One batch at a time has the whole GPU.
        self.threads = 1
        self.precision = precision
        self._elements: CudaPrecision = precision
        self.encoder_precision = "fp32" if precision == "fp32" else "bf16"
        self.layout = RingLayout.of(self.shape)
        weights = cuda_weights(bundle, domain, precision)
        self.device = open_device() if device is None else device
        self._held = self._uploaded(weights)
        self._sizes = {
            name: getattr(weights, name)
            for name in ("layer_bytes", "first_skip_at", "fc_at", "logits_at")
        }
        self._weights_end = len(weights.strips)
        self.planner = Planner(
            self.shape, precision, self.device, weights.layer_bytes, self._weights_end
        )

    def _uploaded(self, weights: CudaWeights) -> dict[str, Memory]:
        """Bring the weights and the table of layers to the device, by their names in `work.h`."""
        arrays = {"weights": weights.strips, "layers": self._layer_table()} | {
            name: getattr(weights, name)
            for name in ("out_bias", "first", "first_bias", "fc_bias", "logits_bias")
        }
        try:
            held = {name: Memory(self.device, a.nbytes + BEHIND) for name, a in arrays.items()}
        except OutOfDeviceMemory as error:
            raise UmtnError(
                f"The memory of {self.device.name} has no room for this model's "
                f"{len(weights.strips) >> 20} MB of weights; close other programs, or use "
                "another engine."
            ) from error
        for name, array in arrays.items():
            self.device.upload(held[name].address, np.ascontiguousarray(array))
        return held

    def _layer_table(self) -> NDArray[np.uint8]:
        """Describe the layers as ``umtn_cuda_layer`` in `work.h` does, as bytes."""
        dilations = self.shape.dilations
        layers = ffi.new("umtn_cuda_layer[]", len(dilations))
        for i, dilation in enumerate(dilations):
            layers[i].ring_offset = int(self.layout.offsets[i])
            layers[i].ring_size = int(self.layout.sizes[i])
            layers[i].dilation = dilation
            layers[i].last = i + 1 == len(dilations)
        return np.frombuffer(bytes(ffi.buffer(layers)), np.uint8)

    @property
    def ring_bytes(self) -> int:
        """Bytes of one stream's rings on the device."""
        return self.layout.rows * padded(self.shape.residual_channels) * self.element

    @property
    def element(self) -> int:
        """Bytes of a number in rings and conditioning."""
        return 4 if self.precision == "fp32" else 2

    def rounded(self, numbers: NDArray[np.float32]) -> NDArray[Any]:
        """Bring numbers to the precision of rings and conditioning."""
        return as_elements(numbers, self._elements)

    @property
    def most_streams(self) -> int:
        """Streams of one batch that the device has memory for at the moment."""
        shape = self.shape
        staging = self.layout.rows * shape.residual_channels * 4
        # Rings, conditioning, and about as much as messages and numbers on their way take.
        numbers = 8 * MOST_STEPS * shape.bands
        each = self.ring_bytes + self.element * shape.conditioning_width + numbers + 4096
        free = self.device.free_bytes() - staging - SPARED
        return max(1, free // each)

    def stepper(self, streams: int, sampling: Sampling, threads: int = 1) -> CudaStepper:
        """See `Engine.stepper`."""
        if streams < 1:
            raise UmtnError("The cuda engine was called with sizes that it cannot work with.")
        try:
            return CudaStepper(self, streams, sampling)
        except OutOfDeviceMemory as error:
            raise UmtnError(
                f"The memory of {self.device.name} has room for about {self.most_streams} streams "
                f"of this model, not for {streams}; decode fewer at once."
            ) from error

    def describe(self, work: Any, plan: Plan) -> None:
        """Fill in what a launch is told of the model and the plan."""
        shape = self.shape
        for name, memory in self._held.items():
            kind = {"weights": "unsigned char", "layers": "umtn_cuda_layer"}.get(name, "float")
            setattr(work, name, memory.pointer(kind))
        for name, size in self._sizes.items():
            setattr(work, name, size)
        work.weights_end = self._weights_end
        work.layer_count = len(shape.dilations)
        work.kernel = shape.decoder_kernel
        work.residual, work.skip = shape.residual_channels, shape.skip_channels
        work.residual_padded = padded(shape.residual_channels)
        work.skip_padded = padded(shape.skip_channels)
        work.input_kernel = shape.input_kernel
        work.bands = shape.bands
        work.embedding = shape.decoder_input == "embedding"
        work.ring_rows = self.layout.rows
        work.conditioning_width = shape.conditioning_width
        for name, value in asdict(plan).items():
            if name not in ("kernel", "group", "warps", "shared_bytes", "cycles"):
                setattr(work, name, value)


class CudaStepper(Stepper):
    """Streams on the device.

    Parameters
    ----------
    engine
        The engine that has the model.
    streams
        The number of streams.
    sampling
        Temperature and top-p.
    """

    def __init__(self, engine: CudaEngine, streams: int, sampling: Sampling):
        super().__init__(engine, streams)
        self._engine = engine
        self._device = engine.device
        self._patience = Patience()
        self._time = 0
        self._sequence = 0
        self._work = ffi.new("umtn_cuda_work *")
        shape, take, most = engine.shape, self._take, MOST_STEPS * engine.shape.bands
        self._rings = take("rings", "void", streams * engine.ring_bytes)
        self._staging = Memory(self._device, engine.layout.rows * shape.residual_channels * 4)
        self._recent = take("recent", "int", streams * shape.input_codes * 4)
        width = shape.conditioning_width * engine.element
        self._conditioning = take("conditioning", "void", streams * width)
        # Random numbers that are given, or what they are made of here.
        self._uniforms = Memory(self._device, streams * most * 4)
        self._seeds, self._ids = (take(n, "unsigned long long", streams * 8) for n in _SEEDS)
        self._seeded: Seeds | None = None
        self._codes = take("codes", "unsigned char", streams * most)
        self._feedback = take("feedback", "unsigned long long", streams * shape.bands * 8)
        self._failed = take("failed", "int", 8)
        self._work.streams = streams
        self._work.patience = PATIENCE
        for band, temperature in enumerate(sampling.temperatures(shape.bands)):
            self._work.temperatures[band] = temperature
        self._work.top_p = sampling.top_p
        self._follow(engine.planner.best(streams))
        # Columns that fill the rings up to whole tiles are never written.
        self._rings.clear()

    def _load(
        self, time: int, recent: NDArray[np.int64], rings: Sequence[NDArray[np.float32]]
    ) -> None:
        for i, ring in enumerate(rings):
            self._device.upload(self._staging.address, np.ascontiguousarray(ring))
            self._move("load", i)
        self._stand_at(time, recent)

    def _begin(self, time: int, recent: NDArray[np.int64]) -> None:
        self._rings.clear()
        self._stand_at(time, recent)

    def _stand_at(self, time: int, recent: NDArray[np.int64]) -> None:
        """Take over where the streams are, but for their rings."""
        if recent.min() < -1 or recent.max() >= LEVELS:
            raise UmtnError("The cuda engine was called with sizes that it cannot work with.")
        self._device.upload(self._recent.address, np.ascontiguousarray(recent, np.int32))
        self._time = time
        self._forget_messages()

    def _store(self, rings: Sequence[NDArray[np.float32] | None]) -> None:
        for i, ring in enumerate(rings):
            if ring is not None:
                self._move("store", i)
                self._device.download(ring, self._staging.address)

    def _condition(self, conditioning: NDArray[np.float32]) -> None:
        rounded = self._engine.rounded(np.ascontiguousarray(conditioning))
        self._device.upload(self._conditioning.address, rounded)

    def _steps(self, uniforms: NDArray[np.float32], codes: NDArray[np.uint8], stop: Event) -> int:
        self._work.uniforms = self._uniforms.pointer("float")
        return self._draw(codes, stop, uniforms)

    def _seeded_steps(self, seeds: Seeds, codes: NDArray[np.uint8], stop: Event) -> int:
        if seeds is not self._seeded:
            for memory, numbers in ((self._seeds, seeds.seeds), (self._ids, seeds.ids)):
                self._device.upload(memory.address, np.array(numbers, np.uint64))
            self._seeded = seeds
        self._work.uniforms = ffi.NULL
        return self._draw(codes, stop, None)

    def _draw(
        self, codes: NDArray[np.uint8], stop: Event, uniforms: NDArray[np.float32] | None
    ) -> int:
        bands, total = self._shape.bands, codes.shape[1]
        self._work.given = ffi.NULL
        made = 0
        for count in self._patience.runs(total // bands, stop, MOST_STEPS):
            end = made + count * bands
            if uniforms is not None:
                numbers = np.ascontiguousarray(uniforms[:, made:end])
                self._device.upload(self._uniforms.address, numbers)
            self._launch(count)
            drawn = np.empty((self._streams, count * bands), np.uint8)
            self._device.download(drawn, self._codes.address)
            codes[:, made:end] = drawn
            made = end
            self._check_output()
        return made

    def _score(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        logits = np.empty((*codes.shape, LEVELS), np.float32)
        given = Memory(self._device, self._streams * MOST_STEPS)
        made_logits = Memory(self._device, self._streams * MOST_STEPS * LEVELS * 4)
        self._work.given = given.pointer("unsigned char")
        self._work.logits = made_logits.pointer("float")
        # As many codes at a time, whatever the number of bands: their logits are what is large.
        for begin in range(0, codes.shape[1], MOST_STEPS):
            part = np.ascontiguousarray(codes[:, begin : begin + MOST_STEPS])
            self._device.upload(given.address, part)
            self._launch(part.shape[1] // self._shape.bands)
            made = np.empty((*part.shape, LEVELS), np.float32)
            self._device.download(made, made_logits.address)
            self._check_output()
            logits[:, begin : begin + MOST_STEPS] = made
        self._work.given = ffi.NULL
        return logits

    @property
    def plan(self) -> Plan:
        """How the streams are spread."""
        return self._plan

    def count_cycles(self) -> None:
        """Count from now on what the blocks' cycles go to.

        Kernels that were not built with ``UMTN_CLOCKS`` count nothing.
        """
        self._clocks = self._take(
            "clocks", "unsigned long long", 8 * self._plan.blocks * len(PHASES)
        )
        self._clocks.clear()

    def cycles(self) -> NDArray[np.uint64]:
        """Return what was counted since `count_cycles`: uint64 (blocks, `PHASES`)."""
        counted = np.empty((self._plan.blocks, len(PHASES)), np.uint64)
        self._device.download(counted, self._clocks.address)
        return counted

    def _follow(self, plan: Plan) -> None:
        """Take the memory that a plan wants, and describe it to the kernel."""
        self._plan = plan
        self._engine.describe(self._work, plan)
        shape = self._shape
        width = padded(shape.residual_channels) + padded(shape.skip_channels)
        links = plan.pipelines * plan.stages * plan.slots if plan.is_pipeline else 0
        message = links * plan.group * width * 8
        self._messages = self._take("messages", "unsigned long long", message)
        self._credits = self._take("credits", "unsigned", links * plan.head_parts * 4)
        space = plan.workspace_bytes * plan.blocks
        self._workspace = self._take("workspace", "unsigned char", space)
        self._forget_messages()

    def _forget_messages(self) -> None:
        self._sequence = 0
        for memory in (self._messages, self._credits, self._feedback, self._failed):
            memory.clear()

    def _take(self, name: str, kind: str, size: int) -> Memory:
        memory = Memory(self._device, size)
        setattr(self._work, name, memory.pointer(kind))
        return memory

    def _move(self, direction: str, stream: int) -> None:
        rings = ffi.new("umtn_cuda_rings *")
        rings.outside = self._staging.pointer("float")
        rings.inside = ffi.cast("void *", self._rings.address + stream * self._engine.ring_bytes)
        rings.rows = self._layout.rows
        rings.residual = self._shape.residual_channels
        rings.residual_padded = padded(self._shape.residual_channels)
        blocks = 2 * self._device.multiprocessors
        self._device.launch(f"{direction}_{self._engine.precision}", blocks, 0, rings)

    def _launch(self, count: int) -> None:
        work = self._work
        work.time, work.sequence, work.steps = self._time, self._sequence, count
        try:
            self._start()
        except LaunchRefused:
            if not self._plan.clustered:
                raise
            # Nothing has run yet. Messages through the L2 cache do as well, if slower.
            self._follow(self._without_clusters())
            work.sequence = self._sequence
            self._start()
        self._time += count
        self._sequence += count

    def _start(self) -> None:
        plan = self._plan
        self._device.launch(
            plan.kernel, plan.blocks, plan.shared_bytes, self._work,
            together=plan.is_pipeline, cluster=plan.clustered, threads=32 * plan.warps,
        )  # fmt: skip

    def _without_clusters(self) -> Plan:
        plans = self._engine.planner.plans(self._streams)
        return min((p for p in plans if not p.clustered), key=lambda plan: plan.cycles)

    def _check_output(self) -> None:
        failed = np.empty(2, np.int32)
        self._device.download(failed, self._failed.address)
        if failed[1]:
            raise UmtnError(
                f"The kernels on {self._device.name} got stuck: one part waited in vain for "
                "another; use another engine, and report this."
            )
        if failed[0]:
            raise damaged_output()


def drawn(
    device: Device,
    logits: NDArray[np.float32],
    uniforms: NDArray[np.float32],
    sampling: Sampling,
) -> NDArray[np.uint8]:
    """Draw codes of one band as the kernels do; see `umtn_core.decode.sampling.draw`."""
    rows = len(logits)
    held = [
        Memory.of(device, checked("cuda", logits, np.float32, (rows, LEVELS))),
        Memory.of(device, checked("cuda", uniforms, np.float32, (rows,))),
        Memory(device, rows),
        Memory.of(device, np.zeros(1, np.int32)),
    ]
    kinds = ("float", "float", "unsigned char", "int")
    work = ffi.new("umtn_cuda_draw *")
    work.logits, work.uniforms, work.codes, work.failed = (
        memory.pointer(kind) for memory, kind in zip(held, kinds, strict=True)
    )
    work.rows = rows
    work.temperature, work.top_p = sampling.temperature, sampling.top_p
    device.launch("draw_rows", min(rows, device.multiprocessors), 0, work)
    codes = np.empty(rows, np.uint8)
    device.download(codes, held[2].address)
    return codes
