"""Sampling against its own definition, written out slowly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from umtn_core.decode.sampling import Sampling, draw
from umtn_core.errors import UmtnError


def by_definition(logits, u, temperature, top_p):
    """One code, step by step as the module's text says."""
    if temperature == 0:
        return max(range(256), key=lambda c: (logits[c], -c))
    greatest = max(logits)
    weights = [math.exp((x - greatest) / temperature) for x in logits]
    if top_p < 1:
        total, running, nucleus = sum(weights), 0.0, set()
        for code in sorted(range(256), key=lambda c: (-weights[c], c)):
            nucleus.add(code)
            running += weights[code]
            if running >= top_p * total:
                break
        weights = [w if c in nucleus else 0.0 for c, w in enumerate(weights)]
    total, running = sum(weights), 0.0
    for code, weight in enumerate(weights):
        running += weight
        if running > u * total:
            return code
    raise AssertionError("unreachable")


@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.0, 0.5, 3.0, 30.0]),
    temperature=st.sampled_from([0.0, 0.3, 1.0, 2.5]),
    top_p=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
)
def test_drawing_follows_the_definition(seed, spread, temperature, top_p):
    rng = np.random.default_rng(seed)
    logits = (rng.normal(size=(5, 256)) * spread).astype(np.float32)
    numbers = rng.random(5, np.float32)
    numbers[0] = 0
    drawn = draw(logits, numbers, Sampling(0, temperature, top_p))
    expected = [
        by_definition([float(x) for x in row], float(u), temperature, top_p)
        for row, u in zip(logits, numbers, strict=True)
    ]
    assert drawn.tolist() == expected


def test_frequencies_are_the_softmax():
    logits = np.zeros((1, 256), np.float32)
    logits[0, :3] = np.log([1000, 2000, 3000])
    numbers = ((np.arange(20_000) + 0.5) / 20_000).astype(np.float32)
    drawn = draw(np.repeat(logits, 20_000, axis=0), numbers, Sampling())
    share = np.bincount(drawn, minlength=256)[:3] / 20_000
    assert share == pytest.approx(np.array([1000, 2000, 3000]) / 6253, abs=1e-3)


def test_top_p_takes_no_code_outside_the_nucleus():
    logits = np.full((1, 256), -800, np.float32)
    logits[0, [10, 20, 30]] = np.log([0.5, 0.3, 0.2])
    numbers = np.linspace(0, 1, 1000, endpoint=False, dtype=np.float32)
    rows = np.repeat(logits, 1000, axis=0)
    assert set(draw(rows, numbers, Sampling(top_p=0.7))) == {10, 20}
    assert set(draw(rows, numbers, Sampling(top_p=0.4))) == {10}
    assert set(draw(rows, numbers, Sampling(top_p=1.0))) == {10, 20, 30}


def test_the_largest_number_still_finds_a_code():
    numbers = np.full(2, 1 - 2**-24, np.float32)
    logits = np.zeros((2, 256), np.float32)
    logits[1, 100:] = -np.inf
    assert draw(logits, numbers, Sampling()).tolist() == [255, 99]


def test_ties_go_to_the_lowest_code():
    logits = np.zeros((1, 256), np.float32)
    logits[0, [7, 200]] = 3
    assert draw(logits, np.float32([0.9]), Sampling(temperature=0)).tolist() == [7]


@pytest.mark.parametrize(
    "options",
    [{"seed": -1}, {"seed": 2**64}, {"temperature": -0.1}, {"temperature": math.nan},
     {"temperature": math.inf}, {"temperature": 1e-9}, {"top_p": 0.0}, {"top_p": 1.1},
     {"top_p": math.nan}],
)  # fmt: skip
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UmtnError):
        Sampling(**options)
