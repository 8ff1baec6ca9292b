"""Puts what the network sounds like into TensorBoard, beside the loss curves."""

from __future__ import annotations

import lightning as L
import msgspec
import torch
from lightning.pytorch.loggers import TensorBoardLogger

from umtn_core.companding import MU, Companding
from umtn_core.training.module import TrainingModule
from umtn_core.training.segments import SegmentDataset


class Listening(L.Callback):
    """Logs one validation clip a domain, as it was and as every domain renders it.

    Parameters
    ----------
    every
        Batches between samples.
    seconds
        Length of a clip.
    """

    def __init__(self, every: int, seconds: float):
        self.every = every
        self.seconds = seconds
        self.clips: torch.Tensor | None = None

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """Render and log, on the first process only."""
        logger = trainer.logger
        if (
            not isinstance(module, TrainingModule)
            or not isinstance(logger, TensorBoardLogger)
            or module.batches % self.every
            or trainer.global_rank
        ):
            return
        shape = module.network.shape
        if self.clips is None:
            self.clips = self._clips(module)
            levels = Companding(shape.companding).levels
            for domain, clip in zip(module.trained, self.clips, strict=True):
                codes = ((clip[0] + 0.5) * MU).round().long()
                sound = torch.from_numpy(levels)[codes]
                logger.experiment.add_audio(f"source/{domain}", sound, 0, shape.sample_rate)
        rendered = module.translate(self.clips.to(module.device))
        for target, clips in zip(module.trained, rendered, strict=True):
            for source, clip in zip(module.trained, clips, strict=True):
                logger.experiment.add_audio(
                    f"{source} to {target}", clip, module.batches, shape.output_rate
                )

    def _clips(self, module: TrainingModule) -> torch.Tensor:
        """The beginning of one validation segment a domain: Tensor[D x 1 x T]."""
        hop = module.network.shape.hop
        frames = max(1, int(self.seconds * module.network.shape.sample_rate) // hop)
        settings = msgspec.structs.replace(module.settings, segment=frames * hop, context=0)
        return SegmentDataset(settings, module.trained, "valid")[0].heard
