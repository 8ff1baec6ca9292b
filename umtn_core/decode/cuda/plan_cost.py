"""How long a step takes by a plan, counted in clock cycles.

A step's time is taken to be a sum of a few kinds of work, each done so many times at so many
cycles. The counts follow from the plan; the cycles are fitted to plans that were timed on a GPU, by
`benchmarks/fit_plans.py`. They decide only about speed. Of one band only: what several cost is
worked out by the same figures, and no plan of theirs was timed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import LEVELS
from umtn_core.decode.cuda.cuda_weights import CudaPrecision, padded
from umtn_core.native.cuda.device import THREADS
from umtn_core.shape import NetworkShape

#: Warps of a block that is timed. Blocks of more are thought no faster until they are timed too.
WARPS = THREADS // 32

#: Bytes of streams' data that stay in the L2 cache from one step to the next: an H100's has two
#: halves of 25 MB, and weights take a part. Between 8 and 20 MB it makes little difference.
CACHE = 14 << 20


@dataclass(frozen=True)
class Costs:
    """Clock cycles of each kind of work; the same class counts how often each is done.

    Attributes
    ----------
    before, after
        What a layer takes whatever its size, before and after it needs its newest input.
    half_product, float_product
        A thousand multiply-adds in fp16 or bf16, or in fp32.
    shared_byte
        A byte of weights from shared memory, as NVIDIA documents it.
    half_byte, float_byte
        A byte of weights through the L2 cache, in fp16 or bf16, or in fp32.
    channel, older
        A channel of a stream in a layer: its newest input, gates and outputs; its older inputs and
        conditioning.
    missed
        A byte of a layer's input where older inputs and conditioning are not in the L2 cache, once
        for all streams of a group, whose reads wait together.
    hop, word
        A message, and a number in it.
    cluster_hop, cluster_word
        The same within a cluster.
    head, draw
        What it takes from skips to codes whatever the size, and each code that a warp draws after
        another.
    """

    before: float = 0.0
    after: float = 0.0
    half_product: float = 0.0
    float_product: float = 0.0
    shared_byte: float = 0.0
    half_byte: float = 0.0
    float_byte: float = 0.0
    channel: float = 0.0
    older: float = 0.0
    missed: float = 0.0
    hop: float = 0.0
    word: float = 0.0
    cluster_hop: float = 0.0
    cluster_word: float = 0.0
    head: float = 0.0
    draw: float = 0.0

    def vector(self) -> NDArray[np.float64]:
        """Return all of them in their order."""
        return np.array(
            [
                self.before, self.after, self.half_product, self.float_product, self.shared_byte,
                self.half_byte, self.float_byte, self.channel, self.older, self.missed, self.hop,
                self.word, self.cluster_hop, self.cluster_word, self.head, self.draw,
            ]
        )  # fmt: skip


#: Of one H100, as `benchmarks/fit_plans.py` prints them.
COSTS = Costs(
    before=3720,
    after=1330,
    half_product=2.12,
    float_product=35,
    shared_byte=1 / 128,
    half_byte=0.0416,
    float_byte=0.111,
    channel=1.72,
    older=1.09,
    missed=45,
    hop=2050,
    word=1.04,
    cluster_hop=2510,
    cluster_word=0.486,
    head=5110,
    draw=4260,
)

#: Kernels, by their use, a group's streams and a block's warps, that are not among those which the
#: costs are fitted to, and how many times as long they take; 1 where nobody has timed them.
FACTORS = {"plain 32 16": 1.0, "one 8 8": 1.0}

#: How much slower products are on chips before 8.0, which nobody has timed: half as many units; no
#: bf16 at all, which the kernels then do by hand.
_SLOWER_BEFORE_8 = {"fp32": 2.0, "fp16": 2.5, "bf16": 180.0}

_VECTOR = COSTS.vector()


@dataclass(frozen=True)
class Spread:
    """What a plan's cost depends on.

    Attributes
    ----------
    kernel
        The kernel's kind, as `FACTORS` names it.
    streams
        The number of all streams.
    group, turns
        Streams of a full group, and the groups that follow one another in each pipeline.
    stages, stage_layers
        The blocks with layers of a pipeline, and the layers of each; a single one makes codes too.
    heads, bands, logits_bands
        Groups whose codes are made at the same time, the bands of each block that does so, and
        those whose logits it has at once.
    clustered
        Whether messages go from one shared memory to the next.
    held
        The share of a block's own weights that its shared memory holds.
    head_held
        Bytes of weights that one which only makes codes holds.
    """

    kernel: str
    streams: int
    group: int
    turns: int
    stages: int
    stage_layers: int
    heads: int
    bands: int
    logits_bands: int
    clustered: bool
    held: float
    head_held: int

    @property
    def full(self) -> int:
        """Streams of the fullest group."""
        return min(self.streams, self.group)


class PlanCost:
    """Estimates plans for a model on a device.

    Parameters
    ----------
    shape, precision
        The model's shape and precision.
    capability
        The device's compute capability.
    layer_bytes
        The size of one layer's packed weights.
    """

    def __init__(
        self,
        shape: NetworkShape,
        precision: CudaPrecision,
        capability: tuple[int, int],
        layer_bytes: int,
    ):
        self._layers, self._kernel = len(shape.dilations), shape.decoder_kernel
        self._r, self._s = padded(shape.residual_channels), padded(shape.skip_channels)
        self._element = 4 if precision == "fp32" else 2
        self._layer_bytes = layer_bytes
        self._slower = _SLOWER_BEFORE_8[precision] if capability < (8, 0) else 1.0
        # What a step reads and writes of a stream, beside messages.
        rings = self._layers * self._kernel * self._r * self._element
        self._stream_bytes = 4 * shape.conditioning_width + rings

    def cycles(self, spread: Spread) -> float:
        """Estimate a step of all streams."""
        longest = max(float(way @ _VECTOR) for way in self.ways(spread))
        return longest * FACTORS.get(spread.kernel, 1.0)

    def ways(self, spread: Spread) -> list[NDArray[np.float64]]:
        """Count the work along each way through a step, of which the longest is what it takes.

        Returns
        -------
        list of float64 array
            Each in the order of `Costs`.
        """
        before, after = self._layer(spread)
        head = self._head(spread)
        if spread.stages == 1:
            return [spread.turns * (self._layers * (before + after) + head)]
        hop = self._hop(spread)
        # What a layer does before it needs its input, it does before the message comes.
        stage = spread.stage_layers * (before + after) + hop
        group = spread.stages * (stage - before) + hop + head
        return [group, spread.turns * stage, -(-spread.turns // spread.heads) * (head + hop)]

    def _layer(self, spread: Spread) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Count what a layer of a group does before it needs its newest input, and after."""
        r, s, channels = self._r, self._s, spread.full * self._r
        older, rest = 2 * r * (self._kernel - 1) * r, (3 * r + s) * r
        # The older taps' weights lie last, so they are the first that have no room.
        held = spread.held * self._layer_bytes
        rest_held = min(held, rest * self._element)
        # Conditioning and rings of so many streams do not stay in the L2 cache.
        missing = max(0.0, 1 - CACHE / (spread.streams * self._stream_bytes))
        missed = missing * r * self._element
        before = Costs(before=1.0, older=channels, missed=missed).vector()
        before += self._products(older * spread.group)
        before += self._weights(older * self._element, held - rest_held)
        after = Costs(after=1.0, channel=channels).vector()
        after += self._products(rest * spread.group)
        after += self._weights(rest * self._element, rest_held)
        return before, after

    def _products(self, count: int) -> NDArray[np.float64]:
        thousands = count * self._slower / 1000
        if self._element == 4:
            return Costs(float_product=thousands).vector()
        return Costs(half_product=thousands).vector()

    def _weights(self, size: float, held: float) -> NDArray[np.float64]:
        """Count reading of weights of which so many bytes are in shared memory."""
        if self._element == 4:
            return Costs(shared_byte=held, float_byte=size - held).vector()
        return Costs(shared_byte=held, half_byte=size - held).vector()

    def _hop(self, spread: Spread) -> NDArray[np.float64]:
        words = spread.full * (self._r + self._s)
        if spread.clustered:
            return Costs(cluster_hop=1.0, cluster_word=words).vector()
        return Costs(hop=1.0, word=words).vector()

    def _head(self, spread: Spread) -> NDArray[np.float64]:
        """Count what it takes from a group's skips to its codes."""
        count = (self._s + spread.bands * LEVELS) * self._s
        # A warp draws a code at a time.
        turns = -(-spread.logits_bands * spread.full // WARPS)
        head = Costs(head=1.0, draw=spread.bands // spread.logits_bands * turns).vector()
        size = count * self._element
        held = min(size, spread.head_held)
        return head + self._products(count * spread.group) + self._weights(size, held)
