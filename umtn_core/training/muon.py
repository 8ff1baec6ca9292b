"""Muon: steps along orthogonalised momentum, for weights that are matrices."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
#: A quintic iteration that brings all singular values near 1, and how often it is applied.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5
#: A step then has the root mean square of one of Adam's of the same rate.
_LIKE_ADAM = 0.2
_TINY = 1e-7


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal before each step (K. Jordan et al., 2024).

    All singular values of a step are about 1, so that a weight also learns in the directions in
    which its gradient is faint. `torch.optim.Muon` does the same for one matrix at a time and for
    nothing but matrices; here each tap of a convolution counts as a matrix, and all of one shape
    are stepped together, which takes as few launches as one of them.

    Parameters
    ----------
    params
        Groups of weights (outputs, inputs, taps), each with its ``lr``.
    weight_decay
        The share of a weight that is taken off it at a rate of 1, as AdamW does.
    """

    #: A step is left out on the device where ``found_inf``, set from outside, is not 0.
    _step_supports_amp_scaling = True

    def __init__(self, params: Iterable[dict[str, Any]], weight_decay: float = 0.0):
        super().__init__(params, {"lr": 0.0, "weight_decay": weight_decay})

    # PyTorch's own may also be given what computes the loss.
    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Take a step along the gradients that there are."""
        spoilt: Tensor | None = getattr(self, "found_inf", None)
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape.setdefault(weight.shape, []).append(weight)
            for weights in by_shape.values():
                self._step(weights, group["lr"], group["weight_decay"], spoilt)

    def _step(
        self, weights: list[Tensor], rate: float | Tensor, decay: float, spoilt: Tensor | None
    ) -> None:
        """Step weights of one shape; a group's weights always come in the same order."""
        for weight in weights:
            if "momentum" not in self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        momenta = [self.state[weight]["momentum"] for weight in weights]
        gradients = [w.grad for w in weights if w.grad is not None]
        goes_on: float | Tensor = 1.0
        if spoilt is not None:
            goes_on = 1.0 - spoilt
            gradients = [torch.where(spoilt > 0, 0.0, g) for g in gradients]
        torch._foreach_lerp_(momenta, gradients, 1 - MOMENTUM)
        # Nesterov's: where the momentum will have gone with this gradient once more.
        ahead = torch.lerp(torch.stack(gradients), torch.stack(momenta), MOMENTUM)
        count, outputs, inputs, taps = ahead.shape
        straight = orthogonal(ahead.permute(0, 3, 1, 2).reshape(-1, outputs, inputs))
        length = _LIKE_ADAM * math.sqrt(max(outputs, inputs))
        steps = straight.view(count, taps, outputs, inputs).permute(0, 2, 3, 1)
        steps = steps * (-length * rate * goes_on)
        torch._foreach_mul_(weights, 1 - rate * goes_on * decay)
        torch._foreach_add_(weights, list(steps.unbind()))


def orthogonal(matrices: Tensor) -> Tensor:
    """Bring the singular values of matrices near 1.

    Parameters
    ----------
    matrices : Tensor[N x A x B]

    Returns
    -------
    Tensor[N x A x B], float32
        Singular vectors as they were, and singular values of 0.7 to 1.2 but for those that
        were next to nothing: computed in bfloat16, by products alone.
    """
    x = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp(min=_TINY)
    tall = x.shape[1] > x.shape[2]
    x = (x.transpose(1, 2) if tall else x).bfloat16()
    first, third, fifth = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = x @ x.transpose(1, 2)
        # Products that add: a third of the launches.
        gram = torch.baddbmm(gram, gram, gram, beta=third, alpha=fifth)
        x = torch.baddbmm(x, gram, x, beta=first)
    return (x.transpose(1, 2) if tall else x).float()


def matrices_of(module: nn.Module) -> list[nn.Parameter]:
    """Name the weights of a network's part that Muon is for.

    Parameters
    ----------
    module
        The encoder or decoders.

    Returns
    -------
    list of Parameter
        The weights of convolutions that want a gradient, but for those that turn audio into
        channels or channels into probabilities: their rows and columns are no directions alike.
    """
    return [
        weight
        for name, weight in module.named_parameters()
        if weight.requires_grad
        and weight.ndim == 3
        and not {"start", "first_conv", "logits"} & set(name.split("."))
    ]
