"""Says whether the network waits for data: loader time against step time."""

from __future__ import annotations

import time

import lightning as L


class Timing(L.Callback):
    """Logs the share of the run that was spent waiting for batches.

    Parameters
    ----------
    every
        Batches that one figure covers.
    """

    def __init__(self, every: int = 50):
        self.every = every
        self.waited = self.worked = 0.0
        self.batches = 0
        self.ended: float | None = None
        self.began = 0.0

    def on_train_batch_start(
        self, trainer: L.Trainer, module: L.LightningModule, *_: object
    ) -> None:
        """The batch has come."""
        self.began = time.perf_counter()
        if self.ended is not None:
            self.waited += self.began - self.ended

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """The batch has been learned from."""
        self.ended = time.perf_counter()
        self.worked += self.ended - self.began
        self.batches += 1
        if self.batches % self.every == 0:
            module.log("time/waiting for data", self.waited / (self.waited + self.worked))
            module.log("time/step", self.worked / self.every)
            self.waited = self.worked = 0.0

    def on_validation_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """A validation is no waiting for data."""
        self.ended = None
