"""What the cycles of blocks go to, in a build that counts them (`benchmarks/gpu_clocks.py`)."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from benchmarks.gpu_clocks import HEAD, WAITED_FOR, counted, hop, table
from tests.umtn_core.decode.conftest import EmulatedDevice, compile_emulation, emulated_library
from tests.umtn_core.decode.driving import small_shape
from umtn_core.decode.cuda.cuda_engine import PHASES, CudaEngine


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The emulated kernels, built so that they count turns of waiting as if they were cycles."""
    path = tmp_path_factory.mktemp("counting") / "emulation.so"
    compile_emulation(path, "-shared", "-O1", "-DUMTN_CLOCKS")
    return emulated_library(path)


def engine_on(library: Any, random_bundle: Any, pipeline: bool) -> CudaEngine:
    device = EmulatedDevice(library, multiprocessors=16)
    engine = CudaEngine(random_bundle(small_shape(hop=200)), "a", "fp32", device)
    plans = list(engine.planner.plans(1))
    chosen = next(plan for plan in plans if plan.is_pipeline is pipeline)
    engine.planner.best = lambda streams: chosen  # type: ignore[method-assign]
    return engine


def test_blocks_of_a_pipeline_wait_and_others_do_not(counting, random_bundle):
    plan, cycles = counted(engine_on(counting, random_bundle, pipeline=True), 1, 8)
    assert cycles.shape == (plan.blocks, len(PHASES))
    waits = [PHASES.index("arrival"), PHASES.index("skips")]
    # Stages wait for messages, the first for codes in its turn, and the last block for skips.
    assert (cycles[1 : plan.stages, waits[0]] > 0).all()
    assert cycles[0, PHASES.index("turn")] > 0
    assert cycles[-1, waits[1]] > 0
    _, alone = counted(engine_on(counting, random_bundle, pipeline=False), 1, 8)
    assert not alone[:, waits].any()


def test_other_builds_count_nothing(emulation, random_bundle):
    _, cycles = counted(engine_on(emulation, random_bundle, pipeline=True), 1, 8)
    assert not cycles.any()


def test_what_is_left_for_a_hop():
    stages, ends = np.zeros((4, len(PHASES))), np.zeros((1, len(PHASES)))
    for phase, cost in zip(WAITED_FOR, (300, 200, 100), strict=True):
        stages[:, PHASES.index(phase)] = cost
    for phase, cost in zip(HEAD, (50, 60, 90), strict=True):
        ends[:, PHASES.index(phase)] = cost
    step = 4 * 600 + 200 + 5 * 1000
    stages[:, PHASES.index("arrival")] = step - 600
    assert hop(stages, ends) == pytest.approx(1000)


def test_the_table_has_a_line_for_each_kind_of_block(emulation, random_bundle):
    engine = engine_on(emulation, random_bundle, pipeline=True)
    plan = engine.planner.best(1)
    cycles = np.arange(plan.blocks * len(PHASES), dtype=np.float64).reshape(plan.blocks, -1)
    lines = table(plan, cycles)
    assert [line.split("  ")[1] for line in lines[:3]] == ["first stage", "other stages", "codes"]
    assert "a hop" in lines[3]
    assert len(table(dataclasses.replace(plan, groups=2), cycles)) == 3
    plain = next(p for p in engine.planner.plans(1) if not p.is_pipeline)
    assert len(table(plain, cycles[:1])) == 1
