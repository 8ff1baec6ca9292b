"""Steps along orthogonalised momentum."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.shape import PRESETS
from umtn_core.training.muon import Muon, matrices_of, orthogonal


def weights(*shapes: tuple[int, ...]) -> list[nn.Parameter]:
    random = torch.Generator().manual_seed(1)
    return [nn.Parameter(torch.randn(shape, generator=random)) for shape in shapes]


def test_singular_values_come_near_one() -> None:
    for shape in ((4, 16, 48), (4, 48, 16)):
        found = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert found.min() > 0.5 and found.max() < 1.4


def test_steps_are_those_of_pytorch_on_matrices() -> None:
    mine = weights((24, 16, 1), (16, 24, 1), (24, 16, 1))
    theirs = [nn.Parameter(w.detach()[:, :, 0].clone()) for w in mine]
    ours = Muon([{"params": mine, "lr": 0.02}], weight_decay=0.1)
    reference = torch.optim.Muon(
        theirs, lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"
    )  # fmt: skip
    random = torch.Generator().manual_seed(2)
    begun = [w.detach().clone() for w in theirs]
    for _ in range(4):
        for own, other in zip(mine, theirs, strict=True):
            gradient = torch.randn(other.shape, generator=random)
            own.grad, other.grad = gradient[:, :, None].clone(), gradient
        ours.step()
        reference.step()
    for own, other, first in zip(mine, theirs, begun, strict=True):
        # Both compute in bfloat16, in another order.
        moved = (other - first).norm()
        assert (own[:, :, 0] - other).norm() < 0.05 * moved


def test_each_tap_is_a_matrix_of_its_own() -> None:
    (both,) = weights((8, 6, 2))
    taps = [nn.Parameter(both.detach()[:, :, k : k + 1].clone()) for k in range(2)]
    gradient = torch.randn(8, 6, 2)
    both.grad = gradient
    for k, tap in enumerate(taps):
        tap.grad = gradient[:, :, k : k + 1].clone()
    Muon([{"params": [both], "lr": 0.1}]).step()
    Muon([{"params": taps, "lr": 0.1}]).step()
    torch.testing.assert_close(both.detach(), torch.cat(taps, 2).detach(), rtol=1e-3, atol=1e-3)


def test_a_spoilt_step_changes_nothing() -> None:
    (weight,) = weights((8, 6, 1))
    optimiser = Muon([{"params": [weight], "lr": torch.tensor(0.1)}], weight_decay=0.1)
    optimiser.found_inf = torch.ones(())
    before = weight.detach().clone()
    weight.grad = torch.full_like(weight, float("nan"))
    optimiser.step()
    assert torch.equal(weight.detach(), before)
    optimiser.found_inf.zero_()
    weight.grad = torch.ones_like(weight)
    optimiser.step()
    assert torch.isfinite(weight).all() and not torch.equal(weight.detach(), before)


def test_its_memory_is_saved_and_goes_on() -> None:
    first, second = weights((8, 6, 1)), weights((8, 6, 1))
    one, other = (Muon([{"params": w, "lr": 0.1}]) for w in (first, second))
    gradients = [torch.randn(8, 6, 1) for _ in range(3)]
    for step, gradient in enumerate(gradients):
        first[0].grad = gradient
        one.step()
        if step == 1:
            second[0].data.copy_(first[0].data)
            other.load_state_dict(deepcopy(one.state_dict()))
    second[0].grad = gradients[2]
    other.step()
    assert torch.equal(first[0], second[0])


@pytest.mark.parametrize("preset", ["small", "wideband", "paper"])
def test_it_is_for_what_lies_between_input_and_output(preset: str) -> None:
    network = UniversalMusicTranslationNetwork(PRESETS[preset], ("a", "b"))
    chosen = {id(w) for w in matrices_of(network.encoder) + matrices_of(network.decoders)}
    named = {n for n, w in network.named_parameters() if id(w) in chosen}
    assert "encoder.dilated_convs.0.dilated_conv.weight" in named
    assert "decoders.b.layers.0.causal.weight" in named and "decoders.a.fc.weight" in named
    left = ("encoder.start", "decoders.a.first_conv", "decoders.a.logits", "classifier")
    assert not [n for n in named if n.startswith(left)]
    # The last layer's residual is read by nothing.
    last = len(PRESETS[preset].dilations) - 1
    assert f"decoders.a.layers.{last}.residual.weight" not in named
