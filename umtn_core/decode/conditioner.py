"""What latents add to a decoder's steps, made by the bundle's conditioner graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from umtn_core.bundle import Bundle
from umtn_core.runtime import open_session


class Conditioner:
    """Runs a domain's conditioner, the same for every engine and on the CPU always.

    Parameters
    ----------
    bundle
        The model that the conditioner is of.
    domain
        The domain of the target.
    """

    def __init__(self, bundle: Bundle, domain: str):
        self._session = open_session(bundle.conditioner(domain), device="cpu")

    def __call__(self, latents: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `umtn_core.decode.engine.Engine.condition`."""
        (made,) = self._session.run(None, {"latents": np.ascontiguousarray(latents)[None]})
        return np.asarray(made[:, 0], np.float32)
