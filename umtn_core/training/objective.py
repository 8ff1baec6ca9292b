"""The training objective (paper, Section 3.2, Eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from umtn_core.networks import UniversalMusicTranslationNetwork
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

    Returns
    -------
    Losses
    """
    batch, domains = segment.target.shape[:2]
    latents = network.encoder(segment.heard.flatten(0, 1)).float()
    frames = latents.shape[-1]
    latents = latents[:, :, context : frames - context].unflatten(0, (batch, domains))

    reconstruction = []
    spectral = latents.new_zeros(())
    for d, domain in enumerate(only or network.domains):
        logits = network.decoders[domain].score(segment.past[:, d], latents[:, d])
        target = segment.target[:, d]
        nats = F.cross_entropy(
            logits.flatten(0, 1).float(), target.flatten(), reduction="none"
        ).view_as(target)
        # Averaged by segment first: then processes that share a batch agree with one.
        counted = segment.scored[:, d]
        reconstruction.append(((nats * counted).sum(1) / counted.sum(1).clamp(min=1)).mean())
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
