"""The progress bar of a run."""

from __future__ import annotations

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar


class Bar(RichProgressBar):
    """Lightning's bar for a run that has steps and no epochs."""

    def _get_train_description(self, current_epoch: int) -> str:
        return "training"

    def get_metrics(
        self, trainer: L.Trainer, pl_module: L.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """What stands beside the bar: the losses, and no version number."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics
