"""Says in sentences what a run expects, and how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable

import lightning as L

from umtn_core.training.guards import time_limit
from umtn_core.training.module import TrainingModule
from umtn_core.training.settings import Settings


class Reporting(L.Callback):
    """Tells what a step learns from, what has been heard, and how long it will take.

    Parameters
    ----------
    say
        What is told each sentence.
    settings
        The settings of the run.
    every
        Seconds between sentences while it trains.
    """

    def __init__(self, say: Callable[[str], None], settings: Settings, every: float = 300.0):
        self.say = say
        self.settings = settings
        self.every = every
        self.began = self.said = 0.0
        self.first = 0

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Say what is to come."""
        if not isinstance(module, TrainingModule) or trainer.global_rank:
            return
        self.began = self.said = time.monotonic()
        self.first = module.batches
        settings, domains = self.settings, len(module.trained)
        missing = settings.missing_aids
        if missing:
            self.say(
                f"Off: {', '.join(missing)}; the loss will fall without them and hardly a melody "
                "be played in tune (docs/training.md)."
            )
        weights = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
        self.say(
            f"{domains} domains and {weights / 1e6:.1f} M weights to train; a step learns from "
            f"{self._seconds(1, domains):.1f} s of audio, and all {settings.steps:,} from "
            f"{self._seconds(settings.steps, domains) / 3600:.1f} h."
        )
        if module.batches:
            self.say(f"It goes on from batch {module.batches:,}.")

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """Say how far it is, now and then; soon at first."""
        now = time.monotonic()
        done = module.batches - self.first if isinstance(module, TrainingModule) else 0
        soon = done == 20 and now - self.began < self.every
        if trainer.global_rank or not done or not (soon or now - self.said >= self.every):
            return
        self.said = now
        pace = (now - self.began) / done
        assert isinstance(module, TrainingModule)
        left = pace * (self.settings.steps - module.batches)
        limit = time_limit(trainer)
        if limit is not None:
            left = min(left, max(0.0, limit.left))
        domains = len(module.trained)
        nats = trainer.callback_metrics.get("train/nats")
        self.say(
            f"Batch {module.batches:,}: {self._seconds(module.batches, domains) / 3600:.2f} h of "
            f"audio heard, {self._seconds(1, domains) / pace:.1f} times real time"
            + (f", {float(nats):.2f} nats" if nats is not None else "")
            + f", {left / 60:,.0f} minutes left."
        )

    def _seconds(self, batches: int, domains: int) -> float:
        settings = self.settings
        samples = batches * settings.batch * settings.segment * domains
        return samples / settings.network_shape.sample_rate
