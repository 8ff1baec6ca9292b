import numpy as np
import pytest

from umtn_core.bundle import Bundle
from umtn_core.evaluation.blending import WEIGHTS, Blend, blend
from umtn_core.evaluation.listening.heard import RATE, Heard
from umtn_core.evaluation.material.held_out import HeldOutPiece
from umtn_core.evaluation.settings import EvaluationSettings


def tone(hertz, seconds=1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return Heard(sum(0.2 / h * np.sin(2 * np.pi * h * hertz * time) for h in (1, 2, 3)))


def test_the_figures_say_whose_melody_is_heard():
    low, high = tone(300.0), tone(450.0)
    mixtures = (low, low, tone(620.0), high, high)
    found = Blend("a", "b", ("x", "y"), (low, high), mixtures).figures()
    assert found["weights"] == list(WEIGHTS)
    assert found["first"] == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert found["second"] == [0.0, 0.0, 0.0, 1.0, 1.0]


@pytest.fixture
def pieces():
    return tuple(
        HeldOutPiece(name, [], {"flute": tone(hertz, seconds)})
        for name, hertz, seconds in (("x", 300.0, 0.3), ("y", 450.0, 0.2))
    )


def test_the_ends_are_each_input_alone(tiny_bundle, pieces):
    settings = EvaluationSettings(threads=1, temperature=0.0)
    bundle = Bundle.open(tiny_bundle)
    stages = []

    def made(*two):
        return blend(
            bundle, "flute", "violin", two, settings, lambda stage, _: stages.append(stage)
        )

    both = made(*pieces)
    # Without chance, a weight of nothing is as if the other were not there.
    short = HeldOutPiece(
        "x", [], {"flute": Heard(pieces[0].renders["flute"].samples[: round(0.2 * RATE)])}
    )
    first, second = made(short, short), made(pieces[1], pieces[1])
    assert len(both.mixtures) == len(WEIGHTS)
    assert all(len(heard.samples) == round(0.2 * RATE) for heard in both.mixtures)
    np.testing.assert_array_equal(both.mixtures[0].samples, first.mixtures[2].samples)
    np.testing.assert_array_equal(both.mixtures[-1].samples, second.mixtures[2].samples)
    assert set(stages) == {"blending on the violin"}
