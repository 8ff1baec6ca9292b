import pytest

from benchmarks.fit_plans import Timed, planner
from umtn_core.decode.cuda.cuda_plan import PLAIN, STAGES
from umtn_core.shape import PRESETS


@pytest.fixture
def gpu_plans(monkeypatch):
    # It is a script, and takes others from its own folder.
    monkeypatch.syspath_prepend("benchmarks")
    return pytest.importorskip("gpu_plans")


@pytest.mark.parametrize("streams", [1, 64, 1024, 3584])
def test_every_kind_of_kernel_is_timed_and_named_apart(gpu_plans, streams):
    (work,) = [w for w in gpu_plans.WORKS if w[:3] == ("released", "fp16", streams)]
    plans = planner(PRESETS[work.shape], work.precision, Timed()).plans(streams)
    timed = gpu_plans.kinds(plans, work.plans)
    assert {plan.kind for plan in timed} == {
        "one 8 8", *(f"plain {n} {warps}" for n, warps in PLAIN),
        *(f"stages {n} {warps}" for n, warps in STAGES),
    }  # fmt: skip
    assert len({gpu_plans.describe(plan) for plan in timed}) == len(timed)
    assert [plan.cycles for plan in timed] == sorted(plan.cycles for plan in timed)


def test_the_released_shape_comes_first(gpu_plans):
    first = gpu_plans.WORKS[:4]
    assert {(work.shape, work.precision) for work in first} == {("released", "fp16")}
    assert [work.streams for work in first[:2]] == [1, 3584]
