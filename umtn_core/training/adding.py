"""Adds domains to a trained network: a new decoder learns, everything else stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import default_collate

from umtn_core.data.store import Store
from umtn_core.errors import UmtnError
from umtn_core.names import the_one_meant
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.training.band_gains import measure_band_gains
from umtn_core.training.checkpoint import PREFIX, load_network, read_checkpoint
from umtn_core.training.objective import losses
from umtn_core.training.segments import SegmentDataset
from umtn_core.training.settings import Machine, Settings

#: Held-out segments of a new domain that the old decoders are judged by.
TRIAL = 16


def adding_settings(
    checkpoint: str | Path, domains: Sequence[str], store: str | Path, output: str | Path
) -> Settings:
    """Make the settings of a run that adds domains: those of the checkpoint's own run.

    What they say of the machine is left out: this may be another one.

    Parameters
    ----------
    checkpoint
        The checkpoint of the trained network.
    domains
        Names of the new domains.
    store
        The store that holds their audio; it need not hold the old ones'.
    output
        The folder of the new run.

    Returns
    -------
    Settings

    Raises
    ------
    UmtnError
        If the checkpoint cannot be read, or a domain is there already or named twice.
    """
    content = read_checkpoint(checkpoint)
    known = list(content.domains)
    for domain in domains:
        if domain in known:
            raise UmtnError(
                f"{checkpoint} cannot be given the domain '{domain}' twice: "
                f"with it, it has {', '.join(known)}."
            )
        known.append(domain)
    return msgspec.structs.replace(
        content.settings,
        store=str(store),
        output=str(output),
        domains=tuple(known),
        only=tuple(domains),
        machine=Machine(),
    )


def nearest_domains(
    checkpoint: str | Path, settings: Settings, named: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Find the old domain that each new one begins as.

    Parameters
    ----------
    checkpoint
        The checkpoint of the trained network.
    settings
        The settings of the run that adds domains.
    named
        Old domain by new one, where somebody chose it.

    Returns
    -------
    dict
        Old domain by new one; where none was named, the one whose decoder predicts the new
        one's held-out audio best.

    Raises
    ------
    UmtnError
        If a named domain is not there, or the store lacks a new one.
    """
    old = read_checkpoint(checkpoint).domains
    named = {
        the_one_meant(domain, settings.only, "new domain", "This run"): the_one_meant(
            like, old, "domain", "The checkpoint"
        )
        for domain, like in (named or {}).items()
    }
    return {
        domain: named.get(domain) or _best(trial(checkpoint, settings, domain))
        for domain in settings.only
    }


def _best(nats: Mapping[str, float]) -> str:
    return min(nats, key=nats.__getitem__)


def grown_weights(
    checkpoint: str | Path, settings: Settings, nearest: Mapping[str, str]
) -> dict[str, Tensor]:
    """Weights of the larger network, each new domain's copied from an old one's.

    The classifier and the spectral heads grow in the same way and are not trained: the
    first has nothing to teach a frozen encoder, and would need the audio of all domains.
    They are there for a later run of all domains together to begin from.

    The gains of the bands are not copied but measured on the new domain. Copied weights then
    see each band about as loud as their own was, and that is where they predict best: of
    twelve pairs of wideband's piano, organ, clarinet and violin, the audio's likelihood was
    better at the start by 0.06 to 2.4 nats a code in ten, and the same within 0.01 in two.
    With copied gains, bands louder than the old domain's were clipped: a band of an organ kept
    4 dB of signal to noise as a clarinet, and 21 dB with its own gains.

    Parameters
    ----------
    checkpoint
        The checkpoint of the trained network.
    settings
        The settings of the run that adds domains.
    nearest
        Old domain that each new one begins as.

    Returns
    -------
    dict
        State of a training module with all domains.

    Raises
    ------
    UmtnError
        If the checkpoint is of other domains or of another shape.
    """
    content = read_checkpoint(checkpoint)
    old = content.domains
    new = tuple(domain for domain in settings.domains if domain not in old)
    if (*old, *new) != settings.domains or new != settings.only:
        raise UmtnError(
            f"The run adds {', '.join(settings.only)} to {', '.join(settings.domains)}, which "
            f"does not fit {checkpoint}: that has {', '.join(old)}."
        )
    if content.settings.network_shape != settings.network_shape:
        raise UmtnError(f"A run that adds domains must keep the shape of {checkpoint}.")
    weights = dict(content.weights)
    for place, domain in enumerate(new, len(old)):
        _copy_domain(weights, old, domain, nearest[domain], place)
        gains = _gains(settings, domain)
        if gains is not None:
            weights[f"{PREFIX}decoders.{domain}.band_gains"] = torch.from_numpy(gains)
    if len(old) == 1:
        # A single domain has no classifier, so there is nothing to grow.
        weights |= _first_classifier(settings)
    return weights


def trial(checkpoint: str | Path, settings: Settings, domain: str) -> dict[str, float]:
    """Judge a network's decoders by how well they predict another domain's audio.

    Each hears the bands at the gains that the new domain is to have, as a copy of it will.

    Parameters
    ----------
    checkpoint
        The checkpoint of the trained network.
    settings
        The settings whose store holds the audio.
    domain
        The domain of that audio; its validation split is used.

    Returns
    -------
    dict
        Nats a sample under teacher forcing, by old domain.
    """
    network, _ = load_network(checkpoint)
    context = settings.context // network.shape.hop
    gains = _gains(settings, domain)
    data = SegmentDataset(settings, (domain,), "valid", None if gains is None else [gains])
    found = dict.fromkeys(network.domains, 0.0)
    with torch.no_grad():
        for number in range(TRIAL):
            batch = default_collate([data[number]])
            for old in network.domains:
                nats = losses(network, batch, context, only=(old,)).reconstruction
                found[old] += float(nats) / TRIAL
    return found


def _gains(settings: Settings, domain: str) -> NDArray[np.float32] | None:
    """The gains of a new domain's own bands; None for a single band."""
    bands = settings.network_shape.bands
    return measure_band_gains(Store.open(settings.store), domain, bands) if bands > 1 else None


def _copy_domain(
    weights: dict[str, Tensor], old: Sequence[str], new: str, like: str, place: int
) -> None:
    """Give a new domain a copy of everything that an old one has for itself."""
    index = old.index(like)
    copied = {
        f"{PREFIX}decoders.{like}.": f"{PREFIX}decoders.{new}.",
        f"spectral_heads.{index}.": f"spectral_heads.{place}.",
    }
    for name, value in list(weights.items()):
        for beginning, other in copied.items():
            if name.startswith(beginning):
                weights[other + name.removeprefix(beginning)] = value.clone()
        if name.startswith(f"{PREFIX}classifier.convs.6."):
            weights[name] = torch.cat([value, value[index : index + 1]])


def _first_classifier(settings: Settings) -> dict[str, Tensor]:
    network = UniversalMusicTranslationNetwork(settings.network_shape, settings.domains)
    return {
        f"{PREFIX}{name}": value
        for name, value in network.state_dict().items()
        if name.startswith("classifier.")
    }
