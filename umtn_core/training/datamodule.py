"""Feeds a run with segments, from the batch where it stands."""

from __future__ import annotations

import lightning as L
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from umtn_core.training.devices import chosen_loaders
from umtn_core.training.module import TrainingModule
from umtn_core.training.segments import NumberedBatches, SegmentDataset, TrainingSegment
from umtn_core.training.settings import Settings

#: Batches that are prepared before they are wanted, over all loaders; each has at least two.
AHEAD = 8


class Segments(L.LightningDataModule):
    """Training and validation batches.

    Parameters
    ----------
    settings
        The settings of the run.
    domains
        The domains that are trained, in the network's order.
    """

    def __init__(self, settings: Settings, domains: tuple[str, ...]):
        super().__init__()
        self.settings = settings
        self.domains = domains

    def train_dataloader(self) -> DataLoader[TrainingSegment]:
        """Segments from the module's present batch to the last."""
        module = self._trainer_there.lightning_module
        first = module.batches if isinstance(module, TrainingModule) else 0
        numbers = NumberedBatches(
            self.settings.batch,
            first,
            self.settings.steps,
            self._trainer_there.global_rank,
            self._trainer_there.world_size,
        )
        trainer = self._trainer_there
        loaders = chosen_loaders(self.settings.machine, trainer.num_devices)
        return DataLoader(
            SegmentDataset(self.settings, self.domains, "train", self._gains()),
            batch_size=numbers.share,
            sampler=numbers,
            num_workers=loaders,
            persistent_workers=loaders > 0,
            # About as many batches lie ready whatever their number: they take shared memory.
            prefetch_factor=max(2, AHEAD // loaders) if loaders else None,
            pin_memory=self._trainer_there.accelerator.__class__.__name__ == "CUDAAccelerator",
        )

    def val_dataloader(self) -> DataLoader[TrainingSegment]:
        """The same few clean segments each time."""
        processes = self._trainer_there.world_size
        count = -(-self.settings.validation_segments // processes) * processes
        numbers = NumberedBatches(count, 0, 1, self._trainer_there.global_rank, processes)
        return DataLoader(
            SegmentDataset(self.settings, self.domains, "valid", self._gains()),
            batch_size=min(4, numbers.share),
            sampler=numbers,
        )

    @property
    def _trainer_there(self) -> L.Trainer:
        """The trainer, which names itself before it asks for batches."""
        assert self.trainer is not None
        return self.trainer

    def _gains(self) -> list[NDArray[np.float32]] | None:
        """The gains that the decoders have, which a resumed run brings with it."""
        module = self._trainer_there.lightning_module
        return module.band_gains if isinstance(module, TrainingModule) else None
