"""Keep a run's work: save where it stops, and stop where it makes no sense."""

from __future__ import annotations

from pathlib import Path

import lightning as L
import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from umtn_core.errors import UmtnError
from umtn_core.training.module import Translation


class SaveAtEnd(L.Callback):
    """Writes a checkpoint when a run ends, is interrupted or is asked to terminate.

    Parameters
    ----------
    path
        Where to.
    """

    def __init__(self, path: Path):
        self.path = path

    def on_train_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """The run is over, or its time is."""
        trainer.save_checkpoint(self.path)

    def on_exception(
        self, trainer: L.Trainer, module: L.LightningModule, exception: BaseException
    ) -> None:
        """Save on Ctrl-C and SIGTERM; after anything else the weights may be spoilt."""
        if isinstance(exception, KeyboardInterrupt | SIGTERMException):
            trainer.save_checkpoint(self.path)


class StopOnNonsense(L.Callback):
    """Ends a run whose loss is no longer a number, before a checkpoint is spoilt."""

    def on_train_batch_end(
        self, trainer: L.Trainer, module: L.LightningModule, *_: object
    ) -> None:
        """Look at the latest loss."""
        loss = trainer.callback_metrics.get("train/nats")
        if loss is not None and not torch.isfinite(loss):
            batch = module.batches if isinstance(module, Translation) else 0
            raise UmtnError(
                f"The loss stopped being a number at batch {batch}: lower the rates in the "
                "settings and start again from the last checkpoint."
            )
