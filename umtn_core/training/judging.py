"""Judges a run by what it plays, and keeps the best checkpoint by that."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.loggers import TensorBoardLogger

from umtn_core.companding import MU, Companding
from umtn_core.data.store import Store
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.networks.generation import OutOfTime
from umtn_core.training.guards import Averaging, time_limit
from umtn_core.training.judged_clips import (
    ClipFigures,
    JudgedClip,
    clip_figures,
    judged_clips,
    mean,
)
from umtn_core.training.loader_share import Timing
from umtn_core.training.module import TrainingModule
from umtn_core.training.playing import Player, by_pytorch

BEST = "best.ckpt"
TEMPERATURE = 0.8
#: Judging takes no more than this share of a run's time.
SHARE = 0.1
#: What is kept for the last judgement, against how long the one before took.
_MORE = 1.5

#: What the score loses: for each dB of level beyond the first so many, and at most.
_LEVEL_FREE_DB, _LEVEL_COST, _LEVEL_MOST_DB = 3.0, 0.02, 10.0
#: The same for each dB that the harmonics stand less above the rest than the truth's.
_NOISE_COST, _NOISE_MOST_DB = 0.01, 20.0


def score(domains: Sequence[Sequence[ClipFigures]]) -> float:
    """How well a run plays, as one number: more is better, 1 is the most.

    The mean over domains of the mean over clips of the share of frames in tune (with several
    voices the agreement of notes), less 0.02 for each dB by which the level is off by more than
    3 dB (0.2 at most) and 0.01 for each dB by which harmonics stand less above the rest than in
    the truth (0.2 at most, also where too little is in tune to tell).

    Parameters
    ----------
    domains
        The figures of each domain's clips.

    Returns
    -------
    float
        NaN where there are no figures. Clips without pitch and notes do not count.
    """
    return mean([mean([_clip_score(clip) for clip in clips]) for clips in domains])


def _clip_score(clip: ClipFigures) -> float:
    right = clip.notes_f1 if math.isnan(clip.in_tune) else clip.in_tune
    off = min(_LEVEL_MOST_DB, max(0.0, abs(clip.level_db) - _LEVEL_FREE_DB))
    noisier = 0.0
    if not math.isnan(clip.true_harmonics_over_noise_db):
        noisier = clip.true_harmonics_over_noise_db - clip.harmonics_over_noise_db
        noisier = _NOISE_MOST_DB if math.isnan(noisier) else min(_NOISE_MOST_DB, max(0.0, noisier))
    return right - _LEVEL_COST * off - _NOISE_COST * noisier


class Judging(Checkpoint):
    """Lets every decoder play held-out clips, logs what that is like and keeps the best.

    The weights are the averaged ones where the run has them. Several processes wait for the
    first one's judgement. Nothing that goes wrong here ends a run. One that ends by the clock is
    judged within its time: so long as a judgement takes is kept for that at the end, and what
    would last longer is left out or given up.

    Parameters
    ----------
    folder
        The folder that `BEST` is written in.
    every
        Batches between judgements; where they would take more than `SHARE` of the time, some
        are left out. A run of so many batches is also judged at its end, unless it just was.
    seconds
        Length of a clip.
    say
        What is told the judgement in a line.
    share
        The largest share of the run's time.
    play
        Plays the clips.
    """

    def __init__(
        self,
        folder: Path,
        every: int,
        seconds: float,
        say: Callable[[str], None] | None = None,
        share: float = SHARE,
        play: Player = by_pytorch,
    ):
        self.folder, self.every, self.seconds = folder, every, seconds
        self.say = say or (lambda _: None)
        self.share = share
        self.play = play
        self.best = -math.inf
        self.judged = 0
        self.took = self.validation = 0.0
        self.ended = -math.inf
        self.clips: dict[str, list[JudgedClip]] | None = None

    def on_train_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Keep the time that the last judgement of a run that goes on took."""
        self._keep_time(trainer)

    def on_train_batch_end(self, trainer: L.Trainer, module: L.LightningModule, *_: object) -> None:
        """Judge when it is time."""
        if isinstance(module, TrainingModule) and module.batches % self.every == 0:
            since = time.monotonic() - self.ended
            due = self.took <= self.share * (self.took + since)
            # The end is worth more.
            if trainer.strategy.broadcast(due and _left(trainer) >= 2 * self.took):
                self._judge(trainer, module, self._at_most(trainer))

    def on_train_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Judge the end of a run that was long enough: cooled down, it may be the best."""
        if (
            not isinstance(module, TrainingModule)
            or module.batches < self.every
            or module.batches - self.judged < max(1, self.every // 4)
        ):
            return
        left = _left(trainer)
        # Nothing else is done with what was kept for this: it may as well be tried.
        if trainer.strategy.broadcast(left >= self.took / 2):
            self._judge(trainer, module, left)
        elif trainer.is_global_zero:
            self.say("The end of the run was not judged: its time is up.")

    def on_validation_start(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Look how long a validation takes: a last one comes before the last judgement."""
        self.validation = -time.monotonic()

    def on_validation_end(self, trainer: L.Trainer, module: L.LightningModule) -> None:
        """Keep as long again."""
        self.validation += time.monotonic()
        self._keep_time(trainer)

    def state_dict(self) -> dict[str, Any]:
        """The best score so far, and how long the last one took to find."""
        took = self.took if math.isfinite(self.took) else 0.0
        return {"best": self.best, "judged": self.judged, "took": took}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there."""
        self.best, self.judged = float(state_dict["best"]), int(state_dict["judged"])
        self.took = float(state_dict.get("took", 0.0))

    def _judge(self, trainer: L.Trainer, module: TrainingModule, seconds: float) -> None:
        self.judged = module.batches
        found = math.nan
        if trainer.is_global_zero:
            began = time.monotonic()
            given_up = False
            try:
                found = self._figures(trainer, module, began, began + seconds)
            except OutOfTime:
                given_up = True
                self.say(
                    f"Batch {module.batches:,} was not judged: it takes too long for this run."
                )
            except Exception as error:
                # A run is worth more than a judgement of it.
                self.say(f"Batch {module.batches:,} could not be judged: {error!r}.")
            self.ended = time.monotonic()
            # Nobody knows how long it would have taken.
            self.took = math.inf if given_up else self.ended - began
            self._keep_time(trainer)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, Timing):
                # A judgement is no waiting for data.
                callback.ended = None
        found = float(trainer.strategy.broadcast(found))
        if found > self.best:
            self.best = found
            trainer.save_checkpoint(self.folder / BEST)

    def _at_most(self, trainer: L.Trainer) -> float:
        """Seconds that a judgement may take on the way: the cooling down must not suffer."""
        limit = time_limit(trainer)
        return math.inf if limit is None else min(self.share * limit.seconds, limit.left / 2)

    def _keep_time(self, trainer: L.Trainer) -> None:
        """Have a run that ends by the clock leave off in time for its last judgement."""
        limit = time_limit(trainer)
        if limit is not None and self.took:
            wanted = _MORE * self.took + self.validation
            limit.closing = wanted if wanted <= self.share * limit.seconds else 0.0

    def _figures(
        self, trainer: L.Trainer, module: TrainingModule, began: float, end: float
    ) -> float:
        """Play, measure and log on the first process, until an end on the clock: the score."""
        if self.clips is None:
            store = Store.open(module.settings.store)
            self.clips = {
                domain: judged_clips(
                    store, domain, module.network.shape, self.seconds, module.settings.seed
                )
                for domain in module.trained
            }
        network = averaged(trainer, module).network
        judged = {
            domain: self._domain_figures(network, domain, clips, number, end)
            for number, (domain, clips) in enumerate(self.clips.items())
            if clips
        }
        total = score(list(judged.values()))
        means = {
            domain: ClipFigures(*(mean(column) for column in zip(*clips, strict=True)))
            for domain, clips in judged.items()
        }
        _log(trainer, module.batches, means, total)
        parts = "; ".join(f"{domain} {_sentence(of)}" for domain, of in means.items())
        verdict = "no score" if math.isnan(total) else f"score {total:.3f}"
        if total > self.best:
            verdict += ", the best so far"
        self.say(
            f"Batch {module.batches:,}, judged in {time.monotonic() - began:.0f} s: "
            f"{parts or 'no clips are long and loud enough'}; {verdict}."
        )
        return total

    @torch.no_grad()
    def _domain_figures(
        self,
        network: UniversalMusicTranslationNetwork,
        domain: str,
        clips: Sequence[JudgedClip],
        seed: int,
        end: float,
    ) -> list[ClipFigures]:
        """Play all clips of a domain at once, and measure each, until an end on the clock."""
        shape, coding = network.shape, network.decoders[domain].coding
        device = next(network.parameters()).device
        codes = Companding(shape.companding).encode(np.stack([clip.heard for clip in clips]))
        heard = torch.from_numpy(codes.astype(np.float32) / MU - 0.5)[:, None].to(device)
        latents = network.encoder(heard).float()
        played = self.play(
            network,
            domain,
            latents,
            temperature=TEMPERATURE,
            seed=seed,
            seconds=end - time.monotonic(),
        )
        figures = []
        for clip, row in zip(clips, played, strict=True):
            if time.monotonic() > end:
                raise OutOfTime
            figures.append(
                clip_figures(clip, np.clip(coding.decode(row), -1, 1), shape.output_rate)
            )
        return figures


def _left(trainer: L.Trainer) -> float:
    """Seconds until the run ends by the clock."""
    limit = time_limit(trainer)
    return math.inf if limit is None else limit.left


def averaged(trainer: L.Trainer, module: TrainingModule) -> TrainingModule:
    """The run with the averaged weights that validation takes, or as it is without them."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Averaging) and callback._average_model is not None:
            inner = callback._average_model.module
            return inner if isinstance(inner, TrainingModule) else module
    return module


def _log(trainer: L.Trainer, batch: int, means: dict[str, ClipFigures], total: float) -> None:
    curves = {
        f"judged/{domain}/{name}": figure
        for domain, figures in means.items()
        for name, figure in figures._asdict().items()
    } | {"judged/score": total}
    logger = trainer.logger
    if isinstance(logger, TensorBoardLogger):
        logger.log_metrics({k: v for k, v in curves.items() if not math.isnan(v)}, batch)


def _sentence(figures: ClipFigures) -> str:
    parts = {
        "{:.2f} in tune": figures.in_tune,
        "notes {:.2f}": figures.notes_f1,
        "{:+.1f} dB": figures.level_db,
        "harmonics {:.1f}": figures.harmonics_over_noise_db,
        "(true {:.1f})": figures.true_harmonics_over_noise_db,
        "vibrato {:.2f}": figures.vibrato_ratio,
        "swell {:.2f}": figures.swell_slope,
    }
    said = [text.format(figure) for text, figure in parts.items() if not math.isnan(figure)]
    return ", ".join(said).replace(", (", " (")
