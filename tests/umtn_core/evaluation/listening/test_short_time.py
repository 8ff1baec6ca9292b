"""The spectrum that several measures begin with."""

import numpy as np
import pytest

from umtn_core.evaluation.listening.short_time import magnitudes


def test_a_tone_stands_in_its_bin_in_every_frame():
    tone = np.sin(2 * np.pi * 20 / 256 * np.arange(4_000))
    found = magnitudes(tone, 256, 100)
    assert found.shape == (40, 129)
    # The last windows look past the end.
    assert (found[2:-2].argmax(axis=1) == 20).all()


@pytest.mark.parametrize(("samples", "frames"), [(0, 1), (1, 1), (100, 1), (101, 2)])
def test_there_is_a_frame_for_every_hop_that_began(samples, frames):
    assert magnitudes(np.zeros(samples), 64, 100).shape == (frames, 33)
