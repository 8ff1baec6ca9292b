"""The training objective (paper, Section 3.2, Eq. 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from umtn_core.networks import (
    Decoder,
    DomainClassifier,
    UniversalMusicTranslationNetwork,
    bfloat16_encoder,
    stacked,
    stacked_bfloat16,
)
from umtn_core.networks.bfloat16_decoder import decoder_nats
from umtn_core.training.segments import TrainingSegment

#: Makes the loss of all decoders at once, as `umtn_core.networks.stacked.nats` does.
Scorer = Callable[[Sequence[Decoder], Tensor, Tensor, Tensor, Tensor], Tensor]


class Losses(NamedTuple):
    """The terms of one batch; D domains.

    Attributes
    ----------
    reconstruction : Tensor[D]
        Cross-entropy in nats a sample, of each domain in the batch; weighed by bands, if at all.
    confusion : Tensor[]
        The classifier's loss as the encoder sees it (gradients reach the encoder only).
    classification : Tensor[]
        The same as the classifier sees it (gradients reach the classifier only).
    accuracy : Tensor[]
        The share of segments whose domain the classifier names.
    spectral : Tensor[]
        Error of the spectral aid; 0 without one.
    """

    reconstruction: Tensor
    confusion: Tensor
    classification: Tensor
    accuracy: Tensor
    spectral: Tensor


def losses(
    network: UniversalMusicTranslationNetwork,
    segment: TrainingSegment,
    context: int,
    spectral_heads: nn.ModuleList | None = None,
    only: Sequence[str] = (),
    score: Scorer | None = None,
    band_weights: Tensor | None = None,
    encode: Callable[[Tensor], Tensor] | None = None,
) -> Losses:
    """All terms of the objective for one batch.

    Parameters
    ----------
    network
        In training or evaluation.
    segment
        A batch: as `TrainingSegment`, with a batch axis in front.
    context
        Latent frames of context at each end of what was heard.
    spectral_heads
        One head a domain, or None.
    only
        The batch's domains, if those are not all of the network's: decoders alone are
        scored then, since a classifier that hears some domains only learns nothing.
    score
        What makes the loss of the decoders, all together. Left out, it is what the device does
        fastest, and all of that gives the same but for rounding: on a GPU all together, on a
        processor one after the other, and in bfloat16 by passes written out by hand for either.
    band_weights : Tensor[bands], optional
        How much the codes of each band count, 1 on average.
    encode
        What encodes, as the network's encoder does; left out, that.

    Returns
    -------
    Losses
    """
    segment = segment.widened()
    # What a processor does in mixed precision.
    by_hand = segment.heard.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    if by_hand and score is None and encode is None:
        latents = _latents_by_hand(network, segment, context)
    else:
        latents = _latents(encode or network.encoder, segment, context)
    decoders = [network.decoders[domain] for domain in only or network.domains]
    reckoned = score or _scorer(segment.heard.device)
    reconstruction = reckoned(
        decoders, segment.past, latents, segment.target, _weights(segment.scored, band_weights)
    )
    spectral = _spectral(spectral_heads or (), segment, latents)
    confusion = classification = accuracy = latents.new_zeros(())
    if network.classifier is not None and not only:
        confusion, classification, accuracy = _classified(network.classifier, latents)
    return Losses(reconstruction, confusion, classification, accuracy, spectral)


def _latents(encode: Callable[[Tensor], Tensor], segment: TrainingSegment, context: int) -> Tensor:
    """What the encoder makes of a batch, without the context: Tensor[B x D x Z x F], float32."""
    latents = encode(segment.heard.flatten(0, 1)).float()
    latents = latents[:, :, context : latents.shape[-1] - context]
    return torch.unflatten(latents, 0, segment.heard.shape[:2])


def _latents_by_hand(
    network: UniversalMusicTranslationNetwork, segment: TrainingSegment, context: int
) -> Tensor:
    """The same, by the pass that is written out for a processor."""
    heard = segment.heard.flatten(0, 1)
    latents = bfloat16_encoder.encode(network.encoder, heard, context)
    return torch.unflatten(latents, 0, segment.heard.shape[:2])


def _spectral(heads: Iterable[nn.Module], segment: TrainingSegment, latents: Tensor) -> Tensor:
    """The mean absolute error of the spectra that the heads read off the latents; 0 of none."""
    domains = latents.shape[1]
    total = latents.new_zeros(())
    for d, head in enumerate(heads):
        error = head(latents[:, d]).float() - segment.spectrum[:, d]
        total = total + error.abs().mean() / domains
    return total


def _classified(classifier: DomainClassifier, latents: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Confusion, classification and accuracy: the classifier's part of `Losses`."""
    batch, domains = latents.shape[:2]
    truth = torch.arange(domains, device=latents.device).repeat(batch)
    flat = latents.flatten(0, 1)
    named = classifier(flat.detach()).float()
    classification = F.cross_entropy(named, truth)
    accuracy = (named.argmax(1) == truth).float().mean()
    # One backward pass serves both players: here the classifier's weights are constants.
    frozen = {name: weight.detach() for name, weight in classifier.named_parameters()}
    confusion = F.cross_entropy(functional_call(classifier, frozen, (flat,)).float(), truth)
    return confusion, classification, accuracy


def _scorer(device: torch.device) -> Scorer:
    """What makes the loss of all decoders fastest on a device, at the precision of the moment."""
    kind = device.type
    half = torch.is_autocast_enabled(kind) and torch.get_autocast_dtype(kind) == torch.bfloat16
    if kind == "cuda":
        return stacked_bfloat16.nats if half else stacked.nats
    return _nats_by_hand if kind == "cpu" and half else _nats_in_turn


def _weights(scored: Tensor, band_weights: Tensor | None) -> Tensor:
    """How much each code counts in its domain's loss: Tensor[B x D x T], from bool.

    Losses are averaged by segment first, so that processes that share a batch agree with one.
    """
    weighed = scored / (scored.sum(2, keepdim=True).clamp(min=1) * len(scored))
    if band_weights is None:
        return weighed
    return weighed * band_weights.repeat(scored.shape[-1] // len(band_weights))


def _nats_in_turn(
    decoders: Sequence[Decoder], past: Tensor, latents: Tensor, target: Tensor, weight: Tensor
) -> Tensor:
    """As `umtn_core.networks.stacked.nats`, one decoder after the other by `Decoder.score`."""
    found = []
    for d, decoder in enumerate(decoders):
        scores = decoder.score(past[:, d], latents[:, d]).flatten(0, 1).float()
        nats = F.cross_entropy(scores, target[:, d].flatten(), reduction="none")
        found.append((nats * weight[:, d].flatten()).sum())
    return torch.stack(found)


def _nats_by_hand(
    decoders: Sequence[Decoder], past: Tensor, latents: Tensor, target: Tensor, weight: Tensor
) -> Tensor:
    """The same, by the passes that are written out for a processor."""
    return torch.stack([
        decoder_nats(decoder, past[:, d], latents[:, d], target[:, d], weight[:, d])
        for d, decoder in enumerate(decoders)
    ])  # fmt: skip
