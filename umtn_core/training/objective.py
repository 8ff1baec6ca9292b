"""The training objective (paper, Section 3.2, Eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.networks.bfloat16_decoder import decoder_nats
from umtn_core.networks.bfloat16_encoder import encode
from umtn_core.training.segments import Segment


class Losses(NamedTuple):
    """The terms of one batch; D domains.

    Attributes
    ----------
    reconstruction : Tensor[D]
        Cross-entropy in nats a sample, of each domain in the batch.
    confusion : Tensor[]
        The classifier's loss as the encoder sees it (gradients reach the encoder only).
    classification : Tensor[]
        The same as the classifier sees it (gradients reach the classifier only).
    accuracy : Tensor[]
        Share of segments whose domain the classifier names.
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
    segment: Segment,
    context: int,
    spectral_heads: nn.ModuleList | None = None,
    only: Sequence[str] = (),
    by_hand: bool = True,
) -> Losses:
    """All terms of the objective for one batch.

    Parameters
    ----------
    network
        In training or evaluation.
    segment
        A batch: as `Segment`, with a batch axis in front.
    context
        Latent frames of context at each end of what was heard.
    spectral_heads
        One head a domain, or None.
    only
        The batch's domains, if those are not all of the network's: decoders alone are
        scored then, since a classifier that hears some domains only learns nothing.
    by_hand
        Whether mixed precision on a processor takes the passes that are written out for it,
        which give the same but for rounding.

    Returns
    -------
    Losses
    """
    batch, domains = segment.target.shape[:2]
    heard = segment.heard.flatten(0, 1)
    by_hand = by_hand and heard.device.type == "cpu" and torch.is_autocast_enabled("cpu")
    if by_hand:
        latents = encode(network.encoder, heard, context)
    else:
        latents = network.encoder(heard).float()
        latents = latents[:, :, context : latents.shape[-1] - context]
    latents = latents.unflatten(0, (batch, domains))

    reconstruction = []
    spectral = latents.new_zeros(())
    for d, domain in enumerate(only or network.domains):
        decoder, past, target = network.decoders[domain], segment.past[:, d], segment.target[:, d]
        # Averaged by segment first: then processes that share a batch agree with one.
        counted = segment.scored[:, d]
        if by_hand:
            weight = counted / counted.sum(1, keepdim=True).clamp(min=1) / batch
            reconstruction.append(decoder_nats(decoder, past, latents[:, d], target, weight))
        else:
            logits = decoder.score(past, latents[:, d])
            nats = F.cross_entropy(
                logits.flatten(0, 1).float(), target.flatten(), reduction="none"
            ).view_as(target)
            by_segment = (nats * counted).sum(1) / counted.sum(1).clamp(min=1)
            reconstruction.append(by_segment.mean())
        if spectral_heads is not None:
            error = spectral_heads[d](latents[:, d]).float() - segment.spectrum[:, d]
            spectral = spectral + error.abs().mean() / domains

    zero = latents.new_zeros(())
    confusion = classification = accuracy = zero
    if network.classifier is not None and not only:
        truth = torch.arange(domains, device=latents.device).repeat(batch)
        flat = latents.flatten(0, 1)
        named = network.classifier(flat.detach()).float()
        classification = F.cross_entropy(named, truth)
        accuracy = (named.argmax(1) == truth).float().mean()
        # One backward pass serves both players: here the classifier's weights are constants.
        frozen = {name: weight.detach() for name, weight in network.classifier.named_parameters()}
        confusion = F.cross_entropy(
            functional_call(network.classifier, frozen, (flat,)).float(), truth
        )
    return Losses(torch.stack(reconstruction), confusion, classification, accuracy, spectral)
