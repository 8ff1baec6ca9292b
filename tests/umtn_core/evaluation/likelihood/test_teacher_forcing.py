import numpy as np
import pytest

from export.export import bundle_graphs
from umtn_core.bundle import Bundle, Domain, Manifest
from umtn_core.companding import MU, Companding
from umtn_core.errors import UmtnError
from umtn_core.evaluation.likelihood.cost import network_nats
from umtn_core.evaluation.likelihood.teacher_forcing import teacher_forced_nats
from umtn_core.shape import NetworkShape

SHAPE = NetworkShape(
    hop=400,
    latent_channels=4,
    encoder_blocks=1,
    encoder_layers=2,
    encoder_channels=8,
    encoder_stride=8,
    decoder_blocks=1,
    decoder_layers=4,
    residual_channels=8,
    skip_channels=8,
    decoder_input="embedding",
    conditioning_channels=6,
)


@pytest.fixture(scope="module")
def network():
    import torch

    from umtn_core.networks import UniversalMusicTranslationNetwork

    torch.manual_seed(0)
    return UniversalMusicTranslationNetwork(SHAPE, ("flute", "violin"))


@pytest.fixture(scope="module")
def bundle(network):
    manifest = Manifest(
        schema=1,
        name="test",
        domains=tuple(map(Domain, network.domains)),
        shape=SHAPE,
        licence="CC0-1.0",
        training_data="none",
        reference_loudness=-20.0,
        files={},
    )
    return Bundle.in_memory(manifest, bundle_graphs(network))


@pytest.fixture(scope="module")
def excerpts():
    random = np.random.default_rng(0)
    time = np.arange(1_000) / 16_000
    return [
        (0.3 * np.sin(2 * np.pi * f * time) + random.normal(0, 0.01, 1_000)).astype(np.float32)
        for f in (440, 660, 523)
    ]


@pytest.mark.parametrize("unscored", [0, 37, 500])
def test_is_what_pytorch_pays(network, bundle, excerpts, unscored):
    import torch

    law = Companding(SHAPE.companding)
    codes = np.stack([law.encode(audio) for audio in excerpts]).astype(np.int64)
    heard = np.zeros((3, 1, 1_200), np.float32)
    heard[:, 0, :1_000] = codes / MU - 0.5
    with torch.no_grad():
        latents = network.encoder(torch.from_numpy(heard))
        padded = torch.from_numpy(np.pad(codes, ((0, 0), (0, 200))))
        logits = network.decoders["violin"](padded, latents)[:, :1_000].numpy()
    expected = network_nats(logits[:, unscored:], codes[:, unscored:])
    found = teacher_forced_nats(bundle, "violin", excerpts, unscored=unscored)
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_receptive_field_goes_unscored(bundle, excerpts):
    field = bundle.shape.receptive_field
    assert field > 0
    assert teacher_forced_nats(bundle, "flute", excerpts) == teacher_forced_nats(
        bundle, "flute", excerpts, unscored=field
    )


def test_refuses_what_it_cannot_score(bundle, excerpts):
    with pytest.raises(ValueError, match="one length"):
        teacher_forced_nats(bundle, "flute", [excerpts[0], excerpts[1][:500]])
    with pytest.raises(ValueError, match="leave none"):
        teacher_forced_nats(bundle, "flute", excerpts, unscored=1_000)
    with pytest.raises(UmtnError, match="tuba"):
        teacher_forced_nats(bundle, "tuba", excerpts)
