"""Fit what the planner of the `cuda` engine believes to plans that were timed on a GPU.

Usage: python benchmarks/fit_plans.py [--rows | --lean] [logs]

Reads the logs of `benchmarks/gpu_times/`, or those that are named, and prints the costs for
`umtn_core/decode/cuda/plan_cost.py`, how far estimates are off by them, and how far they are off
for each shape where its rows are left out of the fit. The same logs give the same figures. Logs may
be reports of `benchmarks/gpu_plans.py` as well; with --lean these are only rewritten in the form in
which they are kept.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from umtn_core.companding import LEVELS
from umtn_core.decode.cuda.cuda_plan import Plan, Planner
from umtn_core.decode.cuda.cuda_weights import CudaPrecision, padded
from umtn_core.decode.cuda.plan_cost import COSTS, FACTORS, Costs
from umtn_core.native.cuda.device import Device
from umtn_core.shape import PRESETS, NetworkShape

LOGS = Path(__file__).parent / "gpu_times"

#: A plan, by what tells it from others; a log may leave out what it had no choice of.
FIELDS = (
    "kernel", "group", "warps", "pipelines", "stages", "stage_layers", "heads", "head_parts",
    "logits_bands", "clustered",
)  # fmt: skip

#: Costs that NVIDIA documents.
KNOWN = ("shared_byte",)

#: Where a fit begins: rough guesses, so that it does not depend on what the planner has by now.
START = Costs(
    before=3000, after=1500, half_product=2.5, float_product=50, shared_byte=1 / 128,
    half_byte=0.05, float_byte=0.1, channel=2, older=1, missed=50, hop=3000, word=1,
    cluster_hop=3000, cluster_word=0.5, head=5000, draw=4000,
)  # fmt: skip
#: How strongly costs are held there: those of which no log tells stay.
_HELD = 0.003
#: Refits, each with the ways that are the longest by the fit before.
_ROUNDS = 60


class Timed:
    """The device that was timed, an H100, as far as the planner asks. Nothing runs on it."""

    name = "H100"
    capability = (9, 0)
    multiprocessors = 132
    shared_bytes = 232_448

    def resident_blocks(self, kernel: str, shared: int, cluster: int = 0, threads: int = 0) -> int:
        """See `Device.resident_blocks`."""
        return self.multiprocessors


@dataclass(frozen=True)
class Row:
    """A plan that was timed.

    Attributes
    ----------
    key
        The shape's name, the precision and the number of streams.
    plan
        The planner's plan that was followed.
    ways : list of float64 array
        The work along each way through a step, see `PlanCost.ways`.
    cycles
        Clock cycles of a step, as measured.
    """

    key: tuple[str, CudaPrecision, int]
    plan: Plan
    ways: list[NDArray[np.float64]]
    cycles: float

    def estimate(self, costs: NDArray[np.float64], factors: Mapping[str, float] = FACTORS) -> float:
        """Estimate the cycles by some costs, and by how long kinds of kernels take."""
        return max(float(way @ costs) for way in self.ways) * factors.get(self.plan.kind, 1.0)


def planner(shape: NetworkShape, precision: CudaPrecision, device: Device) -> Planner:
    """Make the planner of a shape without making weights for it."""
    element = 4 if precision == "fp32" else 2
    r, s = padded(shape.residual_channels), padded(shape.skip_channels)
    layer = (2 * r * shape.decoder_kernel + r + s) * r * element
    rest = (s * r + (s + shape.bands * LEVELS) * s) * element
    return Planner(shape, precision, device, layer, len(shape.dilations) * layer + rest)


def read(logs: Sequence[Path], device: Device | None = None) -> list[Row]:
    """Read logs; of a plan that was timed more than once, each time is a row.

    Raises
    ------
    ValueError
        If a log has a plan that this planner does not make.
    """
    device = device or cast(Device, Timed())
    planners: dict[tuple[str, CudaPrecision], Planner] = {}
    found = []
    for entry in lean(logs):
        shape, precision = entry["shape"], entry["precision"]
        if (shape, precision) not in planners:
            planners[shape, precision] = planner(PRESETS[shape], precision, device)
        found.append(_row(entry, planners[shape, precision]))
    return found


def lean(logs: Sequence[Path]) -> list[dict[str, Any]]:
    """Read what logs say of each plan that was timed, of shapes that have names."""
    kept = ("shape", "precision", "streams", *FIELDS, "cycles", "samples_per_second")
    found = []
    for log in logs:
        for entry in map(json.loads, log.read_text(encoding="utf-8").splitlines()):
            # A report tells of what was begun and what failed, too.
            if "cycles" in entry and entry["shape"] in PRESETS:
                found.append({name: entry[name] for name in kept if name in entry})
    return found


def _row(entry: dict[str, Any], maker: Planner) -> Row:
    streams, wanted = entry["streams"], {name: entry[name] for name in FIELDS if name in entry}
    for plan in maker.plans(streams):
        if "kernel" not in wanted and plan.kind in FACTORS:
            continue  # There were none of these when logs did not name them.
        if all(getattr(plan, name) == value for name, value in wanted.items()):
            key = (entry["shape"], entry["precision"], streams)
            return Row(key, plan, maker.ways(plan, streams), entry["cycles"])
    raise ValueError(f"the planner makes no such plan for {streams} streams: {wanted}")


def factors_of(timed: Sequence[Row], costs: NDArray[np.float64]) -> dict[str, float]:
    """Say how much longer kinds of kernels take that have a factor; 1 of those not timed."""
    found = {}
    for kind in FACTORS:
        ratios = [row.cycles / row.estimate(costs, {}) for row in timed if row.plan.kind == kind]
        found[kind] = round(float(np.exp(np.log(ratios).mean())), 3) if ratios else 1.0
    return found


def fitted(timed: Sequence[Row], start: Costs = START) -> NDArray[np.float64]:
    """Fit costs by least squares of the estimates' relative errors, none of them negative.

    Kinds of kernels that have a factor are left out.
    """
    timed = [row for row in timed if row.plan.kind not in FACTORS]
    first = start.vector()
    free = np.array([field.name not in KNOWN for field in fields(Costs)])
    measured = np.array([row.cycles for row in timed])
    # In units of what they were, so that each is held equally.
    held = np.sqrt(_HELD * len(timed))
    hold, holding = held * np.eye(free.sum()), held * np.ones(free.sum())
    costs, best, least = first, first, np.inf
    for _ in range(_ROUNDS):
        longest = np.stack([max(row.ways, key=lambda way: float(way @ costs)) for row in timed])
        shares = longest * first / measured[:, None]
        target = np.concatenate([1 - shares[:, ~free].sum(axis=1), holding])
        factors = np.ones(len(first))
        factors[free], _ = nnls(np.vstack([shares[:, free], hold]), target)
        # Halfway, since which ways are the longest may change to and fro.
        costs = (costs + factors * first) / 2
        error = float(np.square(errors(timed, costs)).mean())
        if error < least:
            best, least = costs, error
    return best


def errors(
    timed: Sequence[Row], costs: NDArray[np.float64], factors: Mapping[str, float] = FACTORS
) -> NDArray[np.float64]:
    """Say how far estimates are off, relative to what was measured."""
    return np.array([row.estimate(costs, factors) / row.cycles - 1 for row in timed])


def spread(off: NDArray[np.float64]) -> str:
    """Say how large errors are."""
    return f"{np.sqrt(np.square(off).mean()):.1%} (at most {np.abs(off).max():.0%})"


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs", nargs="*", type=Path, help="those of benchmarks/gpu_times if none")
    parser.add_argument("--rows", action="store_true", help="print each plan's estimate as well")
    parser.add_argument("--lean", action="store_true", help="rewrite the logs, and do nothing else")
    options = parser.parse_args()
    if options.lean:
        for entry in lean(options.logs):
            print(json.dumps(entry))
        return
    timed = read(options.logs or sorted(LOGS.glob("*.jsonl")))
    costs = fitted(timed)
    print("COSTS = Costs(")
    for field, cost in zip(fields(Costs), costs, strict=True):
        text = "1 / 128" if field.name in KNOWN else f"{float(f'{cost:.3g}'):g}"
        print(f"    {field.name}={text},")
    print(")")
    factors = factors_of(timed, costs)
    print(f"FACTORS = {json.dumps(factors)}")
    print(f"{len(timed)} plans, off by {spread(errors(timed, costs, factors))}")
    print(f"by the costs as they are: {spread(errors(timed, COSTS.vector()))}")
    for shape in sorted({row.key[0] for row in timed}):
        rest = [row for row in timed if row.key[0] != shape]
        left_out = [row for row in timed if row.key[0] == shape]
        if rest:
            off = errors(left_out, fitted(rest))
            print(f"{shape}, fitted without its {len(left_out)}: {spread(off)}")
    if options.rows:
        for row, off in zip(timed, errors(timed, costs), strict=True):
            names = " ".join(f"{name}={getattr(row.plan, name)}" for name in FIELDS)
            print(f"{row.key} {names}: {row.cycles:.0f} cycles, {off:+.0%}")


if __name__ == "__main__":
    main()
