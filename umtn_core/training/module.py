"""One training run as Lightning sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import lightning as L
import msgspec
import numpy as np
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from numpy.typing import NDArray
from torch import Tensor, nn

from umtn_core.errors import UmtnError
from umtn_core.networks import DomainClassifier, UniversalMusicTranslationNetwork, stacked
from umtn_core.training.captured import CapturedStep
from umtn_core.training.muon import Muon, matrices_of
from umtn_core.training.objective import Losses, Scorer, losses
from umtn_core.training.segments import TrainingSegment
from umtn_core.training.settings import Settings
from umtn_core.training.spectrum import SpectralHead

#: Batches between looks at what a captured step found: each look waits for the device.
LOOK = 10


class TrainingModule(L.LightningModule):
    """Trains encoder and decoders against the domain classifier (Eq. 1).

    Parameters
    ----------
    settings
        The settings of the run, as plain values (Lightning stores them in every checkpoint).
    domains
        Names of the domains.
    """

    band_weights: Tensor | None

    def __init__(self, settings: dict[str, Any], domains: tuple[str, ...]):
        super().__init__()
        self.save_hyperparameters()
        self.automatic_optimization = False
        self.settings = msgspec.convert(settings, Settings)
        self.network = UniversalMusicTranslationNetwork(self.settings.network_shape, domains)
        self.spectral_heads: nn.ModuleList | None = None
        if self.settings.spectral.weight:
            self.spectral_heads = nn.ModuleList(
                SpectralHead(self.network.shape.latent_channels, self.settings.spectral)
                for _ in domains
            )
        weights = torch.tensor(self.settings.band_weights)
        self.register_buffer(
            "band_weights", weights / weights.mean() if len(weights) else None, persistent=False
        )
        self.trained = self.settings.only or tuple(domains)
        if self.settings.only:
            self.requires_grad_(False)
            for domain in self.trained:
                self.network.decoders[domain].trainable_()
        self.batches = 0
        #: The share of the run's time that is over, where it ends by the clock.
        self.spent: float | None = None
        #: Where the settings want them compiled: the loss of all decoders, and what encodes.
        self._score: Scorer | None = None
        self._encode: Callable[[Tensor], Tensor] | None = None
        #: The step where it is captured, and the batch that it began with.
        self._captured: CapturedStep | None = None
        self._first = 0

    @property
    def players(self) -> int:
        """The number of players: the encoder with the decoders, and the classifier if it plays."""
        return 1 if self._classifier is None else 2

    @property
    def _classifier(self) -> DomainClassifier | None:
        """The classifier where it plays: when the encoder is trained."""
        return None if self.settings.only else self.network.classifier

    @property
    def optimiser_count(self) -> int:
        """How many `configure_optimizers` makes."""
        return self.players + self.settings.optimiser.muon

    @property
    def band_gains(self) -> list[NDArray[np.float32]] | None:
        """The gains of each trained domain's bands: float32 (bands,); None for a single band."""
        if self.network.shape.bands == 1:
            return None
        gains = [self.network.decoders[domain].band_gains for domain in self.trained]
        return [gain.detach().cpu().numpy().astype(np.float32) for gain in gains]

    def setup(self, stage: str) -> None:
        """Compile the heavy parts where the settings ask for it."""
        if self.settings.machine.compile:
            # Functions, and not the network's own modules: what validates, judges and listens has
            # batches of other shapes, and each would be compiled anew.
            self._encode = torch.compile(self.network.encoder.forward)
            # The decoders together are a single function to compile.
            self._score = torch.compile(stacked.nats)

    def forward(self, segment: TrainingSegment) -> Losses:
        """All terms of the objective; see `umtn_core.training.objective.losses`."""
        context = self.settings.context // self.network.shape.hop
        heads = None if self.settings.only else self.spectral_heads
        if not self.training:
            # Validation tells what the codes are worth, all alike.
            return losses(self.network, segment, context, heads, self.settings.only)
        return losses(
            self.network, segment, context, heads, self.settings.only, self._score,
            self.band_weights, self._encode,
        )  # fmt: skip

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW for each player, and Muon for the first one's matrices if the settings say so."""
        o, network = self.settings.optimiser, self.network
        common: dict[str, Any] = {
            "betas": (o.beta1, o.beta2), "weight_decay": o.weight_decay, "fused": True,
        }  # fmt: skip
        parts = (network.encoder, o.encoder_rate), (network.decoders, o.decoder_rate)
        matrices = [(matrices_of(part), rate) for part, rate in parts] if o.muon else []
        apart = {weight for weights, _ in matrices for weight in weights}
        others = [([w for w in part if w not in apart], rate) for part, rate in self._parts]
        optimisers: list[torch.optim.Optimizer] = [torch.optim.AdamW(_groups(others), **common)]
        if self._classifier is not None:
            classifier = [(list(self._classifier.parameters()), o.classifier_rate)]
            optimisers.append(torch.optim.AdamW(_groups(classifier), **common))
        if o.muon:
            optimisers.append(Muon(_groups(matrices), o.weight_decay))
        return optimisers

    @cached_property
    def _parts(self) -> list[tuple[list[nn.Parameter], float]]:
        """Encoder with aids, and decoders: what is trained of each, and its step size."""
        o, network = self.settings.optimiser, self.network
        encoder = [network.encoder, *([self.spectral_heads] if self.spectral_heads else [])]
        modules = (encoder, o.encoder_rate), ([network.decoders], o.decoder_rate)
        trained = (
            ([w for module in part for w in module.parameters() if w.requires_grad], rate)
            for part, rate in modules
        )
        return [(weights, rate) for weights, rate in trained if weights]

    def training_step(self, batch: TrainingSegment, batch_idx: int) -> None:
        """One step of both players on one batch."""
        if self._captured is None and self._captures(batch):
            optimisers = [optimiser.optimizer for optimiser in self._optimisers]
            self._captured = CapturedStep(self.learn, optimisers, batch)
            self._first = self.batches
        if self._captured is None:
            found = self._plain_step(batch)
        else:
            found = self._captured(batch, self.pace, self.adversarial)
            for optimiser in self._optimisers:
                # Lightning counts steps by these.
                optimiser._on_before_step()
                optimiser._on_after_step()
        pace = self.pace
        self.batches += 1
        if self._captured is not None:
            if self.batches % LOOK:
                return
            self._look()
            # What stays on the device would be waited for at every batch.
            found = Losses(*(part.cpu() for part in found))
        self._record("train", found, len(batch.target))
        self.log("pace", pace)

    def learn(self, batch: TrainingSegment, adversarial: float | Tensor) -> tuple[Losses, Tensor]:
        """Find the gradients of both players on one batch.

        Parameters
        ----------
        batch
            A batch on the module's device.
        adversarial
            The weight of the confusion.

        Returns
        -------
        found : Losses
        norms : Tensor[parts]
            The norms of encoder's and decoders' gradients, before they were clipped.
        """
        optimisers = self._optimisers
        for optimiser in optimisers:
            optimiser.zero_grad()
        found = self(batch)
        self.manual_backward(self.total(found, adversarial) + found.classification)
        clip = self.settings.optimiser.gradient_clip
        return found, torch.stack([
            nn.utils.clip_grad_norm_(weights, clip) for weights, _ in self._parts
        ])  # fmt: skip

    def _plain_step(self, batch: TrainingSegment) -> Losses:
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["full"] * self.pace
        found, norms = self.learn(batch, self.adversarial)
        if not torch.isfinite(norms).all():
            # Before the step: weights and their averages are still sound.
            raise _no_number(self.batches)
        for optimiser in self._optimisers:
            optimiser.step()
        return found

    def _captures(self, batch: TrainingSegment) -> bool:
        """Whether steps are captured; see `Machine.capture`."""
        machine, alone = self.settings.machine, self.trainer.world_size == 1
        if machine.capture == "on" and not alone:
            raise UmtnError(
                "The steps of several processes cannot be captured: set machine.capture to auto."
            )
        possible = batch.heard.device.type == "cuda" and alone
        return machine.capture == "on" or (machine.capture == "auto" and possible)

    def _look(self) -> None:
        """End the run if a captured step found no number; no step was taken since."""
        taken = None if self._captured is None else self._captured.look()
        if taken is not None:
            raise _no_number(self._first + taken)

    @property
    def _optimisers(self) -> list[LightningOptimizer]:
        optimisers = self.optimizers()
        return optimisers if isinstance(optimisers, list) else [optimisers]

    def validation_step(self, batch: TrainingSegment, batch_idx: int) -> None:
        """Teacher-forced losses on clean, held-out segments."""
        self._record("valid", self(batch), len(batch.target))

    def total(self, found: Losses, adversarial: float | Tensor | None = None) -> Tensor:
        """What encoder and decoders minimise, at an adversarial weight or this batch's."""
        weight = self.adversarial if adversarial is None else adversarial
        aid = self.settings.spectral.weight * found.spectral
        return found.reconstruction.mean() - weight * found.confusion + aid

    @property
    def adversarial(self) -> float:
        """The weight of the confusion at this batch."""
        warmup = self.settings.adversarial_warmup
        growth = min(1.0, (self.batches + 1) / warmup) if warmup else 1.0
        return self.settings.adversarial_weight * growth

    @property
    def pace(self) -> float:
        """The factor on all step sizes at this batch."""
        o, done = self.settings.optimiser, self.batches
        warm = min(1.0, (done + 1) / o.warmup) if o.warmup else 1.0
        cool = min(1.0, (self.settings.steps - done) / o.cooldown) if o.cooldown else 1.0
        if self.spent is not None and o.cooldown_share:
            cool = min(cool, (1 - self.spent) / o.cooldown_share)
        return warm * max(cool, 0.0) * o.decay ** (done // o.decay_every)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remember the place in the data."""
        self._look()
        checkpoint["batches"] = self.batches

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from that place."""
        self.batches = checkpoint["batches"]

    def _record(self, stage: str, found: Losses, size: int) -> None:
        options: dict[str, Any] = {"batch_size": size, "sync_dist": stage == "valid"}
        for domain, nats in zip(self.trained, found.reconstruction, strict=True):
            self.log(f"{stage}/nats/{domain}", nats, **options)
        self.log(f"{stage}/nats", found.reconstruction.mean(), prog_bar=True, **options)
        if self.players == 2:
            self.log(f"{stage}/classifier/accuracy", found.accuracy, **options)
            self.log(f"{stage}/classifier/loss", found.classification, **options)
        if self.spectral_heads is not None and not self.settings.only:
            self.log(f"{stage}/spectral", found.spectral, **options)


def _no_number(batch: int) -> UmtnError:
    return UmtnError(
        f"The loss or its gradient is no longer a number at batch {batch}: "
        "lower the rates in the settings and start again from the last checkpoint."
    )


def _groups(parts: Iterable[tuple[list[nn.Parameter], float]]) -> list[dict[str, Any]]:
    """Groups of an optimiser: weights and the step size at full speed."""
    return [{"params": weights, "lr": rate, "full": rate} for weights, rate in parts if weights]
