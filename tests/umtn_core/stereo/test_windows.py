from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.umtn_core.stereo.streaming import sent
from umtn_core.stereo.windows import Windows


def summed(number: int, window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each sample with the three before and the two behind it, and the chunk's number."""
    made = np.convolve(window, np.ones(6, np.float32), mode="valid") + number
    return made.astype(np.float32)


@pytest.mark.parametrize("length", [1, 9, 10, 11, 35])
@pytest.mark.parametrize("size", [1, 4, 10, 100])
def test_windows_lie_where_they_lie(length: int, size: int) -> None:
    audio = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    made = sent(Windows(summed, 10, before=3, after=2), audio, size)
    padded = np.pad(audio, (3, 2))
    expected = [padded[k : k + 6].sum() + k // 10 for k in range(length)]
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_nothing_gives_nothing() -> None:
    stage = Windows(summed, 10, before=3, after=2)
    assert stage(np.empty(0, np.float32)).shape == (0,)
    assert stage.rest().shape == (0,)
