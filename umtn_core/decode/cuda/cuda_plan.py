"""How the streams of a batch are spread over the multiprocessors of a GPU.

The kernel can work in two ways, and in what lies between. *Plain*: each block takes some streams
through all layers and reads the weights through the L2 cache; right on every device. *Pipeline*:
each block keeps the weights of one or more layers in its shared memory and hands the streams on to
the next; only where all blocks are on the device at once.

Which is faster is estimated by counting clock cycles, see `plan_cost.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import LEVELS
from umtn_core.decode.cuda.cuda_weights import TILE, CudaPrecision, padded
from umtn_core.decode.cuda.plan_cost import PlanCost, Spread
from umtn_core.native.cuda.device import Device
from umtn_core.shape import NetworkShape

#: Streams of a group, and warps of a block, of the kernels for plain plans and for pipelines.
PLAIN = ((32, 8), (8, 8), (32, 16))
STAGES = ((32, 8), (8, 8))

#: Channels of a layer whose weights a block of a pipeline can have in registers.
HELD = 128

#: Copies of weights that may be under way at once, see ``Queue`` in `strips.cuh`.
AHEAD = (8, 4, 2, 1)

#: Blocks that hand over to one another within a cluster.
CLUSTER = 8

#: Bytes of messages that should stay in the L2 cache.
MESSAGES = 16 << 20


@dataclass(frozen=True)
class Plan:
    """A way to spread the streams; see ``umtn_cuda_work`` in `work.h` for the fields.

    Attributes
    ----------
    group, warps
        Streams that a block advances together, and its warps.
    shared_bytes
        The size of each block's shared memory.
    cycles
        The clock cycles that a step of all streams is thought to take.
    """

    kernel: str
    group: int
    warps: int
    groups: int
    pipelines: int
    stages: int = 1
    stage_layers: int = 1
    heads: int = 0
    head_parts: int = 1
    logits_bands: int = 1
    slots: int = 1
    clustered: int = 0
    resident_bytes: int = 0
    head_resident_bytes: int = 0
    queue_ahead: int = 0
    rows_at: int = 0
    taps_at: int = 0
    gated_at: int = 0
    residual_at: int = 0
    skip_at: int = 0
    head_at: int = 0
    messages_at: int = 0
    weights_at: int = 0
    head_weights_at: int = 0
    queue_at: int = 0
    workspace_bytes: int = 0
    shared_bytes: int = 0
    cycles: float = 0

    @property
    def blocks(self) -> int:
        """Blocks in all."""
        if self.stages == 1:
            return self.pipelines
        blocks = self.pipelines * (self.stages + self.heads * self.head_parts)
        return -(-blocks // self.clustered) * self.clustered if self.clustered else blocks

    @property
    def kind(self) -> str:
        """The kernel's use, the streams of a group and the warps of a block."""
        return f"{self.kernel.partition('_')[0]} {self.group} {self.warps}"

    @property
    def is_pipeline(self) -> bool:
        """Whether blocks wait for one another."""
        return self.stages > 1


@dataclass(frozen=True)
class _Room:
    """Bytes that a block's numbers take.

    Attributes
    ----------
    rows
        The places in the layers' rings, which come first.
    skips
        The sum of the skips.
    taps, gated
        The layer's inputs at all taps, and its gates' outputs.
    end, head_end
        The ends of all but messages and weights, in a block with layers and in one that only
        makes codes.
    messages
        The messages that come in within a cluster.
    """

    rows: int
    skips: int
    taps: int
    gated: int
    end: int
    head_end: int
    messages: int


class Planner:
    """Finds plans for a model on a device.

    Parameters
    ----------
    shape, precision
        The model's shape and precision.
    device
        The device that it runs on.
    layer_bytes, weights_bytes
        The sizes of one layer's packed weights, and of all together.
    """

    def __init__(
        self,
        shape: NetworkShape,
        precision: CudaPrecision,
        device: Device,
        layer_bytes: int,
        weights_bytes: int,
    ):
        self._shape = shape
        self._precision = precision
        self._device = device
        self._layer_bytes = layer_bytes
        self._weights_bytes = weights_bytes
        self._layers = len(shape.dilations)
        self._r, self._s = padded(shape.residual_channels), padded(shape.skip_channels)
        self._element = 4 if precision == "fp32" else 2
        self._cost = PlanCost(shape, precision, device.capability, layer_bytes)
        self._resident: dict[tuple[str, int, int, int], int] = {}

    def best(self, streams: int) -> Plan:
        """Return the plan that is thought to be fastest."""
        plans = list(self.plans(streams))
        return min(plans, key=lambda plan: plan.cycles)

    def plans(self, streams: int) -> Iterator[Plan]:
        """List the plans that the device can carry out, of which there is always one."""
        found = False
        for group, warps in PLAIN:
            groups = -(-streams // group)
            kernel = f"plain_{self._precision}_{group}_{warps}"
            pipelines = min(groups, self._device.multiprocessors)
            plain = Plan(kernel, group, warps, groups, pipelines, stage_layers=self._layers)
            for bands in self._at_once(self._shape.bands):
                placed = self._placed(replace(plain, logits_bands=bands), streams)
                if placed is not None:
                    found = True
                    yield placed
        for group, warps in STAGES:
            for stage_layers in range(1, self._layers):
                if stage_layers > 1 and stage_layers * self._layer_bytes > (
                    self._device.shared_bytes
                ):
                    break
                for use in self._uses(group, stage_layers):
                    kernel = f"{use}_{self._precision}_{group}_{warps}"
                    one = Plan(kernel, group, warps, -(-streams // group), 1)
                    yield from self._pipelines(one, stage_layers, streams)
        if not found:
            yield self._in_workspace(streams)

    def _uses(self, group: int, stage_layers: int) -> tuple[str, ...]:
        """List the kernels for pipelines, the one that is thought to be faster first."""
        held = group == 8 and stage_layers == 1 and self._r <= HELD and self._precision != "fp32"
        return ("one", "stages") if held else ("stages",)

    def ways(self, plan: Plan, streams: int) -> list[NDArray[np.float64]]:
        """Count the work of one of these plans, see `PlanCost.ways`."""
        return self._cost.ways(self._spread(plan, streams))

    def _at_once(self, bands: int) -> tuple[int, ...]:
        """List how many of a block's bands may have their logits in its memory at once.

        One is enough for large groups, which keep all warps busy; a single stream's bands are
        drawn at the same time only where all are there.
        """
        return (1, bands) if bands > 1 else (1,)

    def _heads(self) -> Iterator[tuple[int, int, int]]:
        """List ``heads``, ``head_parts`` and ``logits_bands`` of pipelines."""
        for heads in (1, 2, 4, 8):
            for parts in (1, 2, 4, 8):
                if parts <= self._shape.bands:
                    for at_once in self._at_once(self._shape.bands // parts):
                        yield heads, parts, at_once

    def _pipelines(self, plan: Plan, stage_layers: int, streams: int) -> Iterator[Plan]:
        stages = -(-self._layers // stage_layers)
        room = self._device.multiprocessors
        for heads, parts, at_once in self._heads():
            for pipelines in range(1, min(plan.groups, room // (stages + heads * parts)) + 1):
                each = -(-plan.groups // pipelines)
                if heads > 1 and heads // 2 >= each:
                    continue  # the same as with half as many
                message = plan.group * (self._r + self._s) * 8
                fit = MESSAGES // (message * stages * pipelines)
                one = replace(
                    plan, stages=stages, stage_layers=stage_layers, heads=min(heads, each),
                    head_parts=parts, logits_bands=at_once, pipelines=pipelines,
                    slots=each if each <= 2 else max(2, min(each, fit)),
                )  # fmt: skip
                candidates = [one]
                if each == 1 and pipelines == 1:
                    candidates.append(replace(one, clustered=CLUSTER))
                for candidate in candidates:
                    placed = self._placed(candidate, streams)
                    if placed is not None and self._fits_at_once(placed):
                        yield placed

    def _fits_at_once(self, plan: Plan) -> bool:
        key = (plan.kernel, plan.shared_bytes, plan.clustered, 32 * plan.warps)
        if key not in self._resident:
            self._resident[key] = self._device.resident_blocks(*key)
        return plan.blocks <= self._resident[key]

    def _placed(self, plan: Plan, streams: int, available: int | None = None) -> Plan | None:
        """Say where everything lies in a block's memory; None if it does not fit."""
        if available is None:
            available = self._device.shared_bytes
        room = self._room(plan)
        own, head_own = self._own_weights(plan)
        left = available - room.end - room.messages
        head_left = available - room.head_end - room.messages
        if min(left, head_left) < 0:
            return None
        ahead, queue = 0, 0
        if plan.stages == 1 and own > left:
            ahead, queue = self._queue(plan, left)
            left -= queue
            head_left -= queue
        resident = min(own, left) // 16 * 16
        head_resident = min(head_own, head_left) // 16 * 16
        placed = replace(
            plan,
            queue_ahead=ahead,
            rows_at=0,
            skip_at=room.rows,
            taps_at=room.skips,
            gated_at=room.skips + room.taps,
            residual_at=room.skips + room.taps + room.gated,
            head_at=room.skips,
            messages_at=room.end,
            weights_at=room.end + room.messages + queue,
            head_weights_at=room.head_end + room.messages + queue,
            queue_at=room.end + room.messages,
            resident_bytes=resident,
            head_resident_bytes=head_resident,
            shared_bytes=room.messages + queue
            + max(room.end + resident, room.head_end + head_resident),
        )  # fmt: skip
        return replace(placed, cycles=self._cost.cycles(self._spread(placed, streams)))

    def _room(self, plan: Plan) -> _Room:
        """Say how much room a block's numbers take."""
        n = plan.group
        # Rows are further apart than they are wide, see ``kPitchMore`` in `product.cuh`.
        more = 16 // self._element
        row = n * (self._r + more) * self._element
        # The sum of the skips stays in a block that has several layers, or all.
        rows = -(-4 * plan.stage_layers // 16) * 16
        sums = n * self._s * 4 if plan.stages == 1 or plan.stage_layers > 1 else 0
        skips = rows + sums
        taps = self._shape.decoder_kernel * row
        layer = taps + row + n * (self._r + 4) * 4
        head = 2 * n * (self._s + more) * self._element
        band = n * (LEVELS + 4) * 4
        head_end = skips + max(layer, head + plan.logits_bands * band)
        return _Room(
            rows=rows,
            skips=skips,
            taps=taps,
            gated=row,
            end=head_end if plan.stages == 1 else skips + max(layer, head + band),
            head_end=head_end,
            messages=plan.slots * n * (self._r + self._s) * 8 if plan.clustered else 0,
        )

    def _queue(self, plan: Plan, room: int) -> tuple[int, int]:
        """Choose how many copies of weights may be under way, and count the queue's bytes.

        None before 8.0, where copies cannot be under way.
        """
        if self._device.capability < (8, 0):
            return 0, 0
        batch = (8 if plan.group == 8 else 4) // (4 if self._element == 4 else 2)
        slot = 16 * batch * TILE * TILE * self._element
        for ahead in AHEAD:
            if (ahead + 1) * slot <= room:
                return ahead, (ahead + 1) * slot
        return 0, 0

    def _own_weights(self, plan: Plan) -> tuple[int, int]:
        """Count the bytes of a block's own weights, and of those of one that only makes codes."""
        if plan.stages == 1:
            return self._weights_bytes, self._weights_bytes
        column = self._s * self._element
        # What there is beside the layers, but for the bands after the first.
        rest = (self._r + self._s + LEVELS) * column
        head_own = (self._s + self._shape.bands * LEVELS // plan.head_parts) * column
        return max(plan.stage_layers * self._layer_bytes, rest), head_own

    def _in_workspace(self, streams: int) -> Plan:
        """Plan for a network too wide for shared memory: everything in device memory."""
        groups = -(-streams // 8)
        blocks = min(groups, self._device.multiprocessors)
        kernel = f"workspace_{self._precision}"
        plan = self._placed(
            Plan(
                kernel, 8, 8, groups, blocks, stage_layers=self._layers,
                logits_bands=self._shape.bands,
            ),
            streams, 1 << 40,
        )  # fmt: skip
        assert plan is not None
        return replace(
            plan, workspace_bytes=plan.weights_at, resident_bytes=0, head_resident_bytes=0,
            queue_ahead=0, shared_bytes=0,
        )  # fmt: skip

    def _spread(self, plan: Plan, streams: int) -> Spread:
        """Say of a plan whose memory is laid out what its cost depends on."""
        own, _ = self._own_weights(plan)
        return Spread(
            kernel=plan.kind,
            streams=streams,
            group=plan.group,
            turns=-(-plan.groups // plan.pipelines),
            stages=plan.stages,
            stage_layers=plan.stage_layers,
            heads=plan.heads,
            bands=self._shape.bands // plan.head_parts,
            logits_bands=plan.logits_bands,
            clustered=plan.clustered > 0,
            held=min(1.0, plan.resident_bytes / own),
            head_held=plan.head_resident_bytes if plan.is_pipeline else 0,
        )
