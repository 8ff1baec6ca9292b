"""The loss, and how much each band of it counts."""

from contextlib import nullcontext

import msgspec
import pytest
import torch

from umtn_core.networks import UniversalMusicTranslationNetwork, stacked, stacked_bfloat16
from umtn_core.shape import PRESETS
from umtn_core.training import objective
from umtn_core.training.objective import losses
from umtn_core.training.segments import TrainingSegment

SHAPE = msgspec.structs.replace(
    PRESETS["wideband"], encoder_channels=8, residual_channels=8, skip_channels=8,
    conditioning_channels=8, decoder_layers=3,
)  # fmt: skip
BANDS, FRAMES = SHAPE.bands, 4


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return UniversalMusicTranslationNetwork(SHAPE, ("flute", "violin"))


@pytest.fixture(scope="module")
def segment():
    random = torch.Generator().manual_seed(2)
    codes = (2, 2, FRAMES * SHAPE.output_hop)
    scored = torch.rand(2, 2, codes[-1] // BANDS, generator=random) < 0.7
    return TrainingSegment(
        torch.rand(2, 2, 1, FRAMES * SHAPE.hop, generator=random) - 0.5,
        torch.randint(256, codes, generator=random), torch.randint(256, codes, generator=random),
        scored.repeat_interleave(BANDS, dim=-1), torch.zeros(2, 2, 0, FRAMES),
    )  # fmt: skip


def _nats(network, segment, way, weights=None):
    mixed = torch.autocast("cpu", torch.bfloat16) if "by hand" in way else nullcontext()
    score = {"stacked": stacked.nats, "by hand, stacked": stacked_bfloat16.nats}.get(way)
    with mixed:
        return losses(network, segment, 0, score=score, band_weights=weights).reconstruction


@pytest.mark.parametrize("way", ["apart", "stacked", "by hand", "by hand, stacked"])
def test_the_loss_is_the_mean_of_what_single_bands_give(network, segment, way):
    whole = _nats(network, segment, way)
    alone = [
        _nats(network, segment, way, BANDS * torch.eye(BANDS)[band]) for band in range(BANDS)
    ]  # fmt: skip
    torch.testing.assert_close(torch.stack(alone).mean(0), whole, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(alone[0], alone[1], rtol=0, atol=1e-3)


def test_weights_go_to_the_bands_lowest_first(network, segment):
    """What is not counted may be anything."""
    other = segment.target.clone()
    other.view(2, 2, -1, BANDS)[..., 1:] = 0
    first = torch.tensor([BANDS, 0.0, 0.0, 0.0])
    spoilt = segment._replace(target=other)
    expected = _nats(network, segment, "apart", first)
    torch.testing.assert_close(_nats(network, spoilt, "apart", first), expected)
    assert not torch.allclose(_nats(network, spoilt, "apart"), _nats(network, segment, "apart"))


@pytest.mark.parametrize(
    ("kind", "mixed", "expected"),
    [
        ("cuda", False, stacked.nats),
        ("cuda", True, stacked_bfloat16.nats),
        ("cpu", False, objective._nats_in_turn),
        ("cpu", True, objective._nats_by_hand),
    ],
)
def test_a_gpu_scores_all_decoders_at_once_and_a_processor_one_after_another(
    monkeypatch, kind, mixed, expected
):
    # Where there is no GPU, PyTorch refuses to be asked in earnest.
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda asked: mixed and asked == kind)
    monkeypatch.setattr(torch, "get_autocast_dtype", lambda asked: torch.bfloat16)
    assert objective._scorer(torch.device(kind)) is expected
