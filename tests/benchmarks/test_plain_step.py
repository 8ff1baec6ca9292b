"""The step that benchmarks compare with asks of every weight what ours asks."""

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from benchmarks.plain_step import plain_objective
from benchmarks.training import DOMAINS, random_segment
from umtn_core.shape import PRESETS
from umtn_core.training.module import TrainingModule
from umtn_core.training.settings import Settings

NARROW = {
    "encoder_blocks": 1, "encoder_layers": 3, "encoder_channels": 12, "decoder_blocks": 2,
    "decoder_layers": 4, "residual_channels": 16, "skip_channels": 16,
    "hop": 80,
}  # fmt: skip


def _relative(found, expected):
    difference = sum(float((f - e).double().square().sum()) for f, e in zip(found, expected))  # noqa: B905
    return (difference / sum(float(e.double().square().sum()) for e in expected)) ** 0.5


@pytest.mark.parametrize("preset", PRESETS)
def test_gradients_agree(preset):
    torch.manual_seed(0)
    settings = Settings(
        store="", output="", preset=preset, shape=NARROW, adversarial_weight=0.5,
    )  # fmt: skip
    module = TrainingModule(msgspec.to_builtins(settings), DOMAINS)
    segment = random_segment(module.network.shape, batch=2, frames=3)
    segment = segment._replace(past=segment.past.index_fill(2, torch.tensor([0]), -1))
    weights = [p for p in module.parameters() if p.requires_grad]

    def gradients(objective):
        return torch.autograd.grad(objective, weights)

    def ours():
        found = module(segment)
        return module.total(found) + found.classification

    expected = gradients(plain_objective(module.network, segment, 0, 0.5))
    exact = gradients(ours())
    largest = max(float(gradient.abs().max()) for gradient in expected)
    for found, wanted in zip(exact, expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5 * largest)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = gradients(ours())
    # Eight bits of every product: what mixed precision costs.
    assert _relative(mixed, expected) < 0.08
