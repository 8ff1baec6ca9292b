"""The planner's estimates beside plans that were timed on a GPU."""

import dataclasses
import json
from collections import defaultdict

import numpy as np
import pytest

from benchmarks.fit_plans import FIELDS, LOGS, errors, factors_of, fitted, lean, planner, read
from tests.umtn_core.decode.driving import small_shape
from umtn_core.decode.cuda.plan_cost import COSTS
from umtn_core.shape import PRESETS

#: What is lost where the planner takes another plan than the fastest.
LOST = 0.1


@pytest.fixture
def h100(emulated_device):
    return emulated_device(multiprocessors=132, shared_bytes=232_448, clusters=True)


@pytest.fixture
def timed(h100):
    return read(sorted(LOGS.glob("*.jsonl")), h100)


def told_apart(plan):
    """A plan without its kernel: one of a kind that nobody has timed counts as what it replaces."""
    return tuple(getattr(plan, name) for name in FIELDS if name != "kernel")


def test_the_fastest_of_the_plans_that_were_timed_are_chosen(h100, timed):
    together = defaultdict(list)
    for row in timed:
        together[row.key].append(row)
    assert len(together) > 20
    known = 0
    for (shape, precision, streams), rows in together.items():
        fastest = min(row.cycles for row in rows)
        likeliest = min(rows, key=lambda row: row.plan.cycles)
        assert likeliest.cycles <= (1 + LOST) * fastest, (shape, precision, streams)
        best = planner(PRESETS[shape], precision, h100).best(streams)
        measured = [row.cycles for row in rows if told_apart(row.plan) == told_apart(best)]
        # Of a plan that nobody has timed, it is known only that it was not thought to be slower.
        for cycles in measured or [best.cycles]:
            assert cycles <= (1 + LOST) * fastest, (shape, precision, streams)
        known += bool(measured)
    # Where many plans were timed, those that are chosen are among them.
    assert known > len(together) // 3


def test_estimates_are_near_what_was_measured(timed):
    off = errors(timed, COSTS.vector())
    assert np.sqrt(np.square(off).mean()) < 0.08
    assert np.abs(off).max() < 0.2


@pytest.mark.parametrize("shape", ["paper", "small"])
def test_costs_hold_for_a_shape_that_they_were_not_fitted_to(timed, shape):
    of_others = fitted([row for row in timed if row.key[0] != shape])
    off = errors([row for row in timed if row.key[0] == shape], of_others)
    assert np.sqrt(np.square(off).mean()) < 0.2


def test_costs_are_those_of_the_logs_and_none_is_negative(timed):
    # How plans are laid out in memory may change a little.
    np.testing.assert_allclose(COSTS.vector(), fitted(timed), rtol=0.05)
    assert (COSTS.vector() > 0).all()
    assert COSTS.vector().tolist() == list(dataclasses.astuple(COSTS))


def test_a_step_takes_longer_the_more_there_is_to_do(h100):
    maker = planner(PRESETS["released"], "fp16", h100)
    cycles = [maker.best(streams).cycles for streams in (1, 64, 1024, 3584)]
    assert cycles == sorted(cycles)
    wider = planner(small_shape(residual_channels=128), "fp16", h100).best(8).cycles
    assert planner(small_shape(residual_channels=16), "fp16", h100).best(8).cycles < wider


def test_chips_without_the_newer_units_are_slower_at_products(emulated_device):
    shape = small_shape(residual_channels=64)
    for precision in ("fp32", "fp16", "bf16"):
        old, new = (
            planner(shape, precision, emulated_device(multiprocessors=40, capability=capability))
            for capability in ((7, 5), (8, 0))
        )
        assert old.best(8).cycles > new.best(8).cycles


def test_a_kind_of_kernel_that_is_timed_later_has_its_own_factor(h100, timed):
    maker = planner(PRESETS["released"], "fp16", h100)
    costs = fitted(timed)
    sixteen = [
        dataclasses.replace(row, plan=plan, ways=maker.ways(plan, 3584), cycles=0.7 * plan.cycles)
        for row in timed[:1]
        for plan in maker.plans(3584)
        if plan.kind == "plain 32 16"
    ]
    assert sixteen
    # What it takes says nothing of the others.
    assert np.array_equal(fitted([*timed, *sixteen]), costs)
    factors = factors_of([*timed, *sixteen], COSTS.vector())
    assert factors == {"plain 32 16": pytest.approx(0.7, abs=0.002), "one 8 8": 1.0}


def test_a_report_is_read_as_it_is_kept(h100, tmp_path):
    """As `benchmarks/gpu_plans.py` writes it, with what was begun and what failed."""
    plan = planner(PRESETS["small"], "fp16", h100).best(64)
    about = {"shape": "small", "precision": "fp16", "streams": 64}
    timed = dataclasses.asdict(plan) | about
    timed |= {"cycles": 123_456, "samples_per_second": 800_000, "kernel_us": 80.0}
    lines = [{"begun": "x"}, timed, {"done": "y", "error": "failed"}, timed | {"shape": "tiny"}]
    report, log = tmp_path / "report", tmp_path / "log.jsonl"
    report.write_text("".join(json.dumps(line) + "\n" for line in lines))
    log.write_text("".join(json.dumps(entry) + "\n" for entry in lean([report])))
    for rows in (read([report], h100), read([log], h100)):
        assert [(row.key, row.plan, row.cycles) for row in rows] == [
            (("small", "fp16", 64), plan, 123_456)
        ]
    assert lean([log])[0]["samples_per_second"] == 800_000
