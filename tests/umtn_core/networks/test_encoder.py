"""The encoder's reach, rate and pooling."""

import msgspec
import pytest

torch = pytest.importorskip("torch", reason="networks need torch")

from umtn_core.networks import DomainClassifier, Encoder, UniversalMusicTranslationNetwork
from umtn_core.shape import PRESETS

SMALL = PRESETS["small"]
NARROW_PAPER = msgspec.structs.replace(PRESETS["paper"], encoder_channels=4, encoder_layers=4)


@pytest.mark.parametrize("shape", [SMALL, NARROW_PAPER], ids=["small", "paper"])
def test_one_frame_a_hop(shape):
    latents = Encoder(shape)(torch.randn(2, 1, 3 * shape.hop))
    assert latents.shape == (2, shape.latent_channels, 3)


@pytest.mark.parametrize("shape", [SMALL, NARROW_PAPER], ids=["small", "paper"])
def test_a_frame_hears_its_reach_and_no_more(shape):
    encoder = Encoder(shape)
    frames = 2 * (shape.encoder_reach // shape.hop + 2) + 1
    audio = torch.randn(1, 1, frames * shape.hop, requires_grad=True)
    encoder(audio)[0, :, frames // 2].sum().backward()
    heard = audio.grad[0, 0].nonzero()[:, 0]
    first = frames // 2 * shape.hop
    assert heard.min() >= first - shape.encoder_reach
    assert heard.max() < first + shape.hop + shape.encoder_reach
    assert heard.min() < first and heard.max() >= first + shape.hop


def test_released_layers_begin_without_a_relu():
    paper, released = Encoder(PRESETS["paper"]), Encoder(PRESETS["released"])
    assert paper.dilated_convs[0].leading_relu and not released.dilated_convs[0].leading_relu


@pytest.mark.parametrize("preset", PRESETS)
def test_parameter_counts_are_the_shape_s(preset):
    shape = PRESETS[preset]
    with torch.device("cpu"):
        encoder = Encoder(shape)
    assert sum(p.numel() for p in encoder.parameters()) == shape.encoder_parameters


def test_one_domain_has_no_classifier():
    assert UniversalMusicTranslationNetwork(SMALL, ["piano"]).classifier is None


def test_classifier_averages_over_time():
    classifier = DomainClassifier(4, 8, 3)
    latents = torch.randn(2, 4, 5)
    separate = torch.stack([classifier(latents[:, :, i : i + 1]) for i in range(5)]).mean(0)
    torch.testing.assert_close(classifier(latents), separate)
