"""What each graph of a bundle must take and give, and the check that it does."""

from __future__ import annotations

import numpy as np

from umtn_core.bundle.manifest import (
    ENCODER,
    Manifest,
    conditioner_file,
    decoder_file,
    postfilter_file,
)
from umtn_core.bundle.onnx_file import GraphFile, Port
from umtn_core.companding import LEVELS
from umtn_core.errors import UmtnError
from umtn_core.postfilter_shape import PostfilterShape
from umtn_core.shape import NetworkShape

Ports = tuple[tuple[Port, ...], tuple[Port, ...]]


def encoder_ports(shape: NetworkShape) -> Ports:
    """List inputs and outputs of an encoder graph."""
    return (
        (Port("audio", np.float32, ("batch", "samples")),),
        (Port("latents", np.float32, ("batch", shape.latent_channels, "frames")),),
    )


def conditioner_ports(shape: NetworkShape) -> Ports:
    """List inputs and outputs of a conditioner graph."""
    return (
        (Port("latents", np.float32, ("streams", shape.latent_channels, "frames")),),
        (Port("conditioning", np.float32, ("frames", "streams", shape.conditioning_width)),),
    )


def decoder_ports(shape: NetworkShape) -> Ports:
    """List inputs and outputs of a decoder step graph."""
    channels = shape.residual_channels
    return (
        (
            Port("codes", np.int64, ("streams", shape.input_codes)),
            Port("delayed", np.float32, (shape.delayed_taps, "streams", channels)),
            Port("conditioning", np.float32, ("streams", shape.conditioning_width)),
        ),
        (
            Port("logits", np.float32, ("streams", LEVELS * shape.bands)),
            Port("columns", np.float32, (len(shape.dilations), "streams", channels)),
        ),
    )


def postfilter_ports(shape: PostfilterShape) -> Ports:
    """List inputs and outputs of a post-filter's graph."""
    form = ("batch", shape.bins, "frames")
    return ((Port("magnitudes", np.float32, form),), (Port("mask", np.float32, form),))


def expected_ports(manifest: Manifest) -> dict[str, Ports]:
    """List inputs and outputs of every graph of a bundle, by file name."""
    expected = {ENCODER: encoder_ports(manifest.shape)}
    for domain in manifest.domains:
        expected[conditioner_file(domain.name)] = conditioner_ports(manifest.shape)
        expected[decoder_file(domain.name)] = decoder_ports(manifest.shape)
        if domain.postfilter is not None:
            expected[postfilter_file(domain.name)] = postfilter_ports(domain.postfilter)
    return expected


def check_ports(graph: GraphFile, expected: Ports, where: str) -> None:
    """Refuse a graph that does not take and give what the manifest's shape asks for.

    Named dimensions may have any name, but must not be fixed.

    Raises
    ------
    UmtnError
        Naming the first difference.
    """
    for kind, found, wanted in (
        ("input", graph.inputs, expected[0]),
        ("output", graph.outputs, expected[1]),
    ):
        by_name = {port.name: port for port in found}
        if set(by_name) != {port.name for port in wanted}:
            raise UmtnError(
                f"{where} has the {kind}s {_names(found)}, but should have {_names(wanted)}."
            )
        for port in wanted:
            actual = by_name[port.name]
            if actual.element is not port.element or not _match(actual.dims, port.dims):
                raise UmtnError(
                    f"The {kind} {port.name} of {where} is {_describe(actual)}, but the "
                    f"manifest's shape asks for {_describe(port)}."
                )


def _match(actual: tuple[int | str, ...], wanted: tuple[int | str, ...]) -> bool:
    if len(actual) != len(wanted):
        return False
    pairs = zip(actual, wanted, strict=True)
    return all(a == w if isinstance(w, int) else isinstance(a, str) for a, w in pairs)


def _names(ports: tuple[Port, ...]) -> str:
    return ", ".join(port.name for port in ports) or "none"


def _describe(port: Port) -> str:
    element = "of another type" if port.element is None else port.element.__name__
    return f"{element} ({', '.join(str(dim) for dim in port.dims)})"
