"""Between audio and the codes that stand for it: mu-law, of the audio itself or of its bands.

Codes of several bands stand one behind the other, those of a step together, lowest band first, so
that there are as many as samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import Companding
from umtn_core.filter_bank import CHUNK, OVERLAP, Synthesis, analyse
from umtn_core.rows import Codes
from umtn_core.shape import NetworkShape
from umtn_core.stage import BLOCK


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
        audio = np.empty(len(codes), np.float32)
        filled = 0
        for made in self.decode_blocks(np.asarray(codes)):
            audio[filled : filled + len(made)] = made
            filled += len(made)
        return audio

    def decode_blocks(self, codes: Codes | NDArray[np.integer]) -> Iterator[NDArray[np.float32]]:
        """Make audio of codes, block by block: as `decode` does, to the last bit.

        Parameters
        ----------
        codes : integer array (codes,), or what can be sliced like one

        Yields
        ------
        float32 array (n,)
        """
        if self.bands == 1:
            for begin in range(0, len(codes), BLOCK):
                yield self.companding.decode(codes[begin : begin + BLOCK])
            return
        levels = self.companding.levels
        synthesis = Synthesis(self.bands)
        # Sums are the same only if they are made in the same order: so the blocks have one size.
        for begin in range(0, len(codes), CHUNK * self.bands):
            steps = codes[begin : begin + CHUNK * self.bands].reshape(-1, self.bands)
            yield synthesis(levels[steps] / self._gains)
        yield synthesis.rest()

    @property
    def tail(self) -> int:
        """Codes at the end of an excerpt that stand for what follows it as well.

        Of an excerpt that is cut out of longer audio, they tell of the cut.
        """
        return OVERLAP // 2 * self.bands if self.bands > 1 else 0
