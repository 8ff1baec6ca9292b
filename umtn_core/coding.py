"""Between audio and the codes that stand for it: mu-law, of the audio itself or of its bands.

Codes of several bands stand one behind the other, those of a step together, lowest band first, so
that there are as many as samples.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import Companding
from umtn_core.filter_bank import CHUNK, OVERLAP, Synthesis, analyse
from umtn_core.shape import NetworkShape


class Coding:
    """How the codes of one domain's decoder stand for audio at the decoders' rate.

    Parameters
    ----------
    shape
        The network's shape.
    gains
        What the samples of each band are multiplied by before they are companded; none where
        the audio is not divided.

    Raises
    ------
    ValueError
        If the gains are not one for each band.
    """

    def __init__(self, shape: NetworkShape, gains: Sequence[float] = ()):
        self.bands = shape.bands
        if len(gains) != (self.bands if self.bands > 1 else 0):
            raise ValueError(f"{len(gains)} gains do not fit {self.bands} bands")
        self.companding = Companding(shape.companding)
        self.gains = tuple(gains)
        self._gains = np.array(gains, np.float32)

    def encode(self, audio: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Make the codes of audio.

        Parameters
        ----------
        audio : float32 array (samples,)
            What is coded, at the decoders' rate; before and after it is silence.

        Returns
        -------
        uint8 array (codes,)
            As many as there are samples, rounded up to whole steps.
        """
        if self.bands == 1:
            return self.companding.encode(audio)
        samples = analyse(audio, self.bands)
        samples *= self._gains
        return self.companding.encode(samples).reshape(-1)

    def decode(self, codes: NDArray[np.integer]) -> NDArray[np.float32]:
        """Make audio of codes, in time with them.

        Parameters
        ----------
        codes : integer array (codes,)
            The codes of whole steps.

        Returns
        -------
        float32 array (codes,)
        """
        if self.bands == 1:
            return self.companding.decode(codes)
        steps = np.asarray(codes).reshape(-1, self.bands)
        levels = self.companding.levels
        synthesis = Synthesis(self.bands)
        audio = np.empty(len(codes), np.float32)
        filled = 0
        for first in range(0, len(steps), CHUNK):
            made = synthesis(levels[steps[first : first + CHUNK]] / self._gains)
            audio[filled : filled + len(made)] = made
            filled += len(made)
        audio[filled:] = synthesis.rest()
        return audio

    @property
    def tail(self) -> int:
        """Codes at the end of an excerpt that stand for what follows it as well.

        Of an excerpt that is cut out of longer audio, they tell of the cut.
        """
        return OVERLAP // 2 * self.bands if self.bands > 1 else 0
