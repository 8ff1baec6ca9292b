"""Models for tests of the run time, made without torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from export.graphs import conditioner_graph, decoder_step_graph, encoder_graph
from umtn_core.bundle import Bundle, Domain, Manifest, write_bundle
from umtn_core.bundle.manifest import ENCODER, SCHEMA, conditioner_file, decoder_file
from umtn_core.shape import NetworkShape

Weights = dict[str, NDArray[np.float32]]

#: Every option that changes a graph's form is used by one of these.
SHAPES = {
    "embedding": NetworkShape(
        hop=40,
        latent_channels=3,
        encoder_blocks=1,
        encoder_layers=3,
        encoder_channels=5,
        encoder_stride=4,
        decoder_blocks=2,
        decoder_layers=3,
        residual_channels=7,
        skip_channels=6,
        decoder_input="embedding",
        conditioning_channels=5,
    ),
    "scalar": NetworkShape(
        hop=30,
        latent_channels=2,
        companding="truncated",
        encoder_blocks=2,
        encoder_layers=2,
        encoder_channels=4,
        encoder_leading_relu=False,
        decoder_blocks=1,
        decoder_layers=4,
        residual_channels=16,
        skip_channels=8,
        start_code=128,
    ),
    "kernel 3": NetworkShape(
        hop=16,
        latent_channels=2,
        encoder_blocks=1,
        encoder_layers=2,
        encoder_channels=4,
        decoder_blocks=2,
        decoder_layers=2,
        decoder_kernel=3,
        residual_channels=4,
        skip_channels=5,
    ),
    "bands": NetworkShape(
        decoder_sample_rate=32_000,
        bands=4,
        hop=40,
        latent_channels=3,
        encoder_blocks=1,
        encoder_layers=2,
        encoder_channels=4,
        encoder_stride=4,
        decoder_blocks=2,
        decoder_layers=3,
        residual_channels=9,
        skip_channels=6,
        decoder_input="embedding",
        conditioning_channels=5,
    ),
    "one layer": NetworkShape(
        hop=8,
        latent_channels=1,
        encoder_blocks=1,
        encoder_layers=1,
        encoder_channels=1,
        decoder_blocks=1,
        decoder_layers=1,
        residual_channels=1,
        skip_channels=1,
    ),
}


def encoder_sizes(shape: NetworkShape) -> dict[str, tuple[int, ...]]:
    c = shape.encoder_channels
    sizes: dict[str, tuple[int, ...]] = {
        "start.weight": (c, 1, shape.first_kernel),
        "start.bias": (c,),
        "conv_1x1.weight": (shape.latent_channels, c, 1),
        "conv_1x1.bias": (shape.latent_channels,),
    }
    for i in range(len(shape.encoder_dilations)):
        layer = f"dilated_convs.{i}"
        sizes[f"{layer}.dilated_conv.weight"] = (c, c, shape.encoder_kernel)
        sizes[f"{layer}.conv_1x1.weight"] = (c, c, 1)
        sizes |= {f"{layer}.{part}.bias": (c,) for part in ("dilated_conv", "conv_1x1")}
    return sizes


def decoder_sizes(shape: NetworkShape) -> dict[str, tuple[int, ...]]:
    r, s = shape.residual_channels, shape.skip_channels
    signal = shape.conditioning_channels or shape.latent_channels
    sizes: dict[str, tuple[int, ...]] = {}

    def pointwise(name: str, inputs: int, outputs: int) -> None:
        sizes.update({f"{name}.weight": (outputs, inputs, 1), f"{name}.bias": (outputs,)})

    if shape.decoder_input == "embedding":
        sizes["first_conv.weight"] = (shape.bands * 256, r)
    else:
        sizes |= {"first_conv.weight": (r, 1, shape.input_kernel), "first_conv.bias": (r,)}
    if shape.conditioning_channels:
        sizes |= {"context.weight": (signal, shape.latent_channels, 3), "context.bias": (signal,)}
    pointwise("skip_conv", r, s)
    for i in range(len(shape.dilations)):
        causal = f"layers.{i}.causal"
        sizes[f"{causal}.weight"] = (2 * r, r, shape.decoder_kernel)
        sizes[f"{causal}.bias"] = (2 * r,)
        pointwise(f"layers.{i}.condition", signal, 2 * r)
        pointwise(f"layers.{i}.residual", r, r)
        pointwise(f"layers.{i}.skip", r, s)
    pointwise("fc", s, s)
    pointwise("condition", signal, s)
    pointwise("logits", s, shape.bands * 256)
    return sizes


def random_weights(sizes: dict[str, tuple[int, ...]], seed: int) -> Weights:
    """Weights large enough that every layer shows in the output, which stays undecided."""
    rng = np.random.default_rng(seed)
    spread = {
        name: 0.3 if name.endswith("bias") else np.prod(s[1:]) ** -0.5 for name, s in sizes.items()
    }
    return {
        name: rng.normal(0, spread[name], size).astype(np.float32) for name, size in sizes.items()
    }


#: Gains of bands, where there are several: no two alike, the highest largest as in music.
GAINS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0)


def manifest_of(
    shape: NetworkShape, domains: tuple[str, ...], name: str = "test", loudness: float = -20.0
) -> Manifest:
    gains = GAINS[: shape.bands] if shape.bands > 1 else ()
    return Manifest(
        schema=SCHEMA,
        name=name,
        domains=tuple(Domain(domain, band_gains=gains) for domain in domains),
        shape=shape,
        licence="CC0-1.0",
        training_data="none",
        reference_loudness=loudness,
        files={},
    )


def graphs_of(
    shape: NetworkShape, encoder: Weights, decoders: dict[str, Weights]
) -> dict[str, bytes]:
    graphs = {ENCODER: encoder_graph(shape, encoder).SerializeToString()}
    for domain, weights in decoders.items():
        graphs[conditioner_file(domain)] = conditioner_graph(shape, weights).SerializeToString()
        graphs[decoder_file(domain)] = decoder_step_graph(shape, weights).SerializeToString()
    return graphs


MakeBundle = Callable[[NetworkShape], Bundle]


@pytest.fixture(scope="session")
def random_bundle() -> MakeBundle:
    """Make a model with random weights and the domains a and b, in memory."""
    made: dict[NetworkShape, Bundle] = {}

    def make(shape: NetworkShape) -> Bundle:
        if shape not in made:
            encoder = random_weights(encoder_sizes(shape), 1)
            decoders = {d: random_weights(decoder_sizes(shape), ord(d)) for d in "ab"}
            graphs = graphs_of(shape, encoder, decoders)
            made[shape] = Bundle.in_memory(manifest_of(shape, ("a", "b")), graphs)
        return made[shape]

    return make


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
def shape(request: pytest.FixtureRequest) -> NetworkShape:
    """Each of a few shapes that differ in form."""
    return request.param


@pytest.fixture
def bundle_folder(random_bundle: MakeBundle, tmp_path: Path) -> Path:
    """A good bundle on the disk, to be spoilt."""
    shape = SHAPES["embedding"]
    bundle = random_bundle(shape)
    graphs = {name: bundle.contents(name) for name in bundle.manifest.graph_files}
    return write_bundle(tmp_path / "model", bundle.manifest, graphs)


@pytest.fixture(scope="session")
def envelope_follower() -> Bundle:
    """A model that answers sound with noise and silence with silence, frame by frame."""
    return follower()


def follower(**changes: Any) -> Bundle:
    """Make a model that answers sound with noise and silence with silence, frame by frame.

    Weighted by hand. The encoder averages |x| over the hop; the decoder draws between two
    loud codes of each band where that exceeds what silence gives, and takes the code of
    silence elsewhere.

    Parameters
    ----------
    **changes
        Of the shape: rates, bands and what goes with them.
    """
    shape = NetworkShape(
        latent_channels=1,
        encoder_blocks=1,
        encoder_layers=1,
        encoder_channels=3,
        encoder_leading_relu=False,
        decoder_blocks=1,
        decoder_layers=1,
        residual_channels=1,
        skip_channels=1,
        **changes,
    )
    encoder = {name: np.zeros(size, np.float32) for name, size in encoder_sizes(shape).items()}
    encoder["start.weight"][:2, 0, 1] = [1, -1]
    encoder["dilated_convs.0.dilated_conv.weight"][[0, 1], [0, 1], 1] = 1
    encoder["dilated_convs.0.conv_1x1.weight"][2, :2] = 1
    encoder["conv_1x1.weight"][0, 2] = 1
    silence = 1 / 510  # the code of silence is half a step above zero
    decoder = {name: np.zeros(size, np.float32) for name, size in decoder_sizes(shape).items()}
    decoder["condition.weight"][:] = 1e6
    decoder["condition.bias"][:] = -1e6 * silence * 1.05
    decoder["logits.bias"][128::256] = 30
    decoder["logits.weight"][20::256, 0] = 1
    decoder["logits.weight"][235::256, 0] = 1
    graphs = graphs_of(shape, encoder, {"noise": decoder})
    return Bundle.in_memory(manifest_of(shape, ("noise",), "follower"), graphs)
