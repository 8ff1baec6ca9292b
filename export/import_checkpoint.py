"""The published weights, and others trained by the same code, as model bundles."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PureWindowsPath

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.export import Description, export_network, titled
from export.reference_run import DomainWeights, ReferenceRun, Which
from export.scope import NOTHING_STATED, StatedScope
from umtn_core.audio.read import read_audio
from umtn_core.bundle import TrainingSource
from umtn_core.bundle.manifest import DOMAIN_NAME
from umtn_core.errors import UmtnError
from umtn_core.networks import UniversalMusicTranslationNetwork

#: Licence of the published weights.
LICENCE = "CC-BY-NC-4.0"
#: Stands in the list of names for a domain that is to be left out.
LEFT_OUT = "-"
#: LUFS that recordings of classical music are usually mastered to, about. The run does not say
#: how loud its training audio was.
LOUDNESS = -20.0


def import_checkpoint(
    run: str | Path,
    output: str | Path,
    names: Sequence[str] | None = None,
    *,
    name: str,
    licence: str = LICENCE,
    training_data: str = "not stated",
    which: Which = "best",
    audio: str | Path | None = None,
    loudness: float = LOUDNESS,
    titles: Mapping[str, str] | None = None,
    scope: StatedScope = NOTHING_STATED,
    overwrite: bool = False,
    warn: Callable[[str], None] = warnings.warn,
) -> Path:
    """Turn a run of the published implementation into a model bundle.

    Parameters
    ----------
    run
        The run's folder: ``args.pth`` and one file a domain.
    output
        The folder of the bundle.
    names
        The domains' names, in the run's order; ``-`` leaves one out. None, those of the folders
        that the run was trained on, in small letters.
    name, licence, training_data
        What the manifest says.
    which
        Which of each domain's two files: that of the best epoch, or of the last.
    audio
        A recording for the parity check, and to measure what lower precisions lose; None, a few
        notes made on the spot.
    loudness
        The LUFS that inputs are brought to before they are encoded.
    titles
        What people call the domains.
    scope
        What the network was taught to hear; a run does not say.
    overwrite
        Whether to replace a bundle that is there already.
    warn
        Called with a sentence where the files' encoders differ.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    UmtnError
        If a file is missing, holds more than plain values, or has weights of another shape;
        if the names do not fit the domains, or only a part of the scope is said; or as for
        `export.export.export_network`.
    """
    taught = scope.over(None)
    opened = ReferenceRun.open(run)
    numbers = _numbers(opened, _names(opened) if names is None else names, which)
    # One file's weights at a time: with the optimisers' memory they take hundreds of megabytes.
    network = UniversalMusicTranslationNetwork(opened.shape, list(numbers))
    first: DomainWeights | None = None
    for domain, number in numbers.items():
        weights = opened.weights(number, which)
        _fill(network.decoders[domain], weights.decoder, "decoder", weights.path)
        if first is None:
            first = weights
            _fill(network.encoder, weights.encoder, "encoder", weights.path)
        else:
            _compare_encoders(first, weights, warn)
    description = Description(
        name,
        licence,
        training_data,
        loudness,
        sources=[TrainingSource(source=f"{which} checkpoint of a published run", licence=licence)],
        titles=titled(titles, network.domains),
        context=opened.context,
        scope=taught,
    )
    music, rate = read_audio(audio) if audio is not None else (_few_notes(opened), 16_000)
    what = Path(audio).name if audio is not None else "a few synthesised notes"
    return export_network(network, output, description, music, rate, what=what, overwrite=overwrite)


def _names(run: ReferenceRun) -> list[str]:
    """Name the domains as the run's own folders of audio are called."""
    # PureWindowsPath knows both kinds of slash.
    names = [PureWindowsPath(folder).name.lower() for folder in run.data]
    if len(names) != run.domains or not all(map(re.compile(DOMAIN_NAME).search, names)):
        raise UmtnError(
            f"{run.folder} does not say what its {run.domains} domains are called; name them, in "
            "the order in which they were trained."
        )
    return names


def _numbers(run: ReferenceRun, names: Sequence[str], which: Which) -> dict[str, int]:
    """Number each named domain, and see that all files are there."""
    if len(names) != run.domains:
        raise UmtnError(
            f"{run.folder} was trained on {run.domains} domains, but {len(names)} names were "
            f"given; name each in the run's order, with {LEFT_OUT} for one to leave out."
        )
    strange = [n for n in names if n != LEFT_OUT and not re.fullmatch(DOMAIN_NAME, n)]
    if strange:
        raise UmtnError(
            f"{strange[0]!r} cannot name a domain; write up to 64 letters, digits, - and _."
        )
    numbers = {name: number for number, name in enumerate(names) if name != LEFT_OUT}
    if len(numbers) < len(names) - list(names).count(LEFT_OUT):
        raise UmtnError("Two domains have the same name; give each its own.")
    if not numbers:
        raise UmtnError("All domains are left out; name at least one.")
    present = run.present(which)
    missing = [f"{which}model_{n}.pth ({name})" for name, n in numbers.items() if n not in present]
    if missing:
        raise UmtnError(
            f"{run.folder} lacks {', '.join(missing)}; fetch what is missing, or put {LEFT_OUT} "
            "for the domain's name to leave it out."
        )
    return numbers


@torch.no_grad()
def _fill(module: nn.Module, state: Mapping[str, Tensor], part: str, path: Path) -> None:
    """Copy weights into a module, if they are all there and of its shape."""
    wanted = module.state_dict()
    missing, unknown = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    if missing or unknown:
        which = f"lacks {missing[0]}" if missing else f"has {unknown[0]}, which is not known"
        raise UmtnError(f"The {part} in {path} {which}: it is not the network that args.pth says.")
    for name, value in wanted.items():
        found = state[name]
        if not isinstance(found, Tensor) or found.shape != value.shape:
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise UmtnError(
                f"In {path}, {name} of the {part} has the shape {shape}, where args.pth asks for "
                f"{tuple(value.shape)}."
            )
        if not torch.isfinite(found).all():
            raise UmtnError(f"In {path}, {name} of the {part} holds values that are not numbers.")
    module.load_state_dict({name: state[name] for name in wanted})


def _compare_encoders(
    first: DomainWeights, other: DomainWeights, warn: Callable[[str], None]
) -> None:
    """Say so where two domains' files were saved with different encoders.

    Best epochs may differ between domains, and a bundle has one encoder for all.
    """
    worst = max(
        float((other.encoder[name] - weight).abs().max() / weight.abs().max().clamp(min=1e-12))
        if name in other.encoder and other.encoder[name].shape == weight.shape
        else float("inf")
        for name, weight in first.encoder.items()
    )
    if worst > 1e-6:
        warn(
            f"{other.path.name} was saved with another encoder than {first.path.name} (weights "
            f"differ by up to {worst:.1g}, relative); the bundle has that of {first.path.name}. "
            "The files of the last epoch share one."
        )


def _few_notes(run: ReferenceRun) -> NDArray[np.float32]:
    """Make plucked notes for the parity check: float32, (1, samples) at 16 kHz."""
    samples = max(16_000, 4 * run.shape.hop)
    time = np.arange(samples) / 16_000
    notes = [220.0, 277.2, 329.6, 440.0]
    waves = [
        np.sin(2 * np.pi * frequency * harmonic * time) / harmonic**1.5
        for frequency in notes
        for harmonic in range(1, 6)
    ]
    tune = np.sum(waves, axis=0) * np.exp(-2 * (time % 0.5)) * 0.1
    return tune[None].astype(np.float32)
