"""Keep a run's work: save by the clock, and where it stops."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint, Timer, WeightAveraging
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch.optim.swa_utils import get_ema_multi_avg_fn

from umtn_core.training.module import Translation


class Checkpoints(Checkpoint):
    """Writes the last checkpoint every few minutes, and when a run ends or is interrupted.

    Lightning's own callback looks at the clock only under automatic optimisation.

    Parameters
    ----------
    path
        Where to; the file is replaced whole.
    minutes
        Between checkpoints.
    """

    #: Batches between looks at the clock, which all processes have to agree on.
    PATIENCE = 20

    def __init__(self, path: Path, minutes: float):
        self.path = path
        self.seconds = 60 * minutes
        self.saved = time.monotonic()

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Start the clock."""
        self.saved = time.monotonic()

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """Save when it is time."""
        # Not after round numbers of batches: a validation often follows those, and a run that
        # goes on from between the two would not make it up.
        if not isinstance(module, Translation) or module.batches % self.PATIENCE != 1:
            return
        due = time.monotonic() - self.saved >= self.seconds
        if trainer.strategy.broadcast(due):
            self._save(trainer)
            self.saved = time.monotonic()

    def on_train_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """The run is over, or its time is."""
        self._save(trainer)

    def on_exception(
        self, trainer: L.Trainer, module: L.LightningModule, exception: BaseException
    ) -> None:
        """Save on Ctrl-C and SIGTERM; after anything else the weights may be spoilt."""
        if isinstance(exception, KeyboardInterrupt | SIGTERMException):
            self._save(trainer)

    def _save(self, trainer: L.Trainer) -> None:
        # The curves too: a run that is killed later goes on from here, and does not make again
        # what the logger still held back of the batches before.
        for logger in trainer.loggers:
            logger.save()
        trainer.save_checkpoint(self.path)


class Averaging(WeightAveraging):
    """The exponential average of recent weights, kept beside them; checkpoints hold both.

    Parameters
    ----------
    decay
        Of the average, a batch.
    """

    def __init__(self, decay: float):
        # All tensors in one call: one by one takes as long as the optimiser.
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay))

    def on_train_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Leave the current weights: a run that is extended goes on from them."""


class TimeLimit(Timer):
    """Stops a run after so long, not counting the time before it was resumed.

    Parameters
    ----------
    minutes
        Of this run.
    """

    def __init__(self, minutes: float):
        super().__init__(timedelta(minutes=minutes), verbose=False)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Forget how long earlier runs took."""
