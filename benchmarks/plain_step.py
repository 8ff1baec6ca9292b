"""The training step as one writes it down first: what ours is measured and checked against.

Eq. 1 of the paper with everything as `torch.nn.functional` has it: convolutions over (batch,
channels, time), the gate's halves apart, every skip added by itself, one domain after the other
through the encoder too, float32, and an optimiser that goes from tensor to tensor.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from umtn_core.companding import LEVELS, MU
from umtn_core.networks import DomainClassifier, UniversalMusicTranslationNetwork
from umtn_core.shape import NetworkShape
from umtn_core.training.segments import TrainingSegment

Weights = dict[str, Tensor]


def plain_objective(
    network: UniversalMusicTranslationNetwork, segment: TrainingSegment, context: int, weight: float
) -> Tensor:
    """What both players minimise together, for a batch.

    Parameters
    ----------
    network
        Whose weights are used; its own forward is not.
    segment
        A batch.
    context
        Latent frames of context at each end of what was heard.
    weight
        Lambda.

    Returns
    -------
    Tensor[]
        Its gradients are those of `umtn_core.training.objective.losses` with the same lambda.
    """
    segment, domains = segment.widened(), len(network.domains)
    total = segment.heard.new_zeros(())
    for d, domain in enumerate(network.domains):
        latents = plain_encoder(network, segment.heard[:, d])
        latents = latents[:, :, context : latents.shape[2] - context]
        logits = plain_decoder(network, domain, segment.past[:, d], latents)
        # (B, bands * 256, steps): a band's codes are every so many of the target's.
        by_band = logits.unflatten(1, (network.shape.bands, LEVELS)).permute(0, 2, 3, 1)
        nats = F.cross_entropy(by_band.flatten(2), segment.target[:, d], reduction="none")
        counted = segment.scored[:, d]
        total = total + ((nats * counted).sum(1) / counted.sum(1)).mean() / domains
        if network.classifier is not None:
            truth = torch.full((len(latents),), d)
            # The encoder's gradient is turned round, the classifier's is not.
            classifier: DomainClassifier = network.classifier
            named = classifier(_Turned.apply(latents, weight))  # type: ignore[no-untyped-call]
            total = total + F.cross_entropy(named, truth) / domains
    return total


class _Turned(torch.autograd.Function):
    """The identity, whose gradient is multiplied by minus lambda."""

    @staticmethod
    def forward(ctx, value: Tensor, weight: float) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.weight = weight
        return value.view_as(value)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[no-untyped-def]
        return -ctx.weight * gradient, None


def plain_encoder(network: UniversalMusicTranslationNetwork, audio: Tensor) -> Tensor:
    """Tensor[B x 1 x T] -> Tensor[B x Z x F]."""
    shape, w = network.shape, _weights(network.encoder)
    padding = (shape.first_kernel - shape.encoder_stride) // 2
    hidden = _conv(audio, w, "start", stride=shape.encoder_stride, padding=padding)
    for i, dilation in enumerate(shape.encoder_dilations):
        inner = F.relu(hidden) if shape.encoder_leading_relu else hidden
        inner = _conv(
            inner, w, f"dilated_convs.{i}.dilated_conv",
            dilation=dilation, padding=dilation * (shape.encoder_kernel // 2),
        )  # fmt: skip
        hidden = hidden + _conv(F.relu(inner), w, f"dilated_convs.{i}.conv_1x1")
    return F.avg_pool1d(_conv(hidden, w, "conv_1x1"), shape.hop // shape.encoder_stride)


def plain_decoder(
    network: UniversalMusicTranslationNetwork, domain: str, past: Tensor, latents: Tensor
) -> Tensor:
    """Tensor[B x T * bands], Tensor[B x Z x F] -> Tensor[B x bands * 256 x T]."""
    shape = network.shape
    w: Weights = _weights(network.decoders[domain])
    if shape.conditioning_channels:
        latents = F.relu(_conv(latents, w, "context", padding=1))
    frames = F.interpolate(latents, scale_factor=float(shape.steps_per_frame))
    hidden = _first(shape, w, past)
    skip = _conv(hidden, w, "skip_conv")
    for i, dilation in enumerate(shape.dilations):
        padded = F.pad(hidden, (dilation * (shape.decoder_kernel - 1), 0))
        both = _conv(padded, w, f"layers.{i}.causal", dilation=dilation)
        both = both + _conv(frames, w, f"layers.{i}.condition")
        gate, filter_ = both.chunk(2, dim=1)
        gated = torch.sigmoid(gate) * torch.tanh(filter_)
        skip = skip + _conv(gated, w, f"layers.{i}.skip")
        if i + 1 < len(shape.dilations):
            hidden = hidden + _conv(gated, w, f"layers.{i}.residual")
    output = _conv(F.relu(skip), w, "fc") + _conv(frames, w, "condition")
    return _conv(F.relu(output), w, "logits")


def _first(shape: NetworkShape, w: Weights, past: Tensor) -> Tensor:
    """Past codes, -1 for nothing yet, as the first layer's input."""
    if shape.decoder_input == "embedding":
        tables = LEVELS * torch.arange(shape.bands).repeat(past.shape[1] // shape.bands)
        vectors = F.embedding(past.clamp(min=0) + tables, w["first_conv.weight"])
        vectors = torch.where((past < 0)[..., None], 0.0, vectors)
        return vectors.unflatten(1, (-1, shape.bands)).sum(2).transpose(1, 2)
    values = torch.where(past < 0, 0.0, past / MU - 0.5)
    return _conv(F.pad(values[:, None], (shape.input_kernel - 1, 0)), w, "first_conv")


def _weights(module: nn.Module) -> Weights:
    return dict[str, Tensor](module.named_parameters())


def _conv(x: Tensor, w: Weights, name: str, **options: int) -> Tensor:
    return F.conv1d(x, w[f"{name}.weight"], w.get(f"{name}.bias"), **options)
