"""Hears, while a recording streams by, whether its channels are one player and where that is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.stereo.covariances import Covariances
from umtn_core.stereo.likeness import Likeness
from umtn_core.stereo.placing import Placing

Audio = NDArray[np.float32]


class StereoListener:
    """Listens to a recording of several channels.

    What it finds does not depend on how the recording is divided into blocks.

    Parameters
    ----------
    channels
        The number of channels, at least two.
    sample_rate
        Their rate in hertz.
    """

    def __init__(self, channels: int, sample_rate: int):
        self._channels, self._rate = channels, sample_rate
        self._covariances = Covariances(channels, sample_rate)
        self._likeness = Likeness(channels, sample_rate)

    def add(self, block: Audio) -> None:
        """Take in the next block, float32 (channels, n)."""
        block = np.asarray(block, np.float32)
        self._covariances.add(block)
        self._likeness.add(block)

    def placing(self) -> Placing | None:
        """Tell where the one player stands, once there are no more blocks.

        Returns
        -------
        Placing or None
            None where several players are heard, each on channels of their own.
        """
        self._likeness.end()
        if not self._likeness.is_one_player():
            return None
        delays = [self._likeness.delay(channel) for channel in range(self._channels)]
        means, products = self._covariances.gathered()
        return Placing.of(means, products, delays, self._likeness.first, self._rate)
