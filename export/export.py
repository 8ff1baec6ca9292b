"""Export of a trained network to a model bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from torch import nn

from export.extending import Extended
from export.graphs import conditioner_graph, decoder_step_graph, encoder_graph, postfilter_graph
from export.parity import LIMIT, measure
from export.precisions import measure_precisions
from export.scope import NOTHING_STATED, StatedScope
from export.training_data import Excerpt, TrainingAudio
from umtn_core.audio.read import read_audio
from umtn_core.bundle import Bundle, Domain, Manifest, Precisions, TrainingSource, write_bundle
from umtn_core.bundle.manifest import (
    ENCODER,
    SCHEMA,
    conditioner_file,
    decoder_file,
    postfilter_file,
)
from umtn_core.bundle.scope import Scope
from umtn_core.errors import UmtnError
from umtn_core.names import the_one_meant
from umtn_core.networks import Decoder, UniversalMusicTranslationNetwork
from umtn_core.networks.postfilter import PostfilterNetwork
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.training.checkpoint import load_network
from umtn_core.training.postfilter_file import read_postfilters
from umtn_core.training.settings import Settings

NOT_STATED = "not stated"

#: What lower precisions are measured on unless a recording is named, in words.
OWN_MUSIC = "from the store's validation files, each domain's own where it has any"


@dataclass(frozen=True)
class Description:
    """What a bundle's manifest says beyond what the network itself tells.

    Parameters
    ----------
    name
        What the model is called.
    licence
        The licence of the weights.
    training_data
        What it was trained on, in words.
    reference_loudness
        The loudness of the training audio, in LUFS.
    sources
        What it was trained on, in detail.
    temperature
        The temperature of sampling where nobody asks for another.
    band_temperatures
        What the temperature of each band is multiplied by; none, by 1.
    titles
        What people call the domains, where that is not the name.
    quality
        Figures measured on held-out music, if there are any yet;
        `umtn_core.bundle.amend_manifest` adds them later.
    postfilters
        Forms of those post-filters, by domain, whose graphs are taken as they are.
    context
        Samples, at the decoders' rate, of the longest excerpt that they were trained on; None
        where nobody knows.
    scope
        What the network was taught to hear; None where nobody knows.
    """

    name: str
    licence: str
    training_data: str
    reference_loudness: float
    sources: Sequence[TrainingSource] = ()
    temperature: float = 1.0
    band_temperatures: Sequence[float] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    postfilters: Mapping[str, PostfilterShape] = field(default_factory=dict)
    context: int | None = None
    scope: Scope | None = None


def export_checkpoint(
    checkpoint: str | Path,
    output: str | Path,
    *,
    name: str,
    licence: str | None = None,
    training_data: str | None = None,
    audio: str | Path | None = None,
    store: str | Path | None = None,
    temperature: float | None = None,
    band_temperatures: Sequence[float] | None = None,
    titles: Mapping[str, str] | None = None,
    extends: str | Path | None = None,
    postfilter: str | Path | None = None,
    scope: StatedScope = NOTHING_STATED,
    overwrite: bool = False,
) -> Path:
    """Turn a checkpoint of a training run into a model bundle.

    Parameters
    ----------
    checkpoint
        The run's checkpoint.
    output
        The folder of the bundle.
    name, licence, training_data
        What the manifest says, see `Description`; the last two are by default those of the
        extended bundle, or not stated.
    audio
        A recording for the parity check; None takes a validation file of the store.
    store
        The store that the network was trained on, for the loudness and licences of its audio;
        None, the one that the run's settings name.
    temperature
        The temperature of sampling where nobody asks for another; by default the extended
        bundle's, or 1.
    band_temperatures
        What the temperature of each band is multiplied by; by default the extended bundle's,
        or 1.
    titles
        What people call the domains.
    extends
        Bundle of the network that the run added domains to. Its graphs, its loudness and
        its figures stay as they are, and the store need hold the added domains only.
    postfilter
        File of trained post-filters, for those of the model's domains that it has. Of an
        extended bundle, only the added domains take theirs from it.
    scope
        What the network was taught to hear, where that is to be said otherwise than the extended
        bundle does, or the recipe of a synthetic store.
    overwrite
        Whether to replace a bundle that is there already.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    UmtnError
        If the checkpoint, store or audio cannot be read, the graphs do not do what the
        network does, or the bundle cannot be written.
    """
    network, info = load_network(checkpoint)
    old = Extended(extends, network) if extends is not None else None
    new_domains = network.domains if old is None else old.added
    trained_on = TrainingAudio.open(store or info.settings.store, new_domains)
    if band_temperatures is not None:
        _check_band_temperatures(band_temperatures, network.shape.bands)
    if old is None:
        described = _of_its_own(name, trained_on, info.settings)
    else:
        described = _as_extended(name, trained_on, old)
    described = replace(
        described,
        licence=licence or described.licence,
        training_data=training_data or described.training_data,
        temperature=described.temperature if temperature is None else temperature,
        band_temperatures=(
            described.band_temperatures if band_temperatures is None else band_temperatures
        ),
        titles={**described.titles, **titled(titles, network.domains)},
        scope=scope.over(described.scope),
    )
    filters = {}
    if postfilter is not None:
        filters = _postfilters(postfilter, new_domains, network.shape.output_rate)
    own = trained_on.excerpts() if audio is None else {}
    music, rate = read_audio(audio) if audio is not None else next(iter(own.values()))
    return export_network(
        network,
        output,
        described,
        music,
        rate,
        old.graphs() if old is not None else {},
        what=Path(audio).name if audio is not None else OWN_MUSIC,
        own=own,
        known=old.manifest.precisions if old is not None else None,
        postfilters=filters,
        overwrite=overwrite,
    )


def export_network(
    network: UniversalMusicTranslationNetwork,
    output: str | Path,
    description: Description,
    audio: NDArray[np.float32],
    sample_rate: int,
    kept: Mapping[str, bytes] | None = None,
    *,
    what: str = "not stated",
    own: Mapping[str, Excerpt] | None = None,
    known: Precisions | None = None,
    postfilters: Mapping[str, PostfilterNetwork] | None = None,
    overwrite: bool = False,
) -> Path:
    """Turn a network into a model bundle, if its graphs do what PyTorch does.

    Parameters
    ----------
    network
        The trained network.
    output
        The folder of the bundle.
    description
        The rest of its manifest.
    audio : float32 array (channels, samples)
        Real music for the parity check, and to measure what lower precisions lose.
    sample_rate
        The sample rate of ``audio`` in hertz.
    kept
        Graphs, by file name, to be taken as they are; checked like the others.
    what
        What ``audio`` is, in words, for the manifest.
    own
        Music of some domains, by name, to measure their decoders' precisions with instead.
    known
        What lower precisions lose with the kept graphs' decoders; not measured again.
    postfilters
        The post-filters of some domains, by name, for audio at the decoders' rate.
    overwrite
        Whether to replace a bundle that is there already.

    Returns
    -------
    Path
        The bundle's folder.

    Raises
    ------
    UmtnError
        If the graphs differ from the network by more than 1e-4, relative, or the bundle
        cannot be written; nothing is written then.
    """
    network = network.float().cpu().eval()
    filters = dict(postfilters or {})
    graphs = {**bundle_graphs(network), **postfilter_graphs(filters), **(kept or {})}
    manifest = _manifest(network, description, filters)
    bundle = Bundle.in_memory(manifest, graphs)
    parity = measure(network, bundle, audio, sample_rate, filters)
    if not parity.worst <= LIMIT:  # NaN must not pass either
        raise UmtnError(
            f"The exported graphs differ from the network by {parity.worst:.2g}, relative, where "
            f"{LIMIT:.0e} is allowed, so nothing was written: the weights may be damaged"
            f"{', or are not those of the extended bundle' if kept else ''}."
        )
    precisions = measure_precisions(bundle, audio, sample_rate, what, own, known)
    manifest = msgspec.structs.replace(manifest, parity=parity.figures(), precisions=precisions)
    return write_bundle(output, manifest, graphs, overwrite=overwrite)


def bundle_graphs(network: UniversalMusicTranslationNetwork) -> dict[str, bytes]:
    """All graphs of a network's bundle: contents by file name."""
    shape = network.shape
    graphs = {ENCODER: encoder_graph(shape, _parameters(network.encoder)).SerializeToString()}
    for domain in network.domains:
        weights = _parameters(network.decoders[domain])
        graphs[conditioner_file(domain)] = conditioner_graph(shape, weights).SerializeToString()
        graphs[decoder_file(domain)] = decoder_step_graph(shape, weights).SerializeToString()
    return graphs


def postfilter_graphs(networks: Mapping[str, PostfilterNetwork]) -> dict[str, bytes]:
    """Graphs of post-filters: contents by file name."""
    return {
        postfilter_file(domain): postfilter_graph(
            network.shape, _parameters(network)
        ).SerializeToString()
        for domain, network in networks.items()
    }


def _check_band_temperatures(factors: Sequence[float], bands: int) -> None:
    if len(factors) not in (0, bands):
        raise UmtnError(
            f"There are {len(factors)} band temperatures, but the network has {bands} bands: "
            "give one for each, or none."
        )


def _of_its_own(name: str, trained_on: TrainingAudio, settings: Settings) -> Description:
    """Say of a new bundle what there is to say if nobody says more."""
    gain = (settings.gain_quietest + settings.gain_loudest) / 2
    return Description(
        name=name,
        licence=NOT_STATED,
        training_data=NOT_STATED,
        reference_loudness=trained_on.loudness(gain),
        sources=trained_on.sources(),
        context=_excerpt_made(settings),
        scope=trained_on.scope(),
    )


def _excerpt_made(settings: Settings) -> int:
    """Count the samples that decoders are taught to make at a time, at their rate."""
    shape = settings.network_shape
    return settings.segment // shape.hop * shape.output_hop


def _as_extended(name: str, trained_on: TrainingAudio, old: Extended) -> Description:
    """Say of a bundle what the one that it extends says, and what its new domains come from."""
    said = old.manifest
    return Description(
        name=name,
        licence=said.licence,
        training_data=said.training_data,
        reference_loudness=said.reference_loudness,
        sources=trained_on.sources(said.sources),
        temperature=said.temperature,
        band_temperatures=said.band_temperatures,
        titles=old.titles,
        quality=said.quality,
        postfilters=old.postfilters,
        context=said.context,
        scope=said.scope,
    )


def titled(titles: Mapping[str, str] | None, domains: Sequence[str]) -> dict[str, str]:
    """Give titles by the domains' own names, however somebody wrote these.

    Raises
    ------
    UmtnError
        If there is no such domain.
    """
    return {
        the_one_meant(name, domains, "domain", "The network"): title
        for name, title in (titles or {}).items()
    }


def _postfilters(
    path: str | Path, domains: Sequence[str], output_rate: int
) -> dict[str, PostfilterNetwork]:
    """Read the post-filters of some domains, if they fit a network."""
    found = read_postfilters(path)
    if found.sample_rate != output_rate:
        raise UmtnError(
            f"The post-filters in {path} are for audio at {found.sample_rate} Hz, but the network "
            f"makes {output_rate} Hz: train some on a store at that rate."
        )
    chosen = {name: found.networks[name] for name in domains if name in found.networks}
    if not chosen:
        raise UmtnError(
            f"{path} has post-filters for {', '.join(found.networks)}, "
            f"but they would be for {', '.join(domains)}."
        )
    return chosen


def _parameters(module: nn.Module) -> dict[str, NDArray[np.float32]]:
    return {name: value.detach().numpy() for name, value in module.state_dict().items()}


def _gains(network: UniversalMusicTranslationNetwork, domain: str) -> tuple[float, ...]:
    """The gains of a decoder's bands."""
    decoder = network.decoders[domain]
    assert isinstance(decoder, Decoder)
    return decoder.coding.gains


def _manifest(
    network: UniversalMusicTranslationNetwork,
    description: Description,
    postfilters: Mapping[str, PostfilterNetwork],
) -> Manifest:
    shapes = {domain: each.shape for domain, each in postfilters.items()}
    shapes |= description.postfilters
    return Manifest(
        schema=SCHEMA,
        name=description.name,
        domains=tuple(
            Domain(name, description.titles.get(name), _gains(network, name), shapes.get(name))
            for name in network.domains
        ),
        shape=network.shape,
        licence=description.licence,
        training_data=description.training_data,
        sources=tuple(description.sources),
        reference_loudness=description.reference_loudness,
        temperature=description.temperature,
        band_temperatures=tuple(description.band_temperatures),
        context=description.context,
        scope=description.scope,
        quality=dict(description.quality),
        files={},
    )
