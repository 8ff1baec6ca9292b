"""A bundle's encoder graph in ONNX Runtime: what others are held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.encode.latent_encoder import LatentEncoder
from umtn_core.runtime import open_session


class OnnxEncoder(LatentEncoder):
    """The shared encoder of a bundle.

    Parameters
    ----------
    bundle
        The model whose encoder it is.
    threads
        The number of threads, as `LatentEncoder` has it.
    """

    def __init__(self, bundle: Bundle, threads: int | None = None):
        super().__init__(bundle.shape, threads)
        self._session = open_session(bundle.encoder, threads=1)

    def frames(self, sound: NDArray[np.float32], first: int, last: int) -> NDArray[np.float32]:
        """See `LatentEncoder.frames`."""
        hop = self.shape.hop
        reach = -(-self.shape.encoder_reach // hop)
        begin, end = max(0, first - reach), min(len(sound) // hop, last + reach)
        (encoded,) = self._session.run(None, {"audio": sound[None, begin * hop : end * hop]})
        return np.asarray(encoded[0, :, first - begin : last - begin], np.float32)
