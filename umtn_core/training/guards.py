"""Keep a run's work: save by the clock, and where it stops."""

from __future__ import annotations

import time
from itertools import chain
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Checkpoint, WeightAveraging
from lightning.pytorch.utilities.exceptions import SIGTERMException
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from umtn_core.training.module import TrainingModule


class Checkpoints(Checkpoint):
    """Writes the last checkpoint every few minutes, and when a run ends or is interrupted.

    Lightning's own callback looks at the clock only under automatic optimisation.

    Parameters
    ----------
    path
        The file to write; it is replaced whole.
    minutes
        The minutes between checkpoints.
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
        if not isinstance(module, TrainingModule) or module.batches % self.PATIENCE != 1:
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
        The share of the average that each batch leaves of it.
    """

    def __init__(self, decay: float):
        # All tensors in one call: one by one takes as long as the optimiser.
        self.blend = get_ema_multi_avg_fn(decay)
        super().__init__(multi_avg_fn=self.blend)
        self.averages: list[Tensor] = []
        self.weights: list[Tensor] = []

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Forget the tensors of another run."""
        self.averages, self.weights = [], []

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: Any) -> None:
        """Bring the average up to date."""
        average = self._average_model
        assert average is not None
        if not self.weights:
            # The average decides by its count, which lies on the device, whether it is the first:
            # that waits for the device, so only this once.
            super().on_train_batch_end(trainer, module, None, None, 0)
            self.averages, self.weights = _tensors(average.module), _tensors(module)
        elif trainer.global_step > self._latest_update_step:
            self.blend(self.averages, self.weights, average.n_averaged)
            average.n_averaged += 1
            self._latest_update_step = trainer.global_step

    def on_train_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Leave the current weights: a run that is extended goes on from them."""


def _tensors(module: nn.Module) -> list[Tensor]:
    """Parameters and buffers, which stay where they are as long as a run lasts."""
    return [tensor.detach() for tensor in chain(module.parameters(), module.buffers())]


class TimeLimit(L.Callback):
    """Ends a run by the clock, and cools it down towards that.

    Parameters
    ----------
    minutes
        The time that the run has, from now on: setting it up and compiling are part of it.
    over_all
        Whether the time before the run was stopped and resumed counts; without it, each
        part has so many minutes, and cools down by itself.

    Attributes
    ----------
    closing : float
        Seconds at the end that are kept for what follows the last step.
    """

    #: Batches between looks at the clock, where several processes have to agree on it.
    PATIENCE = 5

    def __init__(self, minutes: float, over_all: bool = False):
        self.seconds = 60 * minutes
        self.over_all = over_all
        self.before = 0.0
        self.began = time.monotonic()
        self.batches = 0
        self.closing = 0.0

    @property
    def left(self) -> float:
        """Seconds that are left, those for closing included."""
        return self.seconds - self.before - (time.monotonic() - self.began)

    @property
    def spent(self) -> float:
        """The share of the time for learning that is over."""
        return 1 - (self.left - self.closing) / max(self.seconds - self.closing, 1e-9)

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Say how late it is."""
        self._look(trainer, module)

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """Say how late it is, and stop when the time is up."""
        self.batches += 1
        if trainer.world_size == 1 or self.batches % self.PATIENCE == 0:
            self._look(trainer, module)

    def _look(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        # All processes take the first one's clock: their steps must be of one size.
        spent = float(trainer.strategy.broadcast(self.spent))
        if isinstance(module, TrainingModule):
            module.spent = min(1.0, spent)
        trainer.should_stop = trainer.should_stop or spent >= 1

    def state_dict(self) -> dict[str, Any]:
        """How long the run has taken, this part and earlier ones."""
        return {"seconds": self.seconds - self.left}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there, where the time of all parts counts."""
        if self.over_all:
            self.before = float(state_dict.get("seconds", 0.0))


def time_limit(trainer: L.Trainer) -> TimeLimit | None:
    """The clock that a run ends by, if it does."""
    found = (c for c in trainer.callbacks if isinstance(c, TimeLimit))  # type: ignore[attr-defined]
    return next(found, None)
