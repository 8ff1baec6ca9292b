"""Small untrained networks, and something for them to hear."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="export needs torch")

from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.shape import NetworkShape

COMMON = {
    "hop": 40,
    "latent_channels": 3,
    "encoder_blocks": 2,
    "encoder_layers": 3,
    "encoder_channels": 6,
    "decoder_blocks": 2,
    "decoder_layers": 3,
    "residual_channels": 8,
    "skip_channels": 7,
}

SHAPES = {
    "paper": NetworkShape(**COMMON),
    "released": NetworkShape(
        **COMMON, companding="truncated", encoder_leading_relu=False, start_code=128
    ),
    "nsynth": NetworkShape(**(COMMON | {"decoder_kernel": 3, "residual_channels": 12})),
    "small": NetworkShape(
        **COMMON, encoder_stride=8, decoder_input="embedding", conditioning_channels=5
    ),
    "wideband": NetworkShape(
        **COMMON,
        decoder_sample_rate=32_000,
        bands=8,
        encoder_stride=8,
        decoder_input="embedding",
        conditioning_channels=5,
    ),
}


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def shape(request):
    """The form of each preset, with fewer channels and layers."""
    return request.param


@pytest.fixture
def network(shape):
    """An untrained network whose biases are not zero either."""
    torch.manual_seed(0)
    made = UniversalMusicTranslationNetwork(shape, ("flute", "violin"))
    with torch.no_grad():
        for parameter in made.parameters():
            if parameter.dim() == 1:
                parameter.normal_(0, 0.3)
    return made.eval()


@pytest.fixture(scope="session")
def music():
    """Two channels of a tune at 22,050 Hz."""
    rate, rng = 22_050, np.random.default_rng(0)
    time = np.arange(rate // 5) / rate
    notes = [np.sin(2 * np.pi * f * time) * np.exp(-4 * time) for f in (440, 494, 523, 587)]
    tune = 0.3 * np.concatenate(notes) + 0.001 * rng.normal(size=4 * len(time))
    return np.stack([tune, tune * 0.7]).astype(np.float32), rate
