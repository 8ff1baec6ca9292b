"""Puts what the network sounds like into TensorBoard, beside the loss curves."""

from __future__ import annotations

import math
import time

import lightning as L
import msgspec
import numpy as np
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray

from umtn_core.companding import MU, Companding
from umtn_core.networks.generation import OutOfTime
from umtn_core.training.guards import time_limit
from umtn_core.training.module import TrainingModule
from umtn_core.training.playing import Player, by_pytorch
from umtn_core.training.segments import SegmentDataset


class Listening(L.Callback):
    """Logs one validation clip a domain, as it was and as every domain renders it.

    Parameters
    ----------
    every
        Batches between samples.
    seconds
        Length of a clip.
    play
        Plays the clips.
    """

    def __init__(self, every: int, seconds: float, play: Player = by_pytorch):
        self.every = every
        self.seconds = seconds
        self.play = play
        self.clips: torch.Tensor | None = None

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """Render and log, on the first process only; not when the run's time ends meanwhile."""
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
        limit = time_limit(trainer)
        end = math.inf if limit is None else limit.left
        try:
            rendered = self._rendered(module, self.clips.to(module.device), end)
        except OutOfTime:
            return
        for target, clips in rendered.items():
            for source, clip in zip(module.trained, clips, strict=True):
                logger.experiment.add_audio(
                    f"{source} to {target}", clip, module.batches, shape.output_rate
                )

    @torch.no_grad()
    def _rendered(
        self, module: TrainingModule, heard: torch.Tensor, seconds: float
    ) -> dict[str, list[NDArray[np.float32]]]:
        """All clips (B x 1 x T) as each domain that is trained plays them."""
        end = time.monotonic() + seconds
        latents = module.network.encoder(heard).float()
        rendered = {}
        for domain in module.trained:
            coding = module.network.decoders[domain].coding
            codes = self.play(
                module.network, domain, latents, temperature=1.0, seed=0,
                seconds=end - time.monotonic(),
            )  # fmt: skip
            rendered[domain] = [np.clip(coding.decode(row), -1, 1) for row in codes]
        return rendered

    def _clips(self, module: TrainingModule) -> torch.Tensor:
        """The beginning of one validation segment a domain: Tensor[D x 1 x T]."""
        hop = module.network.shape.hop
        frames = max(1, int(self.seconds * module.network.shape.sample_rate) // hop)
        settings = msgspec.structs.replace(module.settings, segment=frames * hop, context=0)
        return SegmentDataset(settings, module.trained, "valid")[0].heard
