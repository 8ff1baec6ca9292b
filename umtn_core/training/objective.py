"""The training objective (paper, Section 3.2, Eq. 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from umtn_core.networks import Decoder, DomainClassifier, UniversalMusicTranslationNetwork, stacked
from umtn_core.networks.bfloat16_decoder import decoder_nats
from umtn_core.networks.bfloat16_encoder import encode
from umtn_core.training.segments import TrainingSegment

#: Scores all decoders at once, as `umtn_core.networks.stacked.score` does.
Scorer = Callable[[Sequence[Decoder], Tensor, Tensor], Tensor]


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
        What scores the decoders, all together. Left out, it is what the device does fastest,
        and all of that gives the same but for rounding: on a GPU all together, on a processor
        one after the other, which in mixed precision takes the passes written out by hand.
    band_weights : Tensor[bands], optional
        How much the codes of each band count, 1 on average.

    Returns
    -------
    Losses
    """
    segment = segment.widened()
    # What a processor does in mixed precision.
    by_hand = not score and segment.heard.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    latents = _latents(network, segment, context, by_hand)
    decoders = [network.decoders[domain] for domain in only or network.domains]
    weighed = segment.scored.float()
    if band_weights is not None:
        weighed = weighed * band_weights.repeat(weighed.shape[-1] // len(band_weights))
    if score is None and segment.heard.device.type == "cuda":
        score = stacked.score
    if by_hand:
        reconstruction = _nats_by_hand(decoders, segment, latents, weighed)
    elif score is not None:
        logits = score(decoders, segment.past, latents)
        reconstruction = _nats(logits, segment.target.transpose(0, 1), segment.scored, weighed)
    else:
        reconstruction = _nats_in_turn(decoders, segment, latents, weighed)
    spectral = _spectral(spectral_heads or (), segment, latents)
    confusion = classification = accuracy = latents.new_zeros(())
    if network.classifier is not None and not only:
        confusion, classification, accuracy = _classified(network.classifier, latents)
    return Losses(reconstruction, confusion, classification, accuracy, spectral)


def _latents(
    network: UniversalMusicTranslationNetwork, segment: TrainingSegment, context: int, by_hand: bool
) -> Tensor:
    """What the encoder makes of a batch, without the context: Tensor[B x D x Z x F], float32."""
    heard = segment.heard.flatten(0, 1)
    if by_hand:
        latents = encode(network.encoder, heard, context)
    else:
        latents = network.encoder(heard).float()
        latents = latents[:, :, context : latents.shape[-1] - context]
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


def _nats(logits: Tensor, target: Tensor, scored: Tensor, weighed: Tensor) -> Tensor:
    """Nats a sample of each domain, averaged by segment first: Tensor[D].

    So processes that share a batch agree with one.

    Parameters
    ----------
    logits : Tensor[D x B x T x 256]
    target : Tensor[D x B x T], int64
    scored : Tensor[B x D x T], bool
    weighed : Tensor[B x D x T]
        How much each code that is scored counts; 1 on average.
    """
    nats = F.cross_entropy(
        logits.flatten(0, 2).float(), target.flatten(), reduction="none"
    ).view(target.shape)  # fmt: skip
    counted = scored.transpose(0, 1).sum(2).clamp(min=1)
    return ((nats * weighed.transpose(0, 1)).sum(2) / counted).mean(1)


def _nats_in_turn(
    decoders: Sequence[Decoder], segment: TrainingSegment, latents: Tensor, weighed: Tensor
) -> Tensor:
    """The same, one decoder after the other, each by its own `Decoder.score`."""
    return torch.cat([
        _nats(
            decoder.score(segment.past[:, d], latents[:, d])[None],
            segment.target[None, :, d], segment.scored[:, d, None], weighed[:, d, None],
        )
        for d, decoder in enumerate(decoders)
    ])  # fmt: skip


def _nats_by_hand(
    decoders: Sequence[Decoder], segment: TrainingSegment, latents: Tensor, weighed: Tensor
) -> Tensor:
    """The same, by the passes that are written out for a processor."""
    found = []
    for d, decoder in enumerate(decoders):
        counted = segment.scored[:, d]
        weight = weighed[:, d] / counted.sum(1, keepdim=True).clamp(min=1) / len(counted)
        found.append(
            decoder_nats(decoder, segment.past[:, d], latents[:, d], segment.target[:, d], weight)
        )
    return torch.stack(found)
