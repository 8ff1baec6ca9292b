"""What a run is judged by, played by the engine, against what PyTorch makes of the same weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from export.playing import EnginePlayer
from tests.conftest import TINY
from umtn_core.errors import UmtnError
from umtn_core.native.library import is_available
from umtn_core.networks import UniversalMusicTranslationNetwork
from umtn_core.networks.generation import OutOfTime
from umtn_core.shape import NetworkShape
from umtn_core.training.playing import Player, by_pytorch

if not is_available():
    pytest.skip("the kernels were not built", allow_module_level=True)

BANDS = NetworkShape(
    **{name: getattr(TINY, name) for name in TINY.__struct_fields__}
    | {"decoder_sample_rate": 32_000, "bands": 4, "conditioning_channels": 8}
)


@pytest.fixture(params=[TINY, BANDS], ids=["one row", "bands"])
def network(request: pytest.FixtureRequest) -> UniversalMusicTranslationNetwork:
    torch.manual_seed(1)
    made = UniversalMusicTranslationNetwork(request.param, ("flute", "violin"))
    for decoder in made.decoders.values():
        # First weights make nearly even odds, of which a rounding could choose.
        decoder.logits.weight.data.mul_(20)
    return made


def latents_of(network: UniversalMusicTranslationNetwork, frames: int = 2) -> torch.Tensor:
    return torch.randn(3, network.shape.latent_channels, frames)


def played(
    player: Player,
    network: UniversalMusicTranslationNetwork,
    latents: torch.Tensor,
    temperature: float = 1.0,
    seed: int = 0,
    domain: str = "violin",
) -> np.ndarray:
    return player(network, domain, latents, temperature=temperature, seed=seed, seconds=math.inf)


def test_the_likeliest_codes_are_those_of_pytorch(
    network: UniversalMusicTranslationNetwork,
) -> None:
    latents = latents_of(network)
    expected = played(by_pytorch, network, latents, 0.0)
    found = played(EnginePlayer(1), network, latents, 0.0)
    assert found.shape == expected.shape == (3, 2 * network.shape.output_hop)
    # From the first code that a rounding decides, streams go ways of their own.
    beginning = np.cumprod(found == expected, axis=1).sum(axis=1)
    assert (beginning >= 100).all(), beginning
    assert not np.array_equal(found, played(EnginePlayer(1), network, latents, 0.0, 0, "flute"))


def test_the_seed_alone_decides_and_not_the_threads(
    network: UniversalMusicTranslationNetwork,
) -> None:
    latents, threads = latents_of(network), torch.get_num_threads()
    first = played(EnginePlayer(1), network, latents, seed=3)
    assert np.array_equal(first, played(EnginePlayer(3), network, latents, seed=3))
    assert not np.array_equal(first, played(EnginePlayer(1), network, latents, seed=4))
    assert not np.array_equal(first[0], first[1])
    assert torch.get_num_threads() == threads


def test_the_weights_are_those_of_the_moment_and_stay(
    network: UniversalMusicTranslationNetwork,
) -> None:
    latents = latents_of(network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = played(EnginePlayer(1), network, latents)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    with torch.no_grad():
        network.decoders["violin"].fc.bias.add_(0.5)
    assert not np.array_equal(first, played(EnginePlayer(1), network, latents))


@pytest.mark.parametrize("player", [EnginePlayer(1), by_pytorch], ids=["engine", "PyTorch"])
def test_what_takes_too_long_is_given_up(player: Player) -> None:
    network = UniversalMusicTranslationNetwork(TINY, ("flute",))
    with pytest.raises(OutOfTime):
        player(
            network, "flute", latents_of(network, 4000), temperature=1.0, seed=0, seconds=0.05
        )  # fmt: skip


def test_weights_that_are_no_numbers_are_named(network: UniversalMusicTranslationNetwork) -> None:
    with torch.no_grad():
        network.decoders["violin"].fc.bias.fill_(math.nan)
    with pytest.raises(UmtnError):
        played(EnginePlayer(1), network, latents_of(network))
