"""What the engines share that step a bundle's graph on ONNX Runtime."""

from __future__ import annotations

from abc import abstractmethod
from threading import Event

import numpy as np
from numpy.typing import NDArray

from umtn_core.companding import LEVELS
from umtn_core.decode.engine import Engine, Stepper, damaged_output
from umtn_core.decode.sampling import Sampling, draw_bands


class GraphStepper(Stepper):
    """Streams advanced by repeated runs of a step graph, between which codes are drawn.

    Parameters
    ----------
    engine
        The engine that opens the batch.
    recent : int64 array (streams, input_codes)
        The graph's input of the newest codes, which is changed in place.
    sampling
        Temperatures and top-p.
    """

    def __init__(self, engine: Engine, recent: NDArray[np.int64], sampling: Sampling):
        super().__init__(engine, len(recent))
        self._recent = recent
        self._sampling = sampling
        self._time = 0

    @abstractmethod
    def _advance(self) -> NDArray[np.float32]:
        """Run the graph once; returns the logits, (streams, bands, 256)."""

    def _steps(self, uniforms: NDArray[np.float32], codes: NDArray[np.uint8], stop: Event) -> int:
        bands = self._shape.bands
        made, logits = 0, np.zeros((0, bands, LEVELS), np.float32)
        while made < codes.shape[1] and not stop.is_set():
            step = slice(made, made + bands)
            logits = self._advance()
            codes[:, step] = draw_bands(logits, uniforms[:, step], self._sampling)
            self._remember(codes[:, step])
            made = step.stop
        if not np.isfinite(logits).all():
            raise damaged_output()
        return made

    def _score(self, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        bands = self._shape.bands
        logits = np.empty((*codes.shape, LEVELS), np.float32)
        for begin in range(0, codes.shape[1], bands):
            step = slice(begin, begin + bands)
            logits[:, step] = self._advance()
            self._remember(codes[:, step])
        return logits

    def _remember(self, newest: NDArray[np.uint8]) -> None:
        """Take the codes of a step, (streams, bands), for the newest."""
        bands = self._shape.bands
        self._recent[:, :-bands] = self._recent[:, bands:]
        self._recent[:, -bands:] = newest
