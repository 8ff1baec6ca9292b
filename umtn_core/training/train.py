"""Starts and resumes training runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import lightning as L
import msgspec
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger

from umtn_core.child_python import safe_spawning
from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.networks.encoder import standardise_latent
from umtn_core.training.adding import grown_weights, nearest_domains
from umtn_core.training.audio_log import Listening
from umtn_core.training.band_gains import set_band_gains
from umtn_core.training.bar import Bar
from umtn_core.training.checkpoint import read_checkpoint
from umtn_core.training.datamodule import Segments
from umtn_core.training.devices import check_devices, training_device
from umtn_core.training.guards import Averaging, Checkpoints, TimeLimit
from umtn_core.training.judging import Judging
from umtn_core.training.loader_share import Timing
from umtn_core.training.module import LOOK, TrainingModule
from umtn_core.training.playing import Player, by_pytorch
from umtn_core.training.precision import chosen_precision
from umtn_core.training.reporting import Reporting
from umtn_core.training.segments import SegmentDataset
from umtn_core.training.settings import Settings, write_settings

LAST = "last.ckpt"
#: Segments that the first scale of the latent is measured on.
CALIBRATION = 16


def train(
    settings: Settings,
    *,
    start: str | Path | None = None,
    nearest: Mapping[str, str] | None = None,
    max_minutes: float | None = None,
    progress: bool = True,
    say: Callable[[str], None] | None = None,
    play: Player = by_pytorch,
) -> Path:
    """Train until the settings' last step, going on from the last checkpoint if there is one.

    Parameters
    ----------
    settings
        The settings of the run; checked.
    start
        A checkpoint whose weights a new run begins with; of the same shape and domains.
        Where the settings add domains (``only``), it has all others.
    nearest
        The old domain whose decoder each added one begins as; where none is named, the one that
        predicts its audio best.
    max_minutes
        The minutes after which to stop, cooled down, with a checkpoint to go on from; they go
        before the settings' own ``minutes``.
    progress
        Whether to draw a progress bar.
    say
        What is told, in sentences, what the run expects and how far it is.
    play
        Plays what is listened to and judged.

    Returns
    -------
    Path
        The last checkpoint.

    Raises
    ------
    UmtnError
        If the machine lacks a device, or the store a domain or has too little of it, or the loss
        stops being a number.
    """
    # The first: its clock counts from here.
    limits = _limits(settings, max_minutes)
    output = Path(settings.output)
    check_devices(settings.machine)
    domains = _domains(settings)
    # Opened once before anything is written: what cannot be trained on is named now, and not
    # at the first validation.
    for split in ("train", "valid"):
        SegmentDataset(settings, settings.only or domains, split)
    output.mkdir(parents=True, exist_ok=True)
    write_settings(settings, output / "settings.yaml")
    last = output / LAST
    if settings.machine.threads:
        torch.set_num_threads(settings.machine.threads)
    L.seed_everything(settings.seed, workers=True, verbose=False)
    module = TrainingModule(msgspec.to_builtins(settings), domains)
    resume = last if last.exists() else None
    if resume is None:
        _first_weights(module, settings, start, nearest or {})
    callbacks: list[Callback] = [*limits]
    if say is not None:
        callbacks.append(Reporting(say, settings))
    if settings.listen_every:
        callbacks.append(Listening(settings.listen_every, settings.listen_seconds, play))
    if settings.judge_every:
        # The last: of what writes checkpoints, it takes longest.
        callbacks.append(
            Judging(output, settings.judge_every, settings.judge_seconds, say, play=play)
        )
    trainer = _trainer(settings, module.optimiser_count, callbacks, progress)
    data = Segments(settings, module.trained)
    with safe_spawning():
        trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    return last


def _limits(settings: Settings, max_minutes: float | None) -> list[TimeLimit]:
    """The clock that the run ends by, if it does."""
    if max_minutes is not None:
        return [TimeLimit(max_minutes)]
    return [TimeLimit(settings.minutes, over_all=True)] if settings.minutes else []


def _domains(settings: Settings) -> tuple[str, ...]:
    present = Store.open(settings.store).domains
    missing = [name for name in settings.only or settings.domains if name not in present]
    if missing:
        raise UmtnError(
            f"The store {settings.store} has no domain '{missing[0]}': it has {', '.join(present)}."
        )
    return settings.domains or present


def _first_weights(
    module: TrainingModule,
    settings: Settings,
    checkpoint: str | Path | None,
    nearest: Mapping[str, str],
) -> None:
    """Give a new run another one's weights, or a latent of sensible scale."""
    if checkpoint is None:
        if settings.only:
            raise UmtnError("Domains can only be added to a trained network: name its checkpoint.")
        set_band_gains(module.network, Store.open(settings.store))
        # The same clips in every process, so that all begin with the same weights.
        clips = SegmentDataset(settings, module.trained, "train", module.band_gains)
        heard = torch.cat([clips[number].heard for number in range(CALIBRATION)])
        standardise_latent(module.network.encoder, heard)
        return
    if settings.only:
        like = nearest_domains(checkpoint, settings, nearest)
        weights = grown_weights(checkpoint, settings, like)
    else:
        weights = read_checkpoint(checkpoint).weights
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        raise UmtnError(
            f"The run cannot begin from {checkpoint}, which has another shape, other domains or "
            "another spectral aid: set them as there, or begin anew."
        ) from error


def _trainer(
    settings: Settings, optimisers: int, more: list[Callback], progress: bool
) -> L.Trainer:
    machine, output = settings.machine, Path(settings.output)
    callbacks: list[Callback] = [
        Checkpoints(output / LAST, settings.checkpoint_minutes),
        Timing(),
    ]
    if settings.optimiser.average:
        callbacks.append(Averaging(settings.optimiser.average))
    callbacks.extend(more)
    if progress:
        # What a bar shows of a GPU it has to wait for.
        on_gpu = training_device(machine).type != "cpu"
        callbacks.append(Bar(refresh_rate=LOOK if on_gpu else 1))
    return L.Trainer(
        accelerator=machine.accelerator,
        devices=machine.devices or "auto",
        num_nodes=machine.nodes,
        strategy=machine.strategy,
        precision=chosen_precision(machine),
        max_epochs=-1,
        # Lightning counts the steps of each optimiser.
        max_steps=settings.steps * optimisers,
        val_check_interval=settings.validate_every,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        log_every_n_steps=50,
        logger=TensorBoardLogger(output, name="", version="log"),
        callbacks=callbacks,
        enable_progress_bar=progress,
        enable_model_summary=False,
        use_distributed_sampler=False,
        default_root_dir=output,
    )
